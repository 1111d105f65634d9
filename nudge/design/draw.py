"""The draw, version 1: reproducible by anyone with the seed, predictable by no one without.

    digest(unit)       = HMAC-SHA256(salt, identifier)
    key(unit)          = HMAC-SHA256(seed, trial ‖ 0 ‖ digest(unit) in lower-case hexadecimal)
    chance(block, arm) = HMAC-SHA256(seed, trial ‖ 0 ‖ "remainder" ‖ 0 ‖ block ‖ 0 ‖ arm)

HMAC(key, message); 0 is one zero byte; texts are UTF-8. Identifiers and the values of the
block columns are in Unicode's form NFC; a block is the JSON list of those values, without
spaces and with no character escaped that JSON allows to stand (`["Elm Road","en"]`; `[]`
where there are no blocks). Digests compare byte by byte.

Within a block of n units, units stand in the order of their keys. The first places go to the
first arm of the file, the next to the second, and so on. An arm with share r of R (the sum of
the shares) gets the whole part of n·r/R places. What is left over is shared out by systematic
sampling (Madow 1949): the arms, in the order of chance(block, arm), lie end to end, each n·r
mod R long; with start = chance(block, "") as a big-endian number mod R, an arm gets one more
place when one of the marks start, start + R, start + 2R … falls in its stretch, its beginning
counted and its end not. So every arm's chance of an extra place is exactly its missing
fraction, and no arm gains by rounding.

Only identifiers, trial, seed and blocks enter: not row order, platform or any library.
`tests/design/vectors/draw_v1.json` pins it.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from nudge.design.chance import Keyed, block_label, chance, nfc, twin_units
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Sequence


Members = list[tuple[bytes, str, DrawUnit]]
"""Units of a block: key, digest and the unit itself."""


def draw_within_blocks(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Fixed numbers per arm within every block (one block for all where none is named).

    Raises InputError where two units have the same identifier: their order would be that of the rows.
    """
    hide, place = Keyed(seed.salt) if seed.salt else None, Keyed(seed.value)
    before = f"{law.trial}\0".encode()
    blocks: defaultdict[tuple[str, ...], Members] = defaultdict(list)
    known: set[str] = set()
    for unit in units:
        digest = hide.digest(nfc(unit.id).encode()).hex() if hide else unit.id  # as in `unit_digest`
        if digest in known:
            raise twin_units(unit.id)
        known.add(digest)
        blocks[unit.block].append((place.digest(before + digest.encode()), digest, unit))
    chances = {arm: law.probability(arm) for arm in law.arms}
    rows: list[Allocated] = []
    for block, members in _as_written(blocks).items():
        members.sort(key=itemgetter(0))
        arms = _arms_in_order(len(members), block, law, seed)
        rows.extend(
            Allocated(unit.id, digest, unit.block, arm, chances[arm])
            for (_, digest, unit), arm in zip(members, arms, strict=True)
        )
    return Allocation(law, tuple(sorted(rows, key=attrgetter("unit"))))


def _as_written(blocks: dict[tuple[str, ...], Members]) -> dict[tuple[str, ...], Members]:
    """Blocks whose names differ only in how an accent is stored are one."""
    joined: defaultdict[tuple[str, ...], Members] = defaultdict(list)
    for block, members in blocks.items():
        joined[tuple(map(nfc, block))] += members
    return joined


def draw_key(seed: Seed, trial: str, digest: str) -> bytes:
    """The unit's place in the random order of its block."""
    return chance(seed, trial, digest)


def places(n: int, block: tuple[str, ...], law: Law, seed: Seed) -> tuple[int, ...]:
    """How many of `n` units each arm gets in a block, in the order of `law.arms`."""
    total = sum(law.ratio)
    whole = [n * share // total for share in law.ratio]
    missing = [n * share % total for share in law.ratio]
    order = sorted(range(len(law.arms)), key=lambda k: _chance(seed, law.trial, block, law.arms[k]))
    start = int.from_bytes(_chance(seed, law.trial, block, "")) % total
    passed = 0
    for k in order:
        # An arm gets an extra place when a mark start, start + R, start + 2R … falls in its stretch.
        before, passed = passed, passed + missing[k]
        whole[k] += (passed - start - 1) // total - (before - start - 1) // total
    return tuple(whole)


def _arms_in_order(n: int, block: tuple[str, ...], law: Law, seed: Seed) -> list[str]:
    numbers = places(n, block, law, seed)
    return [arm for arm, number in zip(law.arms, numbers, strict=True) for _ in range(number)]


def _chance(seed: Seed, trial: str, block: tuple[str, ...], what: str) -> bytes:
    return chance(seed, trial, "remainder", block_label(block), what)
