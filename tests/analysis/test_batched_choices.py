"""Every choice the lock can make is the same in the batch as from the very same rows, covariates and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from nudge.analysis.batched import fits
from nudge.analysis.estimators import estimator_names
from nudge.analysis.inference import answer
from nudge.analysis.named import named_names
from nudge.analysis.operating import Tally
from nudge.analysis.runs import Baseline, Runs
from nudge.trial.records.analysis import Bools, Design, Floats, Ints
from nudge.trial.records.columns import Coded, Column

NUMBER = 24


@dataclass(frozen=True)
class Case:
    """A design with covariates: units by block, the most people in one, and the choice it should lead to."""

    method: str
    blocks: tuple[int, ...]
    people: int
    estimator: str
    adjustment: str
    covariates: Sequence[str] = ("age", "area")
    clusters: bool = False
    average: str = "person"
    binary: bool = True
    arms: int = 2
    known: float = 1.0
    blanks: bool = False
    shares: Sequence[float] = ()


CASES = {
    "Lin": Case("complete", (200,), 1, "difference_in_means", "interacted"),
    "Lin, a number, blanks, some unknown": Case(
        "complete", (240,), 1, "difference_in_means", "interacted", binary=False, known=0.9, blanks=True
    ),
    "Lin, three arms in blocks": Case("blocked", (90, 80, 40), 1, "block_weighted", "interacted", arms=3),
    "Lin, households": Case("complete", (200,), 3, "difference_in_means", "interacted", known=0.9),
    "Lin, households in blocks": Case("blocked", (120, 90, 60), 3, "block_weighted", "interacted", blanks=True),
    "Lin, sites": Case("cluster", (60,), 20, "difference_in_means", "interacted", ("age",), clusters=True),
    "additive": Case("complete", (36,), 1, "difference_in_means", "additive", ("age", "first")),
    "additive in blocks": Case("blocked", (20, 16), 2, "block_weighted", "additive", ("age", "first")),
    "additive, sites in blocks": Case(
        "blocked_cluster", (16, 16), 25, "block_weighted", "additive", ("age", "first"), clusters=True, known=0.95
    ),
    "too many columns": Case("complete", (30,), 2, "difference_in_means", "none", ("age", "first", "area")),
    "fixed effects": Case("blocked", (40, 30, 3, 3), 1, "fixed_effects", "additive"),
    "fixed effects, households": Case("blocked", (40, 30, 3), 3, "fixed_effects", "additive", binary=False),
    "fixed effects alone": Case("blocked", (30, 20, 3), 2, "fixed_effects", "none", ()),
    "small blocks of three arms": Case("blocked", (4,) * 30, 2, "fixed_effects", "additive", ("age",), arms=3),
    "clusters that count the same": Case(
        "cluster", (40,), 20, "cluster_means", "interacted", ("age",), clusters=True, average="cluster", known=0.9
    ),
    "households that count the same, in blocks": Case(
        "blocked", (60, 40), 3, "cluster_means", "interacted", average="cluster", binary=False
    ),
    "clusters in small blocks": Case(
        "blocked_cluster", (3,) * 14, 12, "cluster_means", "interacted", ("age",), clusters=True, average="cluster"
    ),
    "pairs": Case("matched_pairs", (2,) * 40, 1, "paired", "none"),
    "pairs of sites that count the same": Case(
        "matched_pairs", (2,) * 24, 15, "cluster_means", "interacted", ("age",), clusters=True, average="cluster"
    ),
    "batches": Case("adaptive", (60, 60, 60), 1, "batched", "none", (), arms=3),
    "batches of households": Case("adaptive", (60, 60), 3, "batched", "none", ("age",), arms=3, known=0.9),
    "unequal chances": Case(
        "rerandomised", (80,), 1, "inverse_probability", "additive", ("age",), shares=(0.4, 0.6)
    ),
}  # fmt: skip


def runs_of(case: Case, seed: int = 11) -> Runs:
    """Shuffled arms and outcomes that hang on the covariates."""
    rng = np.random.default_rng(seed)
    block: Ints = np.repeat(np.arange(len(case.blocks)), case.blocks).astype(np.int64)
    arms = np.empty((NUMBER, block.size), dtype=np.int64)
    for low, high in pairwise(np.cumsum([0, *case.blocks])):
        start = (np.arange(high - low) + (low % 2)) % case.arms
        arms[:, low:high] = rng.permuted(np.tile(start, (NUMBER, 1)), axis=1)
    size = rng.integers(1, case.people + 1, block.size)
    of: Ints = np.repeat(np.arange(block.size), size).astype(np.int64)
    n = of.size
    age = rng.normal(24, 3, n).round(2)
    if case.blanks:
        age[rng.random(n) < 0.1] = np.nan
    values: dict[str, Column] = {
        "age": age, "first": (rng.random(n) < 0.45).astype(float),
        "area": Coded.of(rng.choice(["north", "south", "west"], n).tolist()),
    }  # fmt: skip
    types = {"age": "number", "first": "yes_no", "area": "category"}
    known = (rng.random((NUMBER, n)) < case.known).astype(float)
    foretold = np.where(np.isnan(age), 24.0, age) / 30
    treated: Bools = arms == 1
    risk = np.clip(0.4 * foretold + 0.1 * treated[:, of] + 0.1 * rng.random((NUMBER, block.size))[:, of], 0, 1)
    y: Floats = (
        (rng.random(risk.shape) < risk).astype(float) if case.binary else 3 * risk + rng.standard_normal(risk.shape)
    )
    share = np.full(block.size, 1 / case.arms)
    if case.shares:
        share = np.where(np.arange(block.size) % 2 == 0, *case.shares)
    return Runs(
        treated, arms < 2, known, y * known, block, case.binary, case.clusters, case.average, of,
        Baseline.of({name: values[name] for name in case.covariates}, types),
        np.vstack([share, 1 - share if case.shares else share]),
    )  # fmt: skip


def design_of(case: Case) -> Design:
    return Design(case.method, clusters=case.clusters, blocks=len(case.blocks) > 1)


def test_every_estimator_there_is_has_a_case() -> None:
    """Those that the draw chooses; others are named in the file, and a stepped wedge is simulated by itself."""
    by_themselves = {"immediate_effect", "exposure_averaged"}
    assert {case.estimator for case in CASES.values()} == set(estimator_names()) - set(named_names()) - by_themselves


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_batch_is_the_estimator_on_the_same_rows(case: Case) -> None:
    runs, design = runs_of(case), design_of(case)
    found, tally = fits(runs, design), Tally()
    tally.add(runs, design)
    asked = case.estimator == "inverse_probability"
    assert found.settled.any() != asked
    assert tally.by_rows == int((~found.settled).sum())
    seen = set()
    for run in range(8):
        one = answer(runs.pair(run), design, binary=case.binary, average=case.average)
        seen.add((one.choice.estimator, one.choice.adjustment))
        assert tally.estimate[0][run] == pytest.approx(one.estimate, rel=1e-9, abs=1e-12)
        if one.std_error is None:
            assert not found.settled[run]
            continue
        assert found.settled[run] != asked
        assert tally.std_error[0][run] == pytest.approx(one.std_error, rel=1e-9)
        assert tally.df[0][run] == pytest.approx(one.df, rel=1e-9)
        assert tally.p_value[0][run] == pytest.approx(one.p_value, rel=1e-8)
    assert (case.estimator, case.adjustment) in seen


def test_a_level_that_a_run_does_not_have_is_left_to_its_rows() -> None:
    """A column that is constant on the rows of a run is no column there, and changes how many are counted."""
    case = Case("complete", (60,), 1, "difference_in_means", "interacted", ("area",), arms=3)
    runs, design = runs_of(case), design_of(case)
    assert runs.baseline is not None
    rare = Coded.of([*["north"] * 59, "south"])
    absent = Runs(
        runs.treated, runs.here, runs.rows, runs.totals, runs.block, runs.binary, runs.clusters, runs.average, runs.of,
        Baseline.of({"area": rare}, runs.baseline.types), runs.chance,
    )  # fmt: skip
    found = fits(absent, design)
    assert not found.settled[~absent.here[:, -1]].any()
