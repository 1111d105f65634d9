"""Meta-analysis against metafor and clubSandwich: 447 effects in 334 studies in 212 publications."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2, norm, t

from nudge.evidence.pooling import pool
from nudge.evidence.random_effects import Model, common_effect, random_effects
from nudge.evidence.robust import RobustError, bias_reduced, by_any_group
from nudge.trial.records.evidence import Effects, Pool, PooledEffect
from tests.reference.routes import Numbers, Rows, with_interval
from tests.reference.rows import FULL, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nudge.trial.records.analysis import Bools, Floats, Ints

ONE = np.ones(1)
SLOPE = np.array([0.0, 1.0])
WALD = ("estimate", "std_error", "p_value", "conf_low", "conf_high", "QE")
SPREAD = ("tau2", "I2", "H2")
LIKELIHOOD = 1e-6
"""metafor ends its search at a change of 1e-5 in τ² and 1e-8 in the likelihood."""
COLUMNS = {"domain": "domain", "category": "intervention_category"}
SUBSETS = {
    "domain": ("environment", "finance", "food", "health", "other", "pro-social"),
    "intervention_category": ("assistance", "information", "structure"),
    "type_experiment": ("artefactual_field", "conventional_lab", "framed_field", "natural_field"),
}


def effects_of(rows: Rows) -> tuple[Floats, Floats]:
    return rows.numbers("cohens_d"), rows.numbers("variance_d")


def levels_of(rows: Rows, names: str) -> list[Ints]:
    """`pub/study/es` as codes."""
    columns = {"pub": "publication_id", "study": "study_id", "es": "es_id"}
    return [rows.codes(columns[name], np.zeros(0, dtype=np.int64)) for name in names.split("/")]


def fitted(rows: Rows, levels: str, columns: Floats | None = None) -> Model:
    return random_effects(*effects_of(rows), np.ones((len(rows), 1)) if columns is None else columns,
                          levels_of(rows, levels))  # fmt: skip


def normal(estimate: float, error: float) -> Numbers:
    half = float(norm.isf(0.025)) * error
    return {"estimate": estimate, "std_error": error, "p_value": float(2 * norm.sf(abs(estimate / error))),
            "conf_low": estimate - half, "conf_high": estimate + half}  # fmt: skip


def wald(rows: Rows, levels: str) -> Numbers:
    """What metafor prints by default: the normal law, variances taken as known."""
    one = np.ones((len(rows), 1))
    made = fitted(rows, levels) if levels else common_effect(*effects_of(rows), one)
    found = normal(float(made.coefficients[0]), made.wald_error(ONE))
    found["QE"] = common_effect(*effects_of(rows), one).weighted_residual()
    return found if levels != "es" else found | spread(rows, made)


def spread(rows: Rows, made: Model) -> Numbers:
    """Of independent effects: τ², I² and H² of Higgins and Thompson, and the prediction interval by the normal."""
    weight, k, tau2 = 1 / effects_of(rows)[1], len(rows), made.sigma2[0]
    typical = (k - 1) * weight.sum() / (weight.sum() ** 2 - (weight**2).sum())
    mean, wide = float(made.coefficients[0]), float(norm.isf(0.025) * np.sqrt(tau2 + made.wald_error(ONE) ** 2))
    return {"tau2": tau2, "I2": 100 * tau2 / (tau2 + typical), "H2": 1 + tau2 / typical,
            "pi_low": mean - wide, "pi_high": mean + wide}  # fmt: skip


def some(rows: Rows, on: Bools) -> Rows:
    return Rows({name: values[on] for name, values in rows.columns.items()})


def first_twenty(rows: Rows, how: Callable[[Rows], Numbers]) -> Numbers:
    return how(some(rows, rows.numbers("es_id") <= 20))


def subset(rows: Rows, column: str, value: str, levels: str) -> Numbers:
    return wald(rows.only(column, value), levels)


def pooled_by(rows: Rows, groups: str) -> Pool:
    """The product's own pool. groups: `` where every effect is told to be of another study, else `pub/study`."""
    study = rows.text("study_id" if groups else "es_id")
    publication = tuple(rows.text("publication_id").tolist()) if groups else None
    return pool(Effects(*effects_of(rows), tuple(study.tolist()), publication))


def by_product(rows: Rows, groups: str, which: Callable[[Pool], PooledEffect]) -> Numbers:
    made = pooled_by(rows, groups)
    found = which(made)
    if found.df is None or found.p_value is None or found.conf_low is None or found.conf_high is None:
        raise AssertionError(found.note)
    return {
        "estimate": found.estimate, "std_error": found.std_error, "df": found.df, "p_value": found.p_value,
        "conf_low": found.conf_low, "conf_high": found.conf_high, "tau2": made.tau2, "I2": 100 * made.i2,
        "QE": made.q, "pi_low": made.prediction_low or np.nan, "pi_high": made.prediction_high or np.nan,
    }  # fmt: skip


def the_mean(made: Pool) -> PooledEffect:
    return made.mean


def with_studies(made: Pool) -> PooledEffect:
    return made.sensitivity[0]


def careless(rows: Rows, number: int, df: float) -> Numbers:
    """What the product shows as a careless pool. df: of the law that is not shown with it."""
    one = pooled_by(rows, "pub/study").careless[number]
    law = norm if np.isinf(df) else t(df)
    return {"estimate": one.estimate, "std_error": one.std_error, "df": df, "conf_low": one.conf_low,
            "conf_high": one.conf_high, "p_value": float(2 * law.sf(abs(one.estimate / one.std_error)))}  # fmt: skip


def robust_mean(rows: Rows, levels: str, error: Callable[[Model], RobustError]) -> Numbers:
    made = fitted(rows, levels)
    found = error(made)
    return with_interval(float(made.coefficients[0]), found.std_error, found.df)


def by_publication(rows: Rows) -> Numbers:
    return robust_mean(rows, "pub/study/es", lambda made: by_any_group(made, ONE, levels_of(rows, "pub")[0]))


def indicators_of(rows: Rows, column: str) -> Floats:
    values = rows.text(column)
    return np.column_stack([(values == one).astype(float) for one in SUBSETS[column]])


def moderated(rows: Rows, column: str, value: str) -> Numbers:
    """Every level's mean in one model, errors by study as the paper took them."""
    made = fitted(rows, "pub/es", indicators_of(rows, column))
    contrast = np.array([float(one == value) for one in SUBSETS[column]])
    found = by_any_group(made, contrast, levels_of(rows, "study")[0])
    return with_interval(float(contrast @ made.coefficients), found.std_error, found.df)


def moderation(rows: Rows, column: str) -> Numbers:
    """Wald's test that all levels have one mean, effects taken as independent."""
    columns = indicators_of(rows, column)
    columns[:, 0] = 1.0
    made = fitted(rows, "es", columns)
    moves, among = made.coefficients[1:], made.bread[1:, 1:]
    value = float(moves @ np.linalg.solve(among, moves))
    return {"value": value, "p_value": float(chi2.sf(value, moves.size)), "tau2_resid": made.sigma2[0]}


def on_error(rows: Rows) -> Floats:
    return np.column_stack([np.ones(len(rows)), np.sqrt(effects_of(rows)[1])])


def egger(rows: Rows) -> Numbers:
    made = fitted(rows, "es", on_error(rows))
    error, slope = made.wald_error(SLOPE), float(made.coefficients[1])
    return {"slope": slope, "slope_se": error, "intercept": float(made.coefficients[0]), "z": slope / error,
            "p_value": float(2 * norm.sf(abs(slope / error)))}  # fmt: skip


def egger_nested(rows: Rows) -> Numbers:
    made = fitted(rows, "pub/study/es", on_error(rows))
    found = bias_reduced(made, SLOPE)
    return {"slope": float(made.coefficients[1]), "slope_se_model": made.wald_error(SLOPE),
            "slope_se_cr2": found.std_error, "df": found.df}  # fmt: skip


def egger_published(rows: Rows) -> Numbers:
    made = fitted(rows, "pub/es", on_error(rows))
    found = by_any_group(made, SLOPE, levels_of(rows, "study")[0])
    return with_interval(float(made.coefficients[1]), found.std_error, found.df)


def egger_weighted(rows: Rows) -> Numbers:
    made = common_effect(*effects_of(rows), on_error(rows))
    error = made.wald_error(SLOPE) * float(np.sqrt(made.weighted_residual() / (len(rows) - 2)))
    slope = float(made.coefficients[1])
    return {"slope": slope, "slope_se": error, "t": slope / error, "intercept": float(made.coefficients[0]),
            "p_value": float(2 * t.sf(abs(slope / error), len(rows) - 2))}  # fmt: skip


def pet_peese(rows: Rows) -> Numbers:
    """The product's own, where it is told that every effect is of another study."""
    found = pooled_by(rows, "").small_studies
    if found is None:
        raise AssertionError("there are more than ten effects")
    return {"pet": found.pet.estimate, "pet_se": found.pet.std_error, "peese": found.peese.estimate,
            "peese_se": found.peese.std_error}  # fmt: skip


def points(rows: Rows) -> Numbers:
    """Binary outcomes, both means in [0, 1], as a difference of proportions."""
    mean = {side: rows.numbers(f"mean_{side}") for side in ("control", "intervention")}
    number = {side: rows.numbers(f"n_{side}") for side in mean}
    share = np.all([(values >= 0) & (values <= 1) for values in mean.values()], axis=0)
    variance = sum(np.divide(mean[side] * (1 - mean[side]), number[side]) for side in mean)
    on = (rows.numbers("binary_outcome") == 1) & share & np.isfinite(variance) & (variance > 0)
    apart = mean["intervention"] - mean["control"]
    columns = dict(some(rows, on).columns) | {
        "cohens_d": np.array([repr(float(one)) for one in apart[on]]),
        "variance_d": np.array([repr(float(one)) for one in np.asarray(variance)[on]]),
    }
    return wald(Rows(columns), "es")


def counted(rows: Rows) -> Numbers:
    made = pooled_by(rows, "pub/study")
    return {"value": made.k, "n_studies": made.studies, "n_publication_ids": made.publications or 0}


def pooled() -> Iterator[Row]:
    row = partial(Row, "mertens_nudge_meta", rel=LIKELIHOOD)
    yield row("rma.FE", partial(careless, number=0, df=np.inf), ("estimate", "std_error", "conf_low", "conf_high"))
    yield row("rma.REML", partial(wald, levels="es"), (*WALD, *SPREAD, "pi_low", "pi_high"))
    alone = partial(by_product, groups="", which=the_mean)
    yield row("rma.REML.knha", alone, (*FULL, "tau2", "I2", "QE", "pi_low", "pi_high"))
    yield row("rma.mv.pub_es", partial(wald, levels="pub/es"), WALD)
    yield row("rma.mv.pub_study_es", partial(wald, levels="pub/study/es"), WALD)
    yield row("rve.pub_es.CR2", partial(by_product, groups="pub/study", which=the_mean), FULL)
    yield row("rve.pub_study_es.CR2", partial(by_product, groups="pub/study", which=with_studies), FULL)
    yield row("robust.pub_study_es.CR1", by_publication, FULL)
    yield row("published.overall", partial(careless, number=2, df=333.0), FULL)
    yield row("published.egger", egger_published, FULL)
    for name, column in COLUMNS.items():
        for value in SUBSETS[column]:
            yield row(f"published.{name}.{value}", partial(moderated, column=column, value=value), FULL)
        yield row(f"mods.{name}.QM", partial(moderation, column=column), ("value", "p_value", "tau2_resid"))
    for column, values in SUBSETS.items():
        for value in values:
            yield row(f"sub.{column}.{value}", partial(subset, column=column, value=value, levels="es"),
                      (*WALD, *SPREAD))  # fmt: skip
            yield row(f"sub_mv.{column}.{value}", partial(subset, column=column, value=value, levels="pub/study/es"),
                      WALD)  # fmt: skip
    yield row("egger.rma", egger, ("slope", "slope_se", "intercept", "z", "p_value"))
    yield row("egger.mv", egger_nested, ("slope", "slope_se_model", "slope_se_cr2", "df"))
    yield row("egger.lm", egger_weighted, ("slope", "slope_se", "t", "p_value", "intercept"), rel=1e-9)
    yield row("petpeese", pet_peese, ("pet", "pet_se", "peese", "peese_se"), rel=1e-9)
    yield row("es1to20.FE", partial(first_twenty, how=partial(wald, levels="")), WALD, rel=1e-9)
    yield row("es1to20.REML", partial(first_twenty, how=partial(wald, levels="es")), (*WALD, *SPREAD))
    yield row("es1to20.REML.knha", partial(first_twenty, how=alone), (*FULL, "tau2", "I2", "QE"))
    yield row("rd_binary.REML", points, (*WALD, *SPREAD))
    yield row("n", counted, ("value", "n_studies", "n_publication_ids"))


POOLED: tuple[Row, ...] = tuple(pooled())
