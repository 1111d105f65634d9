"""What is measured, and how it is analysed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nudge.trial.parts.fields import Column, Columns, Comparison, Difference, Kind, Part, Proportion, Role, Text, Window
from nudge.trial.parts.population import DataSource

PRESENT = "present"
"""In place of a column: a row is the event itself."""


class OutcomeSource(DataSource):
    """Where an outcome is recorded and what its silence means."""

    id: Column | None = None
    date: Column | None = None
    value: Column | None = None
    no_record: Literal["did_not_happen", "missing"] | None = None
    covers: Text | None = None
    outside: str | None = None


class Outcome(Part):
    """One outcome: what is counted, for whom, when, and which change would matter."""

    role: Role
    kind: Kind
    better: Literal["higher", "lower"] | None = None
    question: Text | None = None
    source: OutcomeSource | None = None
    window: Window | None = None
    unit: Text | None = None
    worthwhile: Difference | None = None
    margin: Difference | None = None
    expected: Text | None = None
    denominator: Text | None = None


class Sensitivity(Part):
    """A second fit beside the primary one; it never sets the verdict."""

    fixed_effects: Column | None = None
    average: Literal["person", "cluster"] | None = None
    covariates: Columns | None = None
    because: Text | None = None


class Analysis(Part):
    """The plan of analysis."""

    comparisons: tuple[Comparison, ...] = ()
    covariates: Columns = ()
    average: Literal["person", "cluster"] = "person"
    multiplicity: Literal["holm", "hochberg", "benjamini_hochberg", "none"] = "holm"
    subgroups: Columns = ()
    sensitivity: tuple[Sensitivity, ...] = ()


class Power(Part):
    """What the trial should be able to show, and what is assumed of it.

    baseline: the outcome's level without any message; sd: its standard deviation, for other
    kinds than binary. units: how many units, where no roll says it; people: mean rows per
    unit and cv: how that number varies, where no roll says it. icc: how alike the people of
    one unit are; cac: how alike one cluster's periods stay. r2: the share of the variance
    that covariates explain. reached, known: shares of people whose message arrives and whose
    outcome will be known. prior: what effects of this kind have been.
    """

    baseline: Proportion | None = None
    sd: Annotated[float, Field(gt=0)] | None = None
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
    prior: Literal["sceptical", "nudge_unit", "first_reminder", "rewording", "parent_texts"] = "nudge_unit"
