"""Covariates that say nothing new: settled by the blocks or by the covariates named before them.

Leaving such a column out changes no number of the model; keeping it makes the model impossible to fit. So it is
left out, and the report names it (statistics.md 28).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.problems import listed
from nudge.trial.records.columns import Coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Floats, Ints
    from nudge.trial.records.columns import Column

_SETTLED = 1e-8
"""Less than this share of a column's spread is rounding."""
WITHOUT_BLOCKS = frozenset({"inverse_probability", "cluster_means"})
"""Estimators that hold no block constant beside the covariates."""


def settled_columns(columns: Floats, names: Sequence[str], block: Ints) -> tuple[str, ...]:
    """Columns that the blocks or earlier columns determine. columns: (n, c). block: (n,) codes, 0 for all of one."""
    spread = np.sqrt(((columns - columns.mean(axis=0)) ** 2).sum(axis=0))
    rows = np.bincount(block).astype(float)
    means = np.column_stack([np.bincount(block, column) / np.maximum(rows, 1) for column in columns.T])
    left = (columns - means[block]) / np.where(spread > 0, spread, 1.0)
    own = np.abs(np.diag(np.linalg.qr(left, mode="r")))
    return tuple(name for i, name in enumerate(names) if i >= own.size or own[i] < _SETTLED)


def redundant(pair: Pair, estimator: str) -> tuple[str, ...]:
    """The covariate columns of a comparison that say nothing beside what this estimator holds constant."""
    if not pair.names:
        return ()
    block = np.zeros_like(pair.block) if estimator in WITHOUT_BLOCKS else pair.block
    return settled_columns(pair.matrix, pair.names, block)


def without(pair: Pair, names: Sequence[str]) -> Pair:
    """The same comparison with some covariate columns left out."""
    if not names:
        return pair
    left = {name: _with_levels(column, names) for name, column in pair.covariates.items() if name not in names}
    crossing = None if pair.crossing is None else without(pair.crossing, names)
    return replace(
        pair, crossing=crossing,
        covariates={name: one for name, one in left.items() if not isinstance(one, Coded) or one.levels},
    )  # fmt: skip


def _with_levels(column: Column, left_out: Sequence[str]) -> Column:
    """A column without the indicators of some levels: rows that have them join those compared with."""
    if not isinstance(column, Coded):
        return column
    kept = tuple(level for level in column.levels if level not in left_out)
    place = np.array([kept.index(level) if level in kept else -1 for level in (*column.levels, "")], dtype=np.int32)
    return Coded(place[column.codes], kept)


def still_used(covariates: Sequence[str], pair: Pair, left_out: Sequence[str]) -> tuple[str, ...]:
    """The declared covariates of which the model kept some column."""
    if not left_out:
        return tuple(covariates)
    kept = {column_of(name) for name in pair.names if name not in left_out}
    return tuple(name for name in covariates if name in kept)


def column_of(name: str) -> str:
    """The declared column that a model column was made from: `hub` of `hub=north`, `age` of `age blank`."""
    return name.partition("=")[0].removesuffix(" blank")


def said_of(names: Sequence[str], pair: Pair, held: str = "blocks") -> str:
    """Why columns were left out: a declared column where nothing of it is left, else its levels.

    held: what the model holds constant.
    """
    kept = {column_of(name) for name in pair.names if name not in names}
    said = list(dict.fromkeys(name if column_of(name) in kept else column_of(name) for name in names))
    says, so = ("says", "it is") if len(said) == 1 else ("say", "they are")
    return f"{listed(said)} {says} nothing that {held} and other covariates do not, so {so} left out of the model"
