"""Chance by keyed digests: every number a draw needs, from the seed and some words.

    chance(words) = HMAC-SHA256(seed, trial ‖ 0 ‖ word ‖ 0 ‖ word …)

HMAC(key, message); 0 is one zero byte; texts are UTF-8 in Unicode's form NFC. A block enters
as the JSON list of its values without spaces, with no character escaped that JSON allows to
stand. A choice with chances p₁, p₂ … takes the first arm k with u < p₁ + … + pₖ, where u is
the digest read as a big-endian number over 2²⁵⁶; the comparison is of whole numbers, exact.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from nudge.trial.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from nudge.trial.records.design import DrawUnit, Law, Seed

_WHOLE = 1 << 256
_BLOCK = 64
"""Bytes of a block of SHA-256."""


def nfc(text: str) -> str:
    """The text with every accent stored in one way."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def block_label(block: Sequence[str]) -> str:
    """A block as it enters a digest: `["Elm Road","en"]`; `[]` where there are none."""
    return json.dumps([nfc(value) for value in block], ensure_ascii=False, separators=(",", ":"))


class Keyed:
    """HMAC-SHA256 under one key, many times over.

    The key's own two blocks are hashed once (RFC 2104, section 4): more than twice as fast as
    `hmac.digest` for the million digests of a large draw.
    """

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """The digest of one message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


def chance(seed: Seed, trial: str, *words: str) -> bytes:
    """The digest of some words under the trial's seed."""
    return hmac.digest(seed.value, "\0".join((trial, *words)).encode(), hashlib.sha256)


def unit_digest(seed: Seed, unit: str) -> str:
    """A unit's identifier, hidden behind the trial's salt.

    Without a salt the identifier is a digest already: so a draw is made again from what is published of it.
    """
    if not seed.salt:
        return unit
    return hmac.digest(seed.salt, nfc(unit).encode(), hashlib.sha256).hex()


def choose(chances: Sequence[Fraction], digest: bytes) -> int:
    """Which of several a digest takes, each with exactly its chance (to one part in 2²⁵⁶)."""
    number = int.from_bytes(digest)
    passed = chances[0] * 0
    for k, share in enumerate(chances):
        passed += share
        if number * passed.denominator < passed.numerator * _WHOLE:
            return k
    raise AssertionError(f"chances sum to {float(passed)}, not to one")


def by_block(units: Sequence[DrawUnit]) -> dict[tuple[str, ...], list[int]]:
    """The positions of the units of every block."""
    members: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, unit in enumerate(units):
        members[tuple(map(nfc, unit.block))].append(i)
    return members


def standing_order(units: Sequence[DrawUnit], law: Law) -> list[int]:
    """The units' positions in an order that hangs on trial and identifiers alone.

    By HMAC-SHA256(trial, identifier): anyone who has the roll can make it, so it serves where
    a computation needs a fixed order (sums, ties between pairs) and gives no arm away. Where the
    units know their places in it (a draw made again without identifiers), by those.
    Raises InputError where two units have the same identifier.
    """
    names = [nfc(unit.id) for unit in units]
    if len(set(names)) < len(names):
        raise twin_units(next(name for name, number in Counter(names).items() if number > 1))
    given = [unit.standing for unit in units if unit.standing is not None]
    if units and len(given) == len(units):
        return sorted(range(len(units)), key=given.__getitem__)
    key = law.trial.encode()
    digests = [hmac.digest(key, name.encode(), hashlib.sha256) for name in names]
    return sorted(range(len(units)), key=digests.__getitem__)


def twin_units(name: str) -> InputError:
    """Two units of one name: which is which would hang on the order of the rows."""
    return InputError(f"two units are called `{name}`", "give every unit an identifier of its own")
