"""`plural(n, 'child', 'children')`: the form a number asks for, by CLDR's categories.

English has two (one, other). Welsh has six, and after a number its nouns stand in the
singular, changed at the front: `2 blentyn`, `3 phlentyn`, `6 phlentyn`, `5 plentyn`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError

if TYPE_CHECKING:
    from babel.plural import PluralRule

CATEGORIES = ("zero", "one", "two", "few", "many", "other")


@lru_cache(maxsize=32)
def _rule(language: str) -> PluralRule:
    try:
        return Locale.parse(language).plural_form
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en").plural_form


def plural(number: object, language: str, one: str | None, other: str | None, forms: dict[str, str]) -> str:
    """The form for a number; a category that is not given takes `other`.

    Raises ValueError where the number is none, or there is no `other`.
    """
    unknown = sorted(set(forms) - set(CATEGORIES))
    if unknown:
        raise ValueError(f"`{unknown[0]}` is no form of plural: use {', '.join(CATEGORIES)}")
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"plural needs a number, and `{number}` is none")  # noqa: TRY004 - told as any other flaw of a template
    named = forms | ({"one": one} if one is not None else {}) | ({"other": other} if other is not None else {})
    if "other" not in named:
        raise ValueError("plural needs its last form: plural(n, 'child', 'children')")
    return named.get(_rule(language)(number), named["other"])
