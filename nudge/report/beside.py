"""What stands beside a verdict, in sentences; none of it sets the verdict."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.report.numbers import percent, plain, points
from nudge.report.words import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.companions import Belief, Exaggeration

_SURE = 0.0005


@dataclass(frozen=True, slots=True)
class Beside:
    """Sentences about one comparison."""

    about: str
    sentences: tuple[str, ...]


def beliefs_in_words(beliefs: Sequence[Belief], exaggerations: Sequence[Exaggeration]) -> list[Beside]:
    """What to believe of every primary effect, and how far a small p would mislead."""
    found: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in beliefs:
        found[one.outcome, one.arm, one.control].append(_believed(one))
    for other in exaggerations:
        found[other.outcome, other.arm, other.control].append(_misled(other))
    return [
        Beside(f"{readable(outcome).capitalize()}, {readable(arm)} compared with {readable(control)}", tuple(said))
        for (outcome, arm, control), said in found.items()
    ]


def _believed(one: Belief) -> str:
    said = (
        f"Whoever began with the {readable(one.prior)} belief ({points(one.prior_mean)} points, give or take "
        f"{plain(one.prior_sd * 100)}) should now expect {points(one.mean)} points ({percent(one.level, 0)} of belief "
        f"between {points(one.low)} and {points(one.high)}): {_chance(one.better)} that the arm is better"
    )
    return f"{said}." if one.worthwhile is None else f"{said}, {_chance(one.worthwhile)} that it is worthwhile."


def _misled(one: Exaggeration) -> str:
    return (
        f"Were the true effect {plain(one.truth * 100)} points ({one.because}), a trial of this precision would find "
        f"p below the limit with {_chance(one.found)}; such results would overstate the effect "
        f"{plain(one.exaggeration)} times on average, and {percent(one.wrong_sign)} of them would point the wrong way."
    )


def _chance(probability: float) -> str:
    """`83 % probability`; never 0 or 100."""
    if probability < _SURE:
        return "less than 0.1 % probability"
    if probability > 1 - _SURE:
        return "more than 99.9 % probability"
    whole = 0.01 <= probability <= 0.99  # noqa: PLR2004 - nearer to certainty, tenths are told
    return f"{percent(probability, 0 if whole else 1)} probability"
