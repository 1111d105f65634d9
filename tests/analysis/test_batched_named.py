"""Named estimators of many runs at once give what each run gives by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from nudge.analysis.batched_named import in_batches, named_fits
from nudge.analysis.inference import answer
from nudge.analysis.operating import Tally
from nudge.analysis.runs import Baseline, Runs
from nudge.trial.records.analysis import Design

RUNS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of trial."""

    named: str
    sites: bool = False
    blocks: int = 1
    exposed: bool = False
    binary: bool = False
    columns: bool = False
    by_rows: bool = False


CASES = [
    Case("logit", binary=True), Case("logit", sites=True, binary=True), Case("rate_ratio"),
    Case("rate_ratio", sites=True), Case("rate_ratio", exposed=True), Case("rate_ratio", sites=True, exposed=True),
    Case("rate_ratio", binary=True), Case("rate_difference", sites=True, exposed=True), Case("ordinal"),
    Case("ordinal", sites=True), Case("ordinal", blocks=4), Case("ordinal", columns=True), Case("survival"),
    Case("survival", sites=True), Case("survival", blocks=4, columns=True),
    Case("rate_ratio", blocks=3), Case("rate_ratio", sites=True, columns=True, exposed=True),
    Case("logit", binary=True, columns=True), Case("logit", sites=True, binary=True, blocks=2, columns=True),
    Case("rate_difference", exposed=True, columns=True), Case("negative_binomial"),
    Case("negative_binomial", sites=True, blocks=2, exposed=True), Case("cox", by_rows=True),
]  # fmt: skip


def runs_of(case: Case) -> Runs:
    rng = np.random.default_rng(20)
    sizes = rng.integers(4, 15, 24) if case.sites else np.ones(90, dtype=np.int64)
    unit = np.repeat(np.arange(sizes.size), sizes)
    treated = np.array([rng.permutation(sizes.size) < sizes.size * 0.4 for _ in range(RUNS)])
    shape = (RUNS, unit.size)
    rows = (rng.random(shape) < 0.9).astype(float)
    push = 0.4 * treated[:, unit] + rng.normal(0, 0.3, (RUNS, sizes.size))[:, unit]
    exposure = rng.integers(1, 5, unit.size).astype(float) if case.exposed else None
    event = None
    if case.binary:
        value = (rng.random(shape) < 0.3 * np.exp(push / 2)).astype(float)
    elif case.named in {"survival", "cox"}:
        time = np.ceil(rng.exponential(30 * np.exp(-push)))
        event, value = (time <= 28).astype(float), np.minimum(time, 28.0)
    else:
        value = rng.poisson(rng.gamma(2.0, 0.7, shape) * np.exp(push) * (1.0 if exposure is None else exposure))
    columns = {"age": rng.normal(size=unit.size)}
    baseline = Baseline.of(columns, {"age": "number"}) if case.columns else None
    return Runs(
        treated, np.ones_like(treated), rows, value * rows, np.arange(sizes.size) % case.blocks, case.binary,
        case.sites, "person", unit, baseline,
        np.repeat([[0.4], [0.6]], sizes.size, axis=1), named=case.named, event=event, exposure=exposure,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case)[5:-1])
def test_a_batch_gives_what_every_run_gives_by_itself(case: Case) -> None:
    runs = runs_of(case)
    design = Design("cluster" if case.sites else "blocked", clusters=case.sites, blocks=case.blocks > 1)
    found, tally = named_fits(runs, design), Tally()
    tally.add(runs, design)
    assert found.settled.all() == (not case.by_rows)
    assert found.settled.any() == (not case.by_rows)
    assert in_batches(case.named) == (not case.by_rows)
    # A dispersion is looked for to 7 digits of its logarithm.
    digits = 1e-5 if case.named == "negative_binomial" else 1e-7
    assert tally.by_rows == (RUNS if case.by_rows else 0)
    for run in range(RUNS):
        one = answer(runs.pair(run), design, binary=case.binary, average="person", arms=runs.arms, named=case.named)
        assert one.std_error is not None
        assert tally.estimate[0][run] == pytest.approx(one.estimate, rel=digits, abs=1e-12)
        assert tally.std_error[0][run] == pytest.approx(one.std_error, rel=digits)
        assert tally.df[0][run] == pytest.approx(one.df, rel=digits)
        assert tally.p_value[0][run] == pytest.approx(one.p_value, rel=10 * digits)


def test_fewer_is_better_turns_estimates_round() -> None:
    runs, design = runs_of(Case("rate_ratio")), Design("complete", clusters=False, blocks=False)
    one, other = Tally(), Tally()
    one.add(runs, design)
    other.add(replace(runs, sign=-1), design)
    assert other.estimate[0] == pytest.approx(-one.estimate[0])
    assert other.p_value[0] == pytest.approx(one.p_value[0])


def test_an_arm_without_events_has_no_ratio() -> None:
    runs, design = runs_of(Case("rate_ratio")), Design("complete", clusters=False, blocks=False)
    totals = runs.totals.copy()
    totals[0, runs.treated[0, runs.unit]] = 0.0
    bare = replace(runs, totals=totals)
    assert named_fits(bare, design).settled.tolist() == [False, True, True, True, True]
    tally = Tally()
    tally.add(bare, design)
    assert np.isnan(tally.std_error[0][0])
    assert tally.p_value[0][0] < 0.05, "by drawing again, as the report has it"
