"""Estimators that the file names, or that a kind of outcome needs because a mean says nothing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast

from nudge.analysis.estimators import Estimator, estimator, estimator_names

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.records.analysis import Floats

SCALES = {
    "binary": "probability",
    "continuous": "mean",
    "count": "mean",
    "ordinal": "probability",
    "time_to_event": "mean",
}
"""The scale of each kind of outcome, where its estimator does not say another."""
BY_KIND = {"ordinal": "ordinal", "time_to_event": "survival"}
"""What these kinds take when the file names nothing: their means say nothing, or are not known."""


MOMENTS = "micro_randomised"
"""What a trial takes that was drawn anew at every decision point."""


class Named(Estimator, Protocol):
    """What the file of an estimator offers that is named for an outcome.

    KINDS: of outcome that it takes. SCALE: of its estimate, None for the kind's own. UNIT: what `worthwhile` is
    written in, None for the outcome's own unit. `scores`: numbers that do not hang on the arms, for a p-value
    from the draw.
    """

    KINDS: tuple[str, ...]
    SCALE: str | None
    UNIT: str | None

    def scores(self, pair: Pair) -> Floats:
        """Per row, (n,)."""
        ...


def named_names() -> list[str]:
    """Estimators that a file may name for an outcome."""
    return [name for name in estimator_names() if hasattr(estimator(name), "KINDS")]


def named(name: str) -> Named:
    """The estimator of that name."""
    return cast("Named", estimator(name))


def named_for(outcome: Outcome) -> str | None:
    """The estimator an outcome takes by name or by kind; None where the draw chooses."""
    return outcome.estimator or BY_KIND.get(outcome.kind)


def estimator_of(trial: Trial, outcome: Outcome) -> str | None:
    """The same, where the whole trial was one of moments."""
    moments = trial.allocation is not None and trial.allocation.decision is not None
    return MOMENTS if moments else named_for(outcome)


def beside(name: str | None) -> tuple[str, ...]:
    """Estimators shown beside one."""
    found: tuple[str, ...] = getattr(estimator(name), "BESIDE", ()) if name else ()
    return found


def row_values(name: str | None, pair: Pair, weight: Floats | None = None) -> Pair:
    """The pair with a number for each row instead of its outcome, whose means by arm differ by the named effect.

    weight: of rows that stand for others too. Without a name the outcome itself is that number. Raises
    EstimationRefused as the estimator does.
    """
    of = getattr(estimator(name), "row_values", None) if name else None
    return pair if of is None else replace(pair, y=of(pair, weight), event=None)


def scale_of(name: str, kind: str) -> str:
    """The scale of an estimate."""
    scale: str | None = getattr(estimator(name), "SCALE", None) if name in estimator_names() else None
    return scale or SCALES[kind]


def turned(name: str) -> int:
    """−1 where more of an estimate means less of the outcome: a higher hazard is a shorter time."""
    return -1 if name in estimator_names() and getattr(estimator(name), "SHORTENS", False) else 1
