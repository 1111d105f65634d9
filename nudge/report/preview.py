"""The preview of a trial's words as one self-contained HTML page."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from nudge.report.words import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.model import Trial
    from nudge.trial.records.messages import Previewed

_LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "cy": "Welsh", "en": "English", "fa": "Persian", "gu": "Gujarati", "ku": "Kurdish",
    "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian", "so": "Somali",
    "ta": "Tamil", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "zh": "Chinese",
}  # fmt: skip
_CHANNELS = {"sms": "text", "email": "email", "staff": "script for staff"}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nudge.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "readable": readable,
        "language": lambda code: _LANGUAGES.get(code, code),
        "channel": lambda name: _CHANNELS[name],
    }
    return environment


def preview_page(trial: Trial, rows: Sequence[Previewed]) -> str:
    """Every wording of every arm, with who would read it, its segments and its cost."""
    by_arm: defaultdict[str, list[Previewed]] = defaultdict(list)
    for row in rows:
        by_arm[row.arm].append(row)
    return _environment().get_template("preview.html.j2").render(
        trial=trial, arms={arm: by_arm[arm] for arm in trial.arms},
        currency=trial.costs.currency if trial.costs else "",
    )  # fmt: skip
