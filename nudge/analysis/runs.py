"""One comparison in many runs at once: who was in which arm, who has an outcome, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nudge.analysis.comparison import Pair, pair_of
from nudge.analysis.covariates import coded_columns, matrix
from nudge.trial.records.analysis import AnalysisRows, Bools, Floats, Ints
from nudge.trial.records.columns import Coded, Column, some_rows


@dataclass(frozen=True, slots=True)
class Baseline:
    """Covariates of every entry: raw values (E,) by name, and as model columns (E, c) coded once on all of them."""

    values: Mapping[str, Column]
    types: Mapping[str, str]
    columns: Floats

    @classmethod
    def of(cls, values: Mapping[str, Column], types: Mapping[str, str]) -> Baseline | None:
        """None where nothing is declared."""
        if not values:
            return None
        number = len(next(iter(values.values())))
        return cls(values, types, matrix(coded_columns(values, np.ones(number, dtype=bool)), number))


@dataclass(frozen=True, slots=True)
class Runs:
    """One comparison in R runs of U units, whose people stand in E entries.

    treated, here: (R, U), in the arm, in either of the two arms. rows: (R, E) people of the entry with
    an outcome. totals: (R, E) sum of their outcomes. block: (U,) codes from 0. binary: outcomes
    are 0 or 1. clusters: the units drawn are sites. of: (E,) the entry's unit, in order; None where a
    unit is one entry. baseline: where there are covariates, and then an entry is a person. chance:
    (2, U) of the arm and of its control; None where it is not known. arms: their names. named: the estimator
    that the file or the kind of outcome asks for, None where the draw chooses; then every entry is a person, `event`
    (R, E) says which times end with it and `exposure` (E,) what a count is over. sign: −1 where less of an estimate
    is better.
    """

    treated: Bools
    here: Bools
    rows: Floats
    totals: Floats
    block: Ints
    binary: bool
    clusters: bool
    average: str
    of: Ints | None = None
    baseline: Baseline | None = None
    chance: Floats | None = None
    arms: tuple[str, str] = ("arm", "control")
    named: str | None = None
    event: Floats | None = None
    exposure: Floats | None = None
    sign: int = 1

    @property
    def unit(self) -> Ints:
        """(E,) the unit of every entry."""
        return np.arange(self.block.size) if self.of is None else self.of

    def pair(self, run: int) -> Pair:
        """One run's rows, for the estimator that takes rows; outcomes of an entry as its total allows."""
        number = self.rows[run].astype(np.int64)
        entry = np.repeat(np.arange(number.size), number)
        place = np.arange(entry.size) - np.repeat(np.cumsum(number) - number, number)
        total, unit = self.totals[run], self.unit[entry]
        y = (place < np.rint(total)[entry]).astype(float) if self.binary else (total / np.maximum(number, 1))[entry]
        treated, here = self.treated[run, unit], self.here[run, unit]
        chance = np.full((2, self.block.size), np.nan) if self.chance is None else self.chance
        rows = AnalysisRows(
            outcome=y, arm=Coded(np.where(here, np.where(treated, 0, 1), -1).astype(np.int32), self.arms),
            unit=unit.astype(np.int64),
            block=self.block[unit], probability=np.where(treated, chance[0, unit], chance[1, unit]),
            covariates={} if self.baseline is None else {
                name: some_rows(values, entry) for name, values in self.baseline.values.items()
            },
            types={} if self.baseline is None else self.baseline.types,
            event=None if self.event is None else self.event[run, entry],
            exposure=None if self.exposure is None else self.exposure[entry],
        )  # fmt: skip
        return pair_of(rows, *self.arms, tuple(rows.covariates))


@dataclass(frozen=True, slots=True)
class Fits:
    """Estimates of R runs. settled: whether the numbers stand; elsewhere the rows must be asked."""

    estimate: Floats
    std_error: Floats
    df: Floats
    settled: Bools

    @classmethod
    def nothing(cls, runs: int) -> Fits:
        """Every run left to the rows."""
        blank = np.full(runs, np.nan)
        return cls(blank, blank.copy(), blank.copy(), np.zeros(runs, dtype=bool))

    def put(self, which: Ints, found: Fits) -> None:
        """Take over the numbers of some runs."""
        for kept, new in zip(
            (self.estimate, self.std_error, self.df, self.settled),
            (found.estimate, found.std_error, found.df, found.settled), strict=True,
        ):  # fmt: skip
            kept[which] = new
