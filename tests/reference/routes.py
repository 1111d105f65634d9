"""Ways from the rows of a data set to a number: by the design as the product does, or by its parts."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, t_p_value, t_quantile
from nudge.analysis.cells import cells_of
from nudge.analysis.comparison import Pair, pair_of
from nudge.analysis.estimators import estimator
from nudge.analysis.inference import answer
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.sandwich import clustered, robust
from nudge.trial.records.analysis import AnalysisRows, Bools, Design, Floats, Ints
from nudge.trial.records.columns import Coded
from tests.reference.classical import classical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Numbers = dict[str, float]


@dataclass(frozen=True)
class Rows:
    """A data set's columns, as text."""

    columns: Mapping[str, NDArray[np.str_]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def text(self, name: str) -> NDArray[np.str_]:
        return self.columns[name]

    def numbers(self, name: str) -> Floats:
        return np.array([float(value) if value else np.nan for value in self.columns[name]])

    def only(self, column: str, value: str) -> Rows:
        here = self.columns[column] == value
        return Rows({name: values[here] for name, values in self.columns.items()})

    def codes(self, name: str | None, otherwise: Ints) -> Ints:
        if name is None:
            return otherwise
        return np.unique(self.columns[name], return_inverse=True)[1].astype(np.int64)


@cache
def rows_of(folder: Path, name: str) -> Rows:
    """The rows of one data set, gzipped or not."""
    path = folder / "data" / name / "trial.csv"
    packed = path.with_suffix(".csv.gz")
    text = gzip.decompress(packed.read_bytes()).decode() if packed.exists() else path.read_text(encoding="utf-8")
    read = list(csv.reader(text.splitlines()))
    return Rows({title: np.array(values) for title, *values in zip(*read, strict=True)})


@dataclass(frozen=True)
class Drawn:
    """One comparison and how its arms were drawn, as a trial file would say it."""

    outcome: str
    arm: str
    control: str
    by: str
    """The column of arms."""
    method: str = "complete"
    clusters: str | None = None
    blocks: str | None = None
    covariates: tuple[str, ...] = ()
    average: str = "person"
    binary: bool = True

    def against(self, arm: str, control: str) -> Drawn:
        return replace(self, arm=arm, control=control)

    def of(self, outcome: str, *, binary: bool = True) -> Drawn:
        return replace(self, outcome=outcome, binary=binary)

    def design(self) -> Design:
        return Design(self.method, clusters="cluster" in self.method, blocks=self.blocks is not None)

    def pair(self, rows: Rows) -> Pair:
        one_each = np.arange(len(rows))
        values = {name: rows.numbers(name) for name in self.covariates}
        return pair_of(
            AnalysisRows(
                outcome=rows.numbers(self.outcome), arm=Coded.of(rows.text(self.by).tolist()),
                unit=rows.codes(self.clusters, one_each), block=rows.codes(self.blocks, one_each * 0),
                probability=np.full(len(rows), np.nan), covariates=values,
                types=dict.fromkeys(self.covariates, "number"),
            ),
            self.arm, self.control, self.covariates,
        )  # fmt: skip

    def answer(self, rows: Rows) -> Answer:
        return answer(self.pair(rows), self.design(), binary=self.binary, average=self.average)


def by_design(rows: Rows, what: Drawn) -> Numbers:
    """What the product answers when it is told how the arms were drawn."""
    found = what.answer(rows)
    bounds = found.interval(0.95)
    if found.std_error is None or found.df is None or found.p_value is None or bounds is None:
        raise AssertionError(f"no interval: {found.note}")
    return with_interval(found.estimate, found.std_error, found.df)


def by_estimator(rows: Rows, what: Drawn, name: str, adjustment: str = "none", weight: str | None = None) -> Numbers:
    """One estimator of the product, also where its own choice would be another."""
    pair = what.pair(rows)
    if weight is not None:
        pair = replace(pair, weight=rows.numbers(weight))
    fitted = estimator(name).estimate(pair, adjustment)
    return with_interval(fitted.estimate, fitted.std_error, fitted.df)


def by_regression(
    outcome: Floats, columns: Mapping[str, Floats], term: str, fixed_effects: Ints | None = None,
    clusters: Ints | None = None, kind: str = "", weights: Floats | None = None,
) -> Numbers:  # fmt: skip
    """One coefficient of a pooled regression, with the product's own least squares and sandwich.

    kind: HC0 to HC3, CR0 to CR3, or classical; by default HC2 or CR2. With a name in lower case, R's
    degrees of freedom of that kind (n − k, clusters − 1) are taken instead of Satterthwaite's.
    """
    known = ~np.isnan(np.column_stack([outcome, *columns.values()])).any(axis=1)
    given = {name: values[known] for name, values in columns.items()}
    effects = np.zeros(int(known.sum()), dtype=np.int64) if fixed_effects is None else fixed_effects[known]
    model = pooled(outcome[known], given, effects, None if weights is None else weights[known])
    contrast = model.contrast(term)
    name = kind.upper() or ("HC2" if clusters is None else "CR2")
    df = float("nan")
    if name == "CLASSICAL":
        variance = classical(model, contrast)
    elif clusters is None:
        variance, df = robust(model, contrast, name), float(known.sum() - len(model.names))
    else:
        variance, df = clustered(model, clusters[known], contrast, name), np.unique(clusters[known]).size - 1.0
    return with_interval(model.estimate(contrast), variance.std_error, df if kind.islower() and df > 0 else variance.df)


def pooled(outcome: Floats, columns: Mapping[str, Floats], effects: Ints, weights: Floats | None = None) -> LinearFit:
    """A regression on columns and effects, by cells: columns of zeros and ones make cells, others vary within."""
    two = {name: bool(np.isin(values, [0.0, 1.0]).all()) for name, values in columns.items()}
    few = [values.astype(np.int64) for name, values in columns.items() if two[name]]
    known, weighs = np.unique(np.ones(len(outcome)) if weights is None else weights, return_inverse=True)
    cells = cells_of([effects, weighs, *few], [values for name, values in columns.items() if not two[name]])
    discrete, measured = iter(cells.levels[:, 2:].T), iter(range(len(columns)))
    made = [Column("the constant", np.ones(cells.count.size))]
    for name in columns:
        if two[name]:
            made.append(Column(name, next(discrete).astype(float)))
        else:
            values, measure = cells.measure(next(measured))
            made.append(Column(name, values, measure))
    made += [Column(f"effect {level}", (cells.levels[:, 0] == level).astype(float)) for level in np.unique(effects)[1:]]
    return fit(cells, outcome, made, None if weights is None else known[cells.levels[:, 1]])


def indicators(values: NDArray[np.str_], levels: Sequence[str], on: Bools | None = None) -> dict[str, Floats]:
    """0/1 columns by level."""
    shown = np.ones(len(values), dtype=bool) if on is None else on
    return {level: ((values == level) & shown).astype(float) for level in levels}


def with_interval(estimate: float, std_error: float, df: float) -> Numbers:
    """The fields of a reference entry, from three of them."""
    half = t_quantile(0.95, df) * std_error
    return {
        "estimate": estimate, "std_error": std_error, "df": df, "p_value": t_p_value(estimate / std_error, df),
        "conf_low": estimate - half, "conf_high": estimate + half,
    }  # fmt: skip
