"""Two-stage least squares against R: the ITT model on y − effect × reached."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.cace import complier_effect
from nudge.analysis.comparison import Choice
from tests.reference.routes import Drawn, Numbers, Rows, by_regression, with_interval
from tests.reference.rows import FULL, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nudge.trial.records.analysis import Floats

REACHED = "first_round_takeup_rate"
COVARIATES = (
    "male", "age", "household_size", "rice_area", "literacy", "intensive_session", "risk_averse", "disaster_prob",
)  # fmt: skip
VILLAGES = Drawn("takeup", "1", "0", "default_buy", "cluster", clusters="natural_village")


def by_instrument(
    rows: Rows, kind: str, clusters: str | None = None, effects: str | None = None, covariates: tuple[str, ...] = ()
) -> Numbers:
    """The ratio of two regressions on the arm, and the variance of a third."""
    y, reached = rows.numbers("takeup"), rows.numbers(REACHED)
    columns: Mapping[str, Floats] = {"arm": rows.numbers("default_buy"), **{c: rows.numbers(c) for c in covariates}}
    known = ~np.isnan(np.column_stack([y, reached, *columns.values()])).any(axis=1)
    held = Rows({name: values[known] for name, values in rows.columns.items()})
    columns = {name: values[known] for name, values in columns.items()}
    nothing = np.zeros(0, dtype=np.int64)
    of = partial(
        by_regression, columns=columns, term="arm", fixed_effects=held.codes(effects, nothing) if effects else None,
        clusters=held.codes(clusters, nothing) if clusters else None, kind=kind,
    )  # fmt: skip
    share = of(reached[known])["estimate"]
    effect = of(y[known])["estimate"] / share
    left = of(y[known] - effect * reached[known])
    return with_interval(effect, left["std_error"] / abs(share), left["df"])


def by_product(rows: Rows) -> Numbers:
    """The product's own, with CR2 by village."""
    pair = VILLAGES.pair(rows)
    found = complier_effect(pair, rows.numbers(REACHED), Choice("difference_in_means", "CR2", "none", ""))
    return with_interval(found.estimate, found.std_error, found.df)


def reached() -> Iterator[Row]:
    row = partial(Row, "social_insure")
    yield row("iv.CR2", by_product, FULL)
    for name, kind in (("stata", "cr1s"), ("CR0", "cr0")):
        yield row(f"iv.{name}", partial(by_instrument, kind=kind, clusters="natural_village"), FULL)
    for kind in ("HC1", "HC2"):
        yield row(f"iv.naive.{kind}", partial(by_instrument, kind=kind.lower()), FULL)
    yield row(
        "iv.full.stata",
        partial(by_instrument, kind="cr1s", clusters="natural_village", effects="admin_village", covariates=COVARIATES),
        FULL,
    )
    yield row("iv.first_stage", first_stage, FULL)


def first_stage(rows: Rows) -> Numbers:
    codes = rows.codes("natural_village", np.zeros(0, dtype=np.int64))
    return by_regression(rows.numbers(REACHED), {"arm": rows.numbers("default_buy")}, "arm", None, codes, "cr1s")


REACHED_ROWS: tuple[Row, ...] = tuple(reached())
