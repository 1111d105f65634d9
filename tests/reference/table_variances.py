"""Variances that the product never takes by itself, held to R because the engine has them all the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.cells import cells_of
from nudge.analysis.least_squares import Column, fit
from nudge.analysis.sandwich import robust
from tests.reference.classical import classical
from tests.reference.routes import Numbers, Rows, by_regression, indicators, with_interval
from tests.reference.rows import FULL, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nudge.trial.records.analysis import Floats

COEFFICIENT = FULL[:4]
PRESSURE_ARMS = ("civic_duty", "hawthorne", "self", "neighbors")
STATION_ARMS = ("canvass", "sms", "local", "local_canvass", "local_sms")
_NOTHING = np.zeros(0, dtype=np.int64)


def _regression(
    outcome: str, columns: Callable[[Rows], dict[str, Floats]], term: str, kind: str, clusters: str | None = None,
    effects: str | None = None, weights: str | None = None,
) -> Callable[[Rows], Numbers]:  # fmt: skip
    def how(rows: Rows) -> Numbers:
        return by_regression(
            rows.numbers(outcome), columns(rows), term,
            None if effects is None else rows.codes(effects, _NOTHING),
            None if clusters is None else rows.codes(clusters, _NOTHING),
            kind, None if weights is None else rows.numbers(weights),
        )  # fmt: skip

    return how


def _numbers(*names: str) -> Callable[[Rows], dict[str, Floats]]:
    return lambda rows: {name: rows.numbers(name) for name in names}


def _arms(levels: Sequence[str]) -> Callable[[Rows], dict[str, Floats]]:
    return lambda rows: indicators(rows.text("arm"), levels)


def _split_plot(rows: Rows) -> dict[str, Floats]:
    default, intensive = rows.numbers("default_buy"), rows.numbers("intensive_session")
    return {
        "default_buy": default, "intensive_session": intensive, "default_buy:intensive_session": default * intensive,
    }  # fmt: skip


def insurance() -> Iterator[Row]:
    village = partial(_regression, "takeup", clusters="natural_village")
    default = partial(village, _numbers("default_buy"), "default_buy")
    row = partial(Row, "social_insure")
    yield row("default.CR0", default(kind="cr0"), FULL)
    yield row("default.stata", default(kind="cr1s"), FULL)
    yield row("default.admin_fe.stata", default(kind="cr1s", effects="admin_village"), FULL)
    for kind in ("CR1", "CR1S", "CR3"):
        yield row(f"default.clubSandwich.{kind}", default(kind=kind), COEFFICIENT)
    yield row("intensive.stata", village(_numbers("intensive_session"), "intensive_session", kind="cr1s"), FULL)
    for term in ("default_buy", "intensive_session", "default_buy:intensive_session"):
        yield row(f"factorial.{term}", village(_split_plot, term, kind="cr1s"), FULL)


def streets() -> Iterator[Row]:
    row = partial(Row, "foos_street_gotv")
    treat = partial(_regression, "voted_2014", _numbers("treat"), "treat", clusters="street_id")
    for name, kind in (("stata", "cr1s"), ("CR0", "cr0")):
        yield row(f"ols.{name}", treat(kind=kind), FULL)
        yield row(f"fe.{name}", treat(kind=kind, effects="ward"), FULL)
        yield row(f"wls.{name}", treat(kind=kind, weights="ipw"), FULL)


def pressure() -> Iterator[Row]:
    row = partial(Row, "social_pressure_200")
    for arm in PRESSURE_ARMS:
        of = partial(_regression, "voted", _arms(PRESSURE_ARMS), arm, clusters="household_id")
        for name, kind in (("stata", "cr1s"), ("CR0", "cr0")):
            yield row(f"sub200.ols.{name}.{arm}", of(kind=kind), FULL)
            yield row(f"sub200.fe.{name}.{arm}", of(kind=kind, effects="block_id"), FULL)


def letters() -> Iterator[Row]:
    row = partial(Row, "karlan_list")
    for outcome in ("gave", "amount"):
        for kind in ("classical", "HC1"):
            how = _regression(outcome, _numbers("treatment"), "treatment", kind.lower())
            yield row(f"ols.{outcome}.{kind}", how, FULL)
    for term in ("treatment", "r2", "r3", "t25", "t50", "t100", "am", "ah"):
        yield row(f"t4c2.amount.{term}", _regression("amount", _offers, term, "classical"), FULL)


def _offers(rows: Rows) -> dict[str, Floats]:
    ratio = indicators(rows.text("match_ratio"), ["2:1", "3:1"])
    size = indicators(rows.text("match_threshold"), ["25000", "50000", "100000"])
    ask = indicators(rows.text("example_amount"), ["medium", "high"])
    names = ("r2", "r3", "t25", "t50", "t100", "am", "ah")
    values = (*ratio.values(), *size.values(), *ask.values())
    return {"treatment": rows.numbers("treatment"), **dict(zip(names, values, strict=True))}


def stations() -> Iterator[Row]:
    row = partial(Row, "kenya_registration")
    for kind in ("classical", "HC1", "HC2"):
        for arm in STATION_ARMS:
            yield row(f"t2c5.{kind}.{arm}", partial(_stations_weighted, kind=kind, arm=arm), FULL)


def _stations_weighted(rows: Rows, kind: str, arm: str) -> Numbers:
    """All six arms, blocks and covariates at once, weighted as R weights for HC: every row √w times."""
    root = np.sqrt(rows.numbers("weight"))
    y = rows.numbers("registrations_per_rv13")
    columns = {"one": np.ones(len(rows)), **indicators(rows.text("arm"), STATION_ARMS)}
    columns |= {name: rows.numbers(name) for name in ("poverty", "distance_km", "pop_density")}
    block = rows.codes("block_id", _NOTHING)
    columns |= {f"block {b}": (block == b).astype(float) for b in np.unique(block)[1:]}
    known = ~np.isnan(np.column_stack([y, *columns.values()])).any(axis=1)
    cells = cells_of([np.arange(int(known.sum()))])
    made = [Column(name, (values * root)[known]) for name, values in columns.items() if values[known].any()]
    model = fit(cells, (y * root)[known], made)
    contrast = model.contrast(arm)
    found = classical(model, contrast) if kind == "classical" else robust(model, contrast, kind)
    return with_interval(model.estimate(contrast), found.std_error, float(known.sum() - len(made)))


VARIANCES: tuple[Row, ...] = (*insurance(), *streets(), *pressure(), *letters(), *stations())
