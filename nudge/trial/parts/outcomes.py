"""What is measured, and how it is analysed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nudge.trial.parts.fields import (
    Column,
    Columns,
    Comparison,
    Difference,
    Kind,
    Name,
    Part,
    Proportion,
    Role,
    Text,
    Window,
)
from nudge.trial.parts.population import DataSource

PriorName = Literal["sceptical", "nudge_unit", "first_reminder", "rewording", "parent_texts"]
"""What effects of this kind have been; their numbers stand in `design/priors.py`."""
PRESENT = "present"
"""In place of a column: a row is the event itself."""


class OutcomeSource(DataSource):
    """Where an outcome is recorded and what its silence means.

    id: the column of the person's identifier; date: the column of the day; value: the column of the
    outcome, or `present` where a row is the event itself; event: for a time to an event in a trial run
    elsewhere, the column that says whether the time ends with it, 1, or was only followed so far, 0; no_record:
    what it means when a person has no record; covers: whom the records cover; outside: a condition for people
    whom the records cannot cover; replies: in place of a file, what families answered here: a name under the
    trial's `replies:`.
    """

    id: Column | None = None
    date: Column | None = None
    value: Column | None = None
    event: Column | None = None
    no_record: Literal["did_not_happen", "missing"] | None = None
    covers: Text | None = None
    outside: str | None = None
    replies: Name | None = None


class Outcome(Part):
    """One outcome: what is counted, for whom, when, and which change would matter.

    role: what the outcome is for; kind: what its values are; better: which way is better; question:
    the outcome as a plain question; source: where it is recorded; window: when it counts; unit:
    what it is measured in, where it is not yes or no; estimator: a file name of analysis/estimators/ such as
    `logit` or `rate_ratio`, where the one that the draw allows is not wanted; exposure: for a count, a baseline
    number it is counted over; worthwhile: the smallest change that would alter the decision; hypothesis: what a yes
    means, `superiority`, or within the margin on one side (`non_inferiority`) or both (`equivalence`); margin: how
    much worse would be too much; expected: the month in which a far-off outcome can be read; denominator: out of
    whom it is counted.
    """

    role: Role
    kind: Kind
    better: Literal["higher", "lower"] | None = None
    question: Text | None = None
    source: OutcomeSource | None = None
    window: Window | None = None
    unit: Text | None = None
    estimator: Name | None = None
    exposure: Column | None = None
    worthwhile: Difference | None = None
    hypothesis: Literal["superiority", "non_inferiority", "equivalence"] | None = None
    margin: Difference | None = None
    expected: Text | None = None
    denominator: Text | None = None

    @property
    def aim(self) -> str:
        """What a yes means; of a harm, that it is no worse than its margin."""
        return self.hypothesis or ("non_inferiority" if self.role == "harm" else "superiority")

    @property
    def sized_by_estimator(self) -> bool:
        """Whether the estimator, not the kind alone, settles in what `worthwhile` and `margin` are written."""
        return self.estimator is not None or self.kind in {"ordinal", "time_to_event"}


class Sensitivity(Part):
    """A second fit beside the primary one; it never sets the verdict.

    fixed_effects: a column whose levels are held constant; average: whether people or clusters
    count alike; covariates: columns adjusted for; because: why this fit is wanted.
    """

    fixed_effects: Column | None = None
    average: Literal["person", "cluster"] | None = None
    covariates: Columns | None = None
    because: Text | None = None


class Looks(Part):
    """Looking at a primary effect before the end, with the error that this costs set aside.

    at: when, as shares of the information that the trial is planned to gather; spending: how the
    error is spent over them, hardly any early (obrien_fleming) or much alike (pocock).
    """

    at: tuple[Proportion, ...]
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"


class RiskBands(Part):
    """Effects by how likely the outcome would have been without the message.

    predicted_from: columns from before the draw that foretell the outcome; bands: how many bands.
    """

    predicted_from: Annotated[Columns, Field(min_length=1)]
    bands: Annotated[int, Field(ge=2, le=5)] = 3


class Analysis(Part):
    """The plan of analysis.

    comparisons: which arm against which, such as `plan - reminder`; covariates: columns from before
    the draw that the fit adjusts for; average: whether people or clusters count alike;
    multiplicity: how p-values are adjusted over the comparisons; priors: beliefs about messages of
    this kind, from which the report says what to believe now; subgroups: columns by whose levels
    the effect is shown; sensitivity: further fits beside the primary one; imputations: how many
    times missing outcomes are filled in beside the primary fit, 0 for never; looks: planned looks
    at the primary effect before the end; risk_bands: effects by the outcome's predicted level;
    randomisation_test: whether the draw's own p-value stands beside the plan where units are few,
    or always; estimand: of a stepped wedge, one constant effect (`immediate`) or the average over the
    periods since crossing (`exposure_averaged`, the default where there are more than two of them).
    """

    comparisons: tuple[Comparison, ...] = ()
    covariates: Columns = ()
    average: Literal["person", "cluster"] = "person"
    multiplicity: Literal["holm", "hochberg", "benjamini_hochberg", "romano_wolf", "none"] = "holm"
    priors: tuple[PriorName, ...] = ("sceptical", "nudge_unit")
    subgroups: Columns = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    estimand: Literal["immediate", "exposure_averaged"] | None = None
    imputations: Annotated[int, Field(ge=0, le=1000)] = 50
    looks: Looks | None = None
    risk_bands: RiskBands | None = None
    randomisation_test: Literal["few_units", "always"] = "few_units"


class Power(Part):
    """What the trial should be able to show, and what is assumed of it.

    power: the chance wanted of finding the smallest worthwhile change; alpha: the two-sided error
    rate.
    baseline: the outcome's level without any message, of a time how often it happens within its window; sd: its
    standard deviation, for other kinds than binary. rate: of a count, events per person (or per unit of its exposure)
    without any message; dispersion: how much more counts vary than Poisson's law allows, their variance being
    rate + dispersion × rate². answers: of an ordinal outcome, the share of each answer without any message, lowest
    first. units: how many units, where no roll says it; people: mean rows per
    unit, cv: how that number varies, where no roll says it. icc: how alike the people of
    one unit are; cac: how alike one cluster's periods stay. r2: the share of the variance
    that covariates explain. reached, known: shares of people whose message arrives and whose
    outcome will be known. prior: what effects of this kind have been.
    """

    baseline: Proportion | None = None
    sd: Annotated[float, Field(gt=0)] | None = None
    rate: Annotated[float, Field(gt=0)] | None = None
    dispersion: Annotated[float, Field(ge=0)] | None = None
    answers: Annotated[tuple[Proportion, ...], Field(min_length=2)] | None = None
    power: Proportion = 0.8
    alpha: Proportion = 0.05
    units: Annotated[int, Field(ge=2)] | None = None
    people: Annotated[float, Field(ge=1)] | None = None
    cv: Annotated[float, Field(ge=0)] | None = None
    icc: Annotated[float, Field(ge=0, le=1)] | None = None
    cac: Annotated[float, Field(ge=0, le=1)] | None = None
    r2: Annotated[float, Field(ge=0, lt=1)] = 0.0
    reached: Proportion = 1.0
    known: Proportion = 1.0
    prior: PriorName = "nudge_unit"
