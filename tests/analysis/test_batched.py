"""The batch equals the estimator that takes rows, on every route it settles; the rest it leaves to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from nudge.analysis.batched import fits
from nudge.analysis.inference import answer
from nudge.analysis.operating import Tally
from nudge.analysis.runs import Runs
from nudge.trial.records.analysis import Bools, Design, Floats, Ints

NUMBER = 40


@dataclass(frozen=True)
class Case:
    """A design: units by block, people in each, and how it is analysed."""

    method: str
    blocks: tuple[int, ...]
    most_people: int
    estimator: str
    clusters: bool = False
    average: str = "person"
    binary: bool = True
    third_arm: bool = False
    unknown: float = 0.0


CASES = {
    "unblocked": Case("complete", (120,), 1, "difference_in_means"),
    "three arms, some unknown": Case("complete", (150,), 1, "difference_in_means", third_arm=True, unknown=0.2),
    "a number": Case("complete", (80,), 1, "difference_in_means", binary=False),
    "blocked": Case("blocked", (40, 30, 20), 1, "block_weighted", third_arm=True),
    "households": Case("complete", (100,), 3, "difference_in_means"),
    "households in blocks": Case("blocked", (40, 30, 25), 3, "block_weighted", unknown=0.1),
    "households, a number": Case("complete", (60,), 3, "difference_in_means", binary=False),
    "sites": Case("cluster", (40,), 30, "difference_in_means", clusters=True),
    "sites in blocks": Case("blocked_cluster", (20, 16), 30, "block_weighted", clusters=True),
    "sites that count the same": Case("cluster", (24,), 30, "cluster_means", clusters=True, average="cluster"),
    "pairs": Case("matched_pairs", (2,) * 30, 1, "paired"),
    "pairs of sites": Case("matched_pairs", (2,) * 20, 20, "paired", clusters=True),
}  # fmt: skip


def made(case: Case, seed: int = 7) -> Runs:
    """Runs of a case: shuffled arms, sizes and outcomes of their own."""
    rng = np.random.default_rng(seed)
    block: Ints = np.repeat(np.arange(len(case.blocks)), case.blocks).astype(np.int64)
    arms = np.empty((NUMBER, block.size), dtype=np.int64)
    edges = np.cumsum([0, *case.blocks])
    for low, high in pairwise(edges):
        start = np.arange(high - low) % (3 if case.third_arm else 2)
        arms[:, low:high] = rng.permuted(np.tile(start, (NUMBER, 1)), axis=1)
    people = rng.integers(1, case.most_people + 1, block.size)
    rows: Floats = rng.binomial(np.broadcast_to(people, arms.shape), 1 - case.unknown).astype(float)
    risk = rng.beta(4, 6, arms.shape) + 0.1 * (arms == 1)
    totals: Floats = (
        rng.binomial(rows.astype(np.int64), np.clip(risk, 0, 1)).astype(float)
        if case.binary else rows * (5 + risk) + np.sqrt(rows) * rng.standard_normal(arms.shape)
    )  # fmt: skip
    treated: Bools = arms == 1
    return Runs(treated, arms < 2, rows, totals, block, case.binary, case.clusters, case.average)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_batch_is_the_estimator(case: Case) -> None:
    runs = made(case)
    design = Design(case.method, clusters=case.clusters, blocks=len(case.blocks) > 1)
    found = fits(runs, design)
    assert found.settled.mean() > 0.9
    for run in np.flatnonzero(found.settled)[:12]:
        one = answer(runs.pair(int(run)), design, binary=case.binary, average=case.average)
        assert one.choice.estimator == case.estimator
        assert one.std_error is not None
        assert one.df is not None
        assert found.estimate[run] == pytest.approx(one.estimate, abs=1e-9)
        assert found.std_error[run] == pytest.approx(one.std_error, rel=1e-9)
        assert found.df[run] == pytest.approx(one.df, rel=1e-9)


@pytest.mark.parametrize(
    "case",
    [
        Case("cluster", (6,), 40, "difference_in_means", clusters=True),
        Case("blocked", (8, 3), 1, "fixed_effects"),
    ],
    ids=["six sites", "a single unit in a cell"],
)
def test_what_needs_rows_is_left_to_the_rows(case: Case) -> None:
    runs = made(case)
    design = Design(case.method, clusters=case.clusters, blocks=len(case.blocks) > 1)
    tally = Tally()
    tally.add(runs, design)
    assert tally.by_rows == int((~fits(runs, design).settled).sum()) > 0
    for run in np.flatnonzero(~fits(runs, design).settled)[:5]:
        one = answer(runs.pair(int(run)), design, binary=True, average="person")
        assert tally.estimate[0][run] == pytest.approx(one.estimate)
        assert np.isnan(tally.std_error[0][run]) == (one.std_error is None)


def test_no_event_in_an_arm_is_left_to_the_rows() -> None:
    runs = made(CASES["unblocked"])
    none = replace(runs, totals=np.where(runs.treated, 0.0, runs.totals))
    assert not fits(none, Design("complete", clusters=False, blocks=False)).settled.any()


def test_relabelling_the_arms_flips_the_sign() -> None:
    runs = made(CASES["households in blocks"])
    other = replace(runs, treated=~runs.treated & runs.here)
    design = Design("blocked", clusters=False, blocks=True)
    first, second = fits(runs, design), fits(other, design)
    np.testing.assert_allclose(first.estimate, -second.estimate, atol=1e-12)
    np.testing.assert_allclose(first.std_error, second.std_error, rtol=1e-12)
