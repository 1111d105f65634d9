"""The coefficient of the arm in a linear model, with the variance of the randomised unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.cells import Cells, cells_of
from nudge.analysis.cluster_adjustment import LEVERAGE_LIMIT
from nudge.analysis.groups import rows_unlike
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.sandwich import Sandwich, clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted, Floats, Ints
from nudge.trial.records.columns import Coded

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

LEAST_DF = 4 - 1e-9
"""Rule 10: below 4 Satterthwaite degrees of freedom, but for rounding, no interval is given."""
_NO_SPREAD = 1e-12
THE_ARM = "the arm"


@dataclass(frozen=True, slots=True)
class Grouped:
    """A comparison's rows in cells.

    treated: (C,) 1 or 0. block, extra: (C,) codes. weight: (C,). covariates: centred columns.
    """

    cells: Cells
    treated: Floats
    block: Ints
    extra: Ints
    weight: Floats
    covariates: tuple[Column, ...]

    def centred(self, name: str, values: Floats) -> Column:
        """A column that is the same within cells, less its mean over the rows."""
        return Column(name, values - float(values @ self.cells.count) / float(self.cells.count.sum()))


def grouped(pair: Pair, extra: Ints | None = None) -> Grouped:
    """The cells of a comparison: arm, block, weight and coded covariates; other covariates vary within.

    extra: (n,) codes of a column to be used beside, by level.
    """
    factors: list[np.ndarray] = [
        pair.treated.view(np.int8),
        pair.block,
        *([] if extra is None else [extra]),
        *_weight_codes(pair),
    ]
    few: list[np.ndarray] = [column.codes + 1 for column in pair.covariates.values() if isinstance(column, Coded)]
    many = [column for column in pair.covariates.values() if not isinstance(column, Coded)]
    cells = cells_of([*factors, *few], many)
    levels = cells.levels.T
    weight = np.zeros(cells.count.size)
    weight[cells.of] = pair.weight
    extras = np.zeros(weight.size, dtype=np.int64) if extra is None else levels[2]
    made = Grouped(cells, levels[0].astype(float), levels[1], extras, weight, ())
    columns, coded, measured = [], iter(levels[len(factors) :]), iter(range(len(many)))
    for name, column in pair.covariates.items():
        if isinstance(column, Coded):
            level = next(coded)
            columns += [made.centred(one, (level == i).astype(float)) for i, one in enumerate(column.levels, 1)]
        else:
            columns.append(Column(name, *cells.measure(next(measured))))
    return replace(made, covariates=tuple(columns))


def _weight_codes(pair: Pair) -> list[Ints]:
    """Codes of the weights, where arm and block do not settle them."""
    weight = pair.weight
    if weight.min(initial=np.inf) == weight.max(initial=-np.inf) or np.isnan(weight).all():
        return []
    if not rows_unlike(pair.block * 2 + pair.treated, weight).size:
        return []
    return [np.unique(weight, return_inverse=True)[1]]


def arm_model(
    made: Grouped, y: Floats, columns: Sequence[Column], weights: Floats | None = None
) -> LinearFit:  # fmt: skip
    """Y on a constant, the arm and `columns`."""
    constant = Column("the constant", np.ones_like(made.treated))
    return fit(made.cells, y, [constant, Column(THE_ARM, made.treated), *columns], weights)


def arm_effect(
    pair: Pair, made: Grouped, columns: Sequence[Column], estimator: str, weights: Floats | None = None,
) -> Fitted:  # fmt: skip
    """Regress y on 1, arm and `columns`; HC2 or CR2 with Satterthwaite degrees of freedom (rule 5).

    Raises EstimationRefused under rule 10.
    """
    model = arm_model(made, pair.y, columns, weights)
    contrast = model.contrast(THE_ARM)
    variance = clustered(model, pair.unit, contrast)
    need_variance(variance)
    need_spread(variance.std_error, pair)
    if variance.df < LEAST_DF:
        raise EstimationRefused(f"only {variance.df:.1f} degrees of freedom are left", "use randomisation inference")
    return Fitted(
        estimate=model.estimate(contrast), std_error=variance.std_error, df=variance.df, estimator=estimator,
        vcov="CR2" if pair.clustered else "HC2", parameters=len(model.names),
    )  # fmt: skip


def need_variance(variance: Sandwich) -> None:
    """Refuse where a unit fits itself and the contrast leans on it (rule 10)."""
    if variance.leverage > LEVERAGE_LIMIT:
        raise EstimationRefused(
            "one unit alone decides part of the estimate, so its variance cannot be had", "use randomisation inference"
        )


def need_spread(std_error: float, pair: Pair) -> None:
    """Refuse a variance of zero: what is left of it is rounding, and makes any p-value (rule 10)."""
    if std_error <= _NO_SPREAD * max(float(pair.y.max()), -float(pair.y.min())):
        raise EstimationRefused("the outcome does not vary within the arms", "read the counts")


def centred_blocks(made: Grouped) -> list[Column]:
    """Block indicators but one, centred at their share of the rows."""
    return [made.centred(f"block {i}", (made.block == i).astype(float)) for i in range(1, int(made.block.max()) + 1)]


def with_arm(made: Grouped, columns: Sequence[Column]) -> list[Column]:
    """Columns times the arm."""
    return [column.times(made.treated, f"arm × {column.name}") for column in columns]


def adjusted(made: Grouped, adjustment: str) -> list[Column]:
    """The centred covariates, beside and (Lin 2013) interacted with the arm."""
    if adjustment == "none":
        return []
    return [*made.covariates, *(with_arm(made, made.covariates) if adjustment == "interacted" else [])]
