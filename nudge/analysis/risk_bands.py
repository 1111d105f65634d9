"""Who gains, by how likely the outcome would have been without the message: bands of predicted risk.

The prediction learns from the control arm only and never from the unit it is made for: predicting with the
outcomes that the effect is measured on would find differences where there are none (Abadie, Chingos & West
2018, Review of Economics and Statistics 100:567-580).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.covariates import coded_columns, matrix
from nudge.analysis.groups import numbered
from nudge.analysis.imputation import logistic
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.analysis import AnalysisRows, Bools, Floats, Ints

FOLDS = 10
SEED = 20_270_111
_ROWS_A_COLUMN = 5


def predicted_level(
    rows: AnalysisRows, control: str, arms: Bools, columns: Sequence[str], *, binary: bool, seed: int = SEED
) -> Floats:
    """The outcome each row would be expected to have in the control arm: (n,), nan outside `arms`.

    arms: (n,) rows of the comparison. Units are put into folds; a fold's rows are foretold by the control's
    rows of the others. Raises EstimationRefused where the control arm is too small to learn from.
    """
    coded = coded_columns({name: rows.covariates[name] for name in columns}, arms)
    if not coded:
        raise EstimationRefused("nothing varies that risk could be foretold from", "name other columns")
    values = matrix(coded, arms.size)
    spread = values[arms].std(axis=0)
    x = np.column_stack([np.ones(len(values)), (values - values[arms].mean(axis=0)) / np.where(spread > 0, spread, 1)])
    unit, units = numbered(rows.unit)
    fold = (np.random.default_rng(seed).permutation(units.size) % FOLDS)[unit]
    known = arms & rows.arm.is_(control) & ~np.isnan(rows.outcome)
    found = np.full(len(values), np.nan)
    for one in range(FOLDS):
        learn = known & (fold != one)
        if learn.sum() < _ROWS_A_COLUMN * x.shape[1]:
            raise EstimationRefused("the control arm is too small to foretell risk from", "name fewer columns")
        y = rows.outcome[learn]
        weights = logistic(x[learn], y, np.ones(y.size)) if binary else np.linalg.lstsq(x[learn], y)[0]
        here = arms & (fold == one)
        found[here] = x[here] @ weights
    return found


def bands_of(level: Floats, bands: int) -> tuple[Ints, tuple[str, ...]]:
    """Codes (n,) and names of bands with much alike numbers of rows, the lowest predicted level first."""
    cuts = np.quantile(level, np.arange(1, bands) / bands)
    codes = np.searchsorted(cuts, level, side="left").astype(np.int64)
    names = ["lowest", *(f"{i + 1} of {bands}" for i in range(1, bands - 1)), "highest"]
    return codes, tuple(names)
