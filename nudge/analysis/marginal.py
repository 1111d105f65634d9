"""Average effects from a model of yes or no, or of counts, by standardising over the comparison's own rows.

A generalised linear model is fitted to cell means; then everyone is set to the arm, and to the control, and the
two averages of what the model expects are compared (g-computation). The effect's variance is that of its gradient
along the coefficients (delta method): the model is turned into the weighted least squares of its last step
(McCullagh & Nelder 1989, ch. 2), whose residuals give HC2 or CR2 at the unit that was randomised, with Satterthwaite
degrees of freedom, as for every other estimator here. statsmodels gives coefficients only: its standard errors from
grouped rows are wrong (statistics.md 28). Covariates are held as they are, as in Lin's regression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.cells import Cells
from nudge.analysis.comparison import choose, constant_probability
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.linear_effect import (
    LEAST_DF,
    THE_ARM,
    Grouped,
    centred_blocks,
    grouped,
    need_spread,
    need_variance,
    with_arm,
)
from nudge.analysis.sandwich import Sandwich, clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Design, Fitted, Floats

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

_SETTLED = 1e-6
"""A further Newton step that moves any linear predictor by more has not converged."""
_BY_DESIGN = {"difference_in_means", "block_weighted", "fixed_effects"}
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Family:
    """A generalised linear model. Every function takes the linear predictor.

    mean: μ. slope: dμ/dη. spread: the variance the model expects. made: statsmodels' own.
    """

    name: str
    mean: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    spread: Callable[[Floats], Floats]
    made: Callable[[], object]


def _expit(eta: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(eta), dtype=float)


def _logit_slope(eta: Floats) -> Floats:
    return _expit(eta) * _expit(-eta)


def _of_statsmodels(name: str, **given: float) -> Callable[[], object]:
    def made() -> object:
        from statsmodels.genmod import families

        return getattr(families, name)(**given)

    return made


LOGIT = Family("logit", _expit, _logit_slope, _logit_slope, _of_statsmodels("Binomial"))
POISSON = Family("Poisson", np.exp, np.exp, np.exp, _of_statsmodels("Poisson"))


def negative_binomial(dispersion: float) -> Family:
    """Counts whose variance is μ + dispersion · μ²."""

    def spread(eta: Floats) -> Floats:
        mean = np.exp(eta)
        wide: Floats = mean + dispersion * mean**2
        return wide

    return Family("negative binomial", np.exp, np.exp, spread, _of_statsmodels("NegativeBinomial", alpha=dispersion))


@dataclass(frozen=True, slots=True)
class Modelled:
    """A fitted model, as the least squares of its last step.

    linear: one row of the table a cell, √weight times the columns. as_arm, as_control: (C, k) the columns were
    everyone in the arm, or in the control. eta: (C,) linear predictor. offset: (C,) log exposure.
    """

    family: Family
    linear: LinearFit
    as_arm: Floats
    as_control: Floats
    eta: Floats
    offset: Floats

    def expected(self, table: Floats) -> tuple[float, Floats]:
        """Σ over the rows of what the model expects with these columns, and its gradient (k,)."""
        eta = table @ self.linear.coefficients + self.offset
        count = self.linear.cells.count
        return float(count @ self.family.mean(eta)), (count * self.family.slope(eta)) @ table


@dataclass(frozen=True, slots=True)
class Prepared:
    """A comparison's rows in cells, ready for any family.

    mean: (C,) mean outcome. columns: as things were; tables: (C, k), the same, and were everyone in the arm or in the
    control. offset: (C,) log exposure.
    """

    pair: Pair
    cells: Cells
    mean: Floats
    columns: tuple[Column, ...]
    tables: tuple[Floats, Floats, Floats]
    offset: Floats


def prepared(pair: Pair, *, covariates: bool) -> Prepared:
    """The arm beside blocks and covariates; blocks times the arm where its chance differs between them.

    Raises EstimationRefused where the design is not one for such a model.
    """
    _need_design(pair)
    exposure = np.ones(pair.y.size) if pair.exposure is None else pair.exposure
    known, code = np.unique(exposure, return_inverse=True)
    made = by_cell(grouped(pair, code.astype(np.int64)))
    crossed = pair.blocks > 1 and not constant_probability(pair)

    def columns(treated: Floats) -> tuple[Column, ...]:
        of = replace(made, treated=treated)
        blocks = centred_blocks(of)
        ones = Column("the constant", np.ones_like(treated))
        beside = [*blocks, *(with_arm(of, blocks) if crossed else []), *(of.covariates if covariates else ())]
        return (ones, Column(THE_ARM, treated), *beside)

    ways = [columns(treated) for treated in (made.treated, np.ones_like(made.treated), np.zeros_like(made.treated))]
    one, two, three = (np.column_stack([column.values for column in way]) for way in ways)
    cells = made.cells
    mean = np.bincount(cells.of, pair.y, minlength=cells.count.size) / cells.count
    return Prepared(pair, cells, mean, ways[0], (one, two, three), np.log(known[made.extra]))


def modelled(pair: Pair, family: Family, *, covariates: bool) -> Modelled:
    """A model of the arm, blocks and covariates. Raises EstimationRefused where the fit does not converge."""
    return fitted(prepared(pair, covariates=covariates), family)


def fitted(ready: Prepared, family: Family) -> Modelled:
    """The same from rows in cells."""
    linear = _last_step(ready, likeliest(ready, family), family)
    table, as_arm, as_control = ready.tables
    eta = table @ linear.coefficients + ready.offset
    return Modelled(family, linear, as_arm, as_control, eta, ready.offset)


def _need_design(pair: Pair) -> None:
    within = choose(
        pair.counts, Design(None, clusters=False, blocks=True), clustered=pair.clustered, columns=0,
        constant_probability=constant_probability(pair), average="person",
    )  # fmt: skip
    if within.estimator not in _BY_DESIGN:
        raise EstimationRefused(
            f"a model with a column for every block cannot be fitted here: {within.because}",
            "leave `estimator` out, and the one the design allows is used",
        )


def by_cell(made: Grouped) -> Grouped:
    """The same with covariates that vary within cells in cells of their own: a row each."""
    cells = made.cells
    if not cells.measures:
        return made
    z = [
        np.ones(cells.of.size),
        *(values - centre for values, centre in zip(cells.measures, cells.centres, strict=True)),
    ]
    rows = Cells(np.arange(cells.of.size, dtype=np.int32), cells.levels[cells.of], np.ones(cells.of.size))
    wide = tuple(Column(one.name, one.values[cells.of] * z[one.measure]) for one in made.covariates)
    return Grouped(
        rows, made.treated[cells.of], made.block[cells.of], made.extra[cells.of], made.weight[cells.of], wide
    )


def likeliest(ready: Prepared, family: Family) -> Floats:
    """Coefficients of greatest likelihood, from cell means, which say as much as the rows."""
    import warnings

    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what they say is asked of the next step instead
        try:
            model = GLM(
                ready.mean, ready.tables[0], family=family.made(), freq_weights=ready.cells.count, offset=ready.offset
            )
            found = model.fit(maxiter=_STEPS, tol=1e-13)
        except (ValueError, np.linalg.LinAlgError):
            raise _unsettled(family) from None
    return np.asarray(found.params, dtype=float)


def _last_step(ready: Prepared, coefficients: Floats, family: Family) -> LinearFit:
    """Least squares at the maximum: √w z on √w x, z the working response and w the working weight."""
    table, cells, y = ready.tables[0], ready.cells, ready.pair.y
    eta = table @ coefficients
    with np.errstate(all="ignore"):
        slope, spread = family.slope(eta + ready.offset), family.spread(eta + ready.offset)
        root = slope / np.sqrt(spread)
        z = (eta[cells.of] + (y - family.mean(eta + ready.offset)[cells.of]) / slope[cells.of]) * root[cells.of]
    if not np.isfinite(z).all() or not np.isfinite(root).all():
        raise _unsettled(family)
    linear = fit(cells, z, [replace(column, values=column.values * root) for column in ready.columns])
    if np.abs(table @ (linear.coefficients - coefficients)).max(initial=0.0) > _SETTLED:
        raise _unsettled(family)
    return linear


def _unsettled(family: Family) -> EstimationRefused:
    return EstimationRefused(
        f"the {family.name} model does not converge: some group has no events, or nothing but events",
        "leave out covariates or blocks with few events, or leave `estimator` out",
    )


def difference(model: Modelled) -> tuple[float, Floats]:
    """Mean expected under the arm less under the control, per unit of exposure; and its gradient."""
    (one, up), (other, down) = model.expected(model.as_arm), model.expected(model.as_control)
    total = float(model.linear.cells.count @ np.exp(model.offset))
    return (one - other) / total, (up - down) / total


def log_ratio(model: Modelled) -> tuple[float, Floats]:
    """Log of what is expected under the arm over that under the control; and its gradient."""
    (one, up), (other, down) = model.expected(model.as_arm), model.expected(model.as_control)
    return float(np.log(one) - np.log(other)), up / one - down / other


def effect(
    pair: Pair, model: Modelled, of: Callable[[Modelled], tuple[float, Floats]], estimator: str, note: str = ""
) -> Fitted:
    """An effect with HC2 or CR2 by the unit randomised, and Satterthwaite degrees of freedom (rule 5).

    Raises EstimationRefused under rule 10.
    """
    estimate, gradient = of(model)
    variance = sandwich(pair, model, gradient)
    need_variance(variance)
    need_spread(variance.std_error, pair)
    if variance.df < LEAST_DF:
        raise EstimationRefused(f"only {variance.df:.1f} degrees of freedom are left", "use randomisation inference")
    return Fitted(
        estimate, variance.std_error, variance.df, estimator, "CR2" if pair.clustered else "HC2",
        len(model.linear.names), note, None if pair.exposure is None else observed_rates(pair),
    )  # fmt: skip


def sandwich(pair: Pair, model: Modelled, gradient: Floats, kind: str = "CR2") -> Sandwich:
    """Variance of a contrast of the coefficients; kinds as in `sandwich.clustered`."""
    return clustered(model.linear, pair.unit, gradient, kind)


def observed_rates(pair: Pair) -> tuple[float, float]:
    """Events per unit of exposure, in the arm and in the control."""
    if pair.exposure is None:
        raise AssertionError("rates are of an exposure")
    arm, control = (float(pair.y[one].sum() / pair.exposure[one].sum()) for one in (pair.treated, ~pair.treated))
    return arm, control


def need_events(pair: Pair) -> None:
    """Refuse a ratio where an arm has no event."""
    counted = [float(pair.y[pair.treated == side].sum()) for side in (True, False)]
    if min(counted) <= 0:
        raise EstimationRefused(
            f"one arm has no event ({counted[0]:.0f} and {counted[1]:.0f}), so there is no ratio", "read the counts"
        )


def need_counts(pair: Pair) -> None:
    """Refuse counts below nothing, and exposures of nothing."""
    if (pair.y < 0).any():
        raise EstimationRefused("some counts are below 0", "mend the records, or call the outcome continuous")
    if pair.exposure is not None and not (np.isfinite(pair.exposure) & (pair.exposure > 0)).all():
        number = int((~(pair.exposure > 0)).sum())
        raise EstimationRefused(
            f"{number:,} rows have no exposure above 0", "fill the column in, or make it part of `eligible`"
        )


def scores(pair: Pair) -> Floats:
    """What the draw may be tested with, whichever the arms: the outcome less what the exposure explains."""
    if pair.exposure is None or not (pair.exposure > 0).all():
        return pair.y
    left: Floats = pair.y - pair.exposure * pair.y.sum() / pair.exposure.sum()
    return left
