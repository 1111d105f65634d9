"""What it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.columns import Coded, Column

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Label = Literal["prespecified", "amended", "exploratory", "sensitivity", "replication"]


@dataclass(frozen=True, slots=True)
class Phases:
    """Where rows stand in a stepped wedge, by the day on which each one's window opened."""

    period: Ints
    """(n,) steps that had begun: 0 before the first; -1 where no window opens, for want of a date."""
    complete: Ints
    """(n,) crossings that were complete; fewer than the steps begun while a transition lasts."""
    step: Ints
    """(n,) the step at which the row's cluster crosses, from 1."""
    steps: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class AnalysisRows:
    """One outcome for everyone allocated, a row per person, in no particular order."""

    outcome: Floats
    """(n,), in the outcome's units; nan where missing."""
    arm: Coded
    """(n,); in a stepped wedge the arm in force when the window opened, blank during a transition."""
    unit: Ints
    """(n,) code of the randomised unit."""
    block: Ints
    """(n,) code of the block; 0 for all where there are none."""
    probability: Floats
    """(n,) chance of the unit's own arm before the draw; nan where unknown."""
    covariates: Mapping[str, Column]
    """(n,) baseline values: a category is coded; a number and a yes or no are numbers."""
    types: Mapping[str, str]
    """What the trial file declares each of them to be."""
    received: Floats | None = None
    """(n,) 1 where a message to the unit was delivered, 0 where none was, nan where that is not known."""
    event: Floats | None = None
    """(n,) for a time to an event, 1 where `outcome` is the time it happened, 0 where it had not by then."""
    exposure: Floats | None = None
    """(n,) how much of what a count is counted over: people, visits, days."""
    moments: bool = False
    """Whether rows are moments of people who were drawn for anew each time, so that one has rows in both arms."""
    phases: Phases | None = None
    """Of a stepped wedge."""
    waiting: Bools | None = None
    """(n,) whether the outcome cannot have happened yet, since its window is open: neither known nor missing."""
    closed: Mapping[str, Bools] | None = None
    """(n,) by arm that took nobody for a while: whether the row's unit was enrolled meanwhile, by another arm."""


@dataclass(frozen=True, slots=True)
class StoredLaw:
    """Fresh draws from the law that gave the arms.

    redraw: (number, rng) → (number, units) arms by their position in `arms`, units by their code. In a
    stepped wedge `arms` are its steps. every: all draws there could be, alike, and the chance of each,
    where they are few.
    """

    arms: tuple[str, ...]
    redraw: Callable[[int, np.random.Generator], NDArray[np.int8]]
    every: tuple[NDArray[np.int8], Floats] | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """What the analysis needs to know of how arms were drawn."""

    method: str | None
    """None where it is not known: no re-draws, no weighting."""
    clusters: bool
    """Whether the units drawn are sites."""
    blocks: bool
    law: StoredLaw | None = None
    """Where re-drawing units within their blocks would not be the law: rerandomised, minimised, rolling, adaptive."""
    estimand: str | None = None
    """Of a stepped wedge: immediate or exposure_averaged."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What an estimator gives: an effect in the outcome's units, before orientation."""

    estimate: float
    std_error: float
    df: float
    estimator: str
    vcov: str
    parameters: int
    note: str = ""
    means: tuple[float, float] | None = None
    """What stands for the arm's and the control's level, where it is not the mean outcome."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One line of the results, the fields of results.json. Effects are oriented: positive is better."""

    outcome: str
    """The outcome's name in the trial file."""
    role: str
    """`primary`, `secondary`, `distal`, `process` or `harm`."""
    family: str
    """The lines that share one error rate: those of this role."""
    arm: str
    """The arm whose effect this is."""
    control: str
    """The arm it is compared with."""
    estimand: str
    """What is estimated, in words: for the default, the intention-to-treat effect."""
    estimator: str
    """How it was estimated; null numbers beside it mean that it could not be."""
    vcov: str | None
    """The variance: `HC2`, `CR2`, `Neyman`, …; null where no interval can be had."""
    average: str
    """`person` or `cluster`: over whom the effect is an average."""
    covariates: tuple[str, ...]
    """Baseline columns adjusted for."""
    better: str
    """`higher` or `lower`: which way the file calls better."""
    scale: str
    """`probability`, `mean` or `log_ratio` (natural logarithm): of the estimate, its standard error, its intervals."""
    estimate: float | None
    """The effect, oriented: positive is better."""
    std_error: float | None
    """Its standard error."""
    df: float | None
    """Degrees of freedom of its t distribution."""
    p_value: float | None
    """Two-sided, not adjusted."""
    p_adjusted: float | None
    """Adjusted for the family, as the file's `multiplicity` says."""
    conf_low: float | None
    """Lower end of the plain interval, oriented."""
    conf_high: float | None
    """Upper end of the plain interval, oriented."""
    conf_level: float
    """Level of the plain interval."""
    mean_arm: float | None
    """The arm's mean outcome, as recorded, not oriented."""
    mean_control: float | None
    """The control's mean outcome, as recorded, not oriented."""
    n: int
    """Rows analysed."""
    n_arm: int
    """Rows analysed in the arm."""
    n_control: int
    """Rows analysed in the control."""
    n_allocated_arm: int
    """Rows allocated to the arm: its denominator."""
    n_allocated_control: int
    """Rows allocated to the control: its denominator."""
    n_clusters: int | None
    """Randomised units, where any of them has more than one row; else null."""
    n_blocks: int | None
    """Blocks with both arms; null where there are none."""
    icc: float | None
    """How alike the rows of one unit are; null without clusters."""
    verdict: str | None
    """Against `worthwhile`: firmly worthwhile, worthwhile, too small to matter, harmful or undecided."""
    verdict_conf_low: float | None
    """Lower end of the interval that sets the verdict, at the level shared over the family."""
    verdict_conf_high: float | None
    """Upper end of the same."""
    label: Label
    """Whether the line was planned in the lock."""
    note: str
    """What a reader must know beside the numbers."""
    level: str | None = None
    """For a subgroup, its column and level, such as `imd_quintile: 5`."""
    p_margin: float | None = None
    """One-sided p that the effect is worse than the margin; for equivalence the larger of the two sides."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """To what share of an arm a time-to-event outcome had happened by each day (Kaplan-Meier)."""

    outcome: str
    arm: str
    n: int
    """People whose time is known."""
    events: int
    """Those to whom it happened."""
    days: tuple[float, ...]
    """Days on which it happened to somebody."""
    had: tuple[float, ...]
    """The share to whom it had happened by the end of each of these days."""
    followed: float
    """Days the last of them was followed."""
    marks: tuple[float, ...]
    """Days of the table."""
    at_risk: tuple[int, ...]
    """People still followed without it at the start of each day of the table."""
    had_at: tuple[float, ...]
    """The share to whom it had happened by each day of the table."""


@dataclass(frozen=True, slots=True)
class Careless:
    """What an analysis that ignores the design would have claimed, and why it is wrong."""

    outcome: str
    arm: str
    control: str
    what: str
    why: str
    estimate: float
    std_error: float
    p_value: float
    conf_low: float
    conf_high: float
    scale: str = "probability"
    """`probability` or `mean`: of its estimate and interval."""


CheckStatus = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the trial's conduct or data."""

    name: str
    status: CheckStatus
    detail: str
    p_value: float | None = None
    values: Mapping[str, Any] | None = None
