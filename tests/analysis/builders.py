"""Comparisons made by hand or by a seed, for tests of the analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.analyse import analyse
from nudge.analysis.comparison import Pair
from nudge.analysis.foreseen import column_of
from nudge.trial.model import Trial
from nudge.trial.records.analysis import AnalysisRows, Design, Floats
from nudge.trial.records.columns import Coded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nudge.analysis.analyse import Analysed

COMPLETE = Design("complete", clusters=False, blocks=False)
BLOCKED = Design("blocked", clusters=False, blocks=True)
CLUSTER = Design("cluster", clusters=True, blocks=False)
BLOCKED_CLUSTER = Design("blocked_cluster", clusters=True, blocks=True)


def pair(
    y: Sequence[float], treated: Sequence[int], *, unit: Sequence[int] | None = None,
    block: Sequence[int] | None = None, weight: Sequence[float] | None = None,
    covariates: Mapping[str, Sequence[float]] | None = None,
) -> Pair:  # fmt: skip
    """A comparison from plain lists."""
    n = len(y)
    columns = covariates or {}
    return Pair(
        y=np.asarray(y, dtype=float), treated=np.asarray(treated, dtype=bool),
        unit=np.arange(n) if unit is None else np.asarray(unit, dtype=np.int64),
        block=np.zeros(n, dtype=np.int64) if block is None else np.asarray(block, dtype=np.int64),
        weight=np.full(n, np.nan) if weight is None else np.asarray(weight, dtype=float),
        covariates={name: np.asarray(column, dtype=float) for name, column in columns.items()},
    )  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """How a made-up trial is built."""

    design: Design
    units: int
    size: int = 1
    blocks: int = 1
    covariates: int = 0
    pairs: bool = False


SHAPES = {
    "individuals": Shape(COMPLETE, 60),
    "individuals with covariates": Shape(COMPLETE, 90, covariates=2),
    "few individuals with covariates": Shape(COMPLETE, 30, covariates=2),
    "households": Shape(COMPLETE, 40, size=2),
    "blocks": Shape(BLOCKED, 60, blocks=4),
    "blocks with covariates": Shape(BLOCKED, 80, blocks=4, covariates=2),
    "pairs": Shape(BLOCKED, 30, blocks=15, pairs=True),
    "sites": Shape(CLUSTER, 24, size=8),
    "sites in blocks": Shape(BLOCKED_CLUSTER, 24, size=8, blocks=3),
    "pairs of sites": Shape(BLOCKED_CLUSTER, 20, size=6, blocks=10, pairs=True),
}


def made_up(shape: Shape, seed: int = 1, *, binary: bool = False) -> Pair:
    """A comparison by a seed: units in blocks, an effect, and alike within units."""
    rng = np.random.default_rng(seed)
    of_unit = np.repeat(np.arange(shape.units), rng.integers(1, 2 * shape.size, shape.units) if shape.size > 1 else 1)
    block = np.arange(shape.units) % shape.blocks
    treated = np.zeros(shape.units, dtype=bool)
    for b in range(shape.blocks):
        members = rng.permutation(np.flatnonzero(block == b))
        treated[members[: len(members) // 2]] = True
    n = of_unit.size
    columns = {f"x{i}": rng.normal(size=n) for i in range(shape.covariates)}
    latent = (
        0.4 * treated[of_unit] + 0.5 * rng.normal(size=shape.units)[of_unit] + 0.3 * block[of_unit]
        + sum(columns.values(), np.zeros(n)) + rng.normal(size=n)
    )  # fmt: skip
    y = (latent > 0).astype(float) if binary else latent
    return pair(
        y.tolist(), treated[of_unit].tolist(), unit=of_unit.tolist(), block=block[of_unit].tolist(),
        covariates={name: values.tolist() for name, values in columns.items()},
    )  # fmt: skip


def trial(**changes: Any) -> Trial:
    """A trial file's values with one primary outcome and two arms; changes replace whole blocks."""
    values: dict[str, Any] = {
        "trial": "made-up",
        "arms": {"usual": {"control": True}, "plan": {}},
        "allocation": {"arm": "arm", "method": "complete"},
        "outcomes": {"came": outcome()},
    }
    return Trial.model_validate(values | changes)


def outcome(**changes: Any) -> dict[str, Any]:
    """A yes-or-no outcome."""
    return {
        "role": "primary", "kind": "binary", "better": "higher", "worthwhile": "5 points",
        "source": {"value": "came", "no_record": "missing"},
    } | changes  # fmt: skip


def rows(
    values: Sequence[float], arms: Sequence[str], *, unit: Sequence[int] | None = None,
    block: Sequence[int] | None = None, columns: Mapping[str, tuple[str, Sequence[object]]] | None = None,
) -> AnalysisRows:  # fmt: skip
    """Rows of one outcome; columns: a type and values each."""
    n = len(values)
    given = columns or {}
    return AnalysisRows(
        outcome=np.asarray(values, dtype=float), arm=Coded.of(arms),
        unit=np.arange(n) if unit is None else np.asarray(unit, dtype=np.int64),
        block=np.zeros(n, dtype=np.int64) if block is None else np.asarray(block, dtype=np.int64),
        probability=np.full(n, np.nan),
        covariates={name: column_of(list(column), kind) for name, (kind, column) in given.items()},
        types={name: kind for name, (kind, _) in given.items()},
    )  # fmt: skip


def number_column(made: AnalysisRows | Pair, name: str) -> Floats:
    """A covariate that is a number."""
    column = made.covariates[name]
    assert not isinstance(column, Coded)
    return column


def coded_column(made: AnalysisRows, name: str) -> Coded:
    """A covariate that is a category."""
    column = made.covariates[name]
    assert isinstance(column, Coded)
    return column


def results(made: Trial, of: Mapping[str, AnalysisRows], design: Design = COMPLETE, **foreseen: str) -> Analysed:
    """Every line of a made-up trial."""
    return analyse(made, of, design, "prespecified", foreseen)
