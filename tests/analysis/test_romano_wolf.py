"""Romano and Wolf's step-down: by hand, against Dunnett's test, and how often it errs over a family."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import dunnett

from nudge.analysis.drawn_sums import t_ratio
from nudge.analysis.multiplicity import adjusted
from nudge.analysis.romano_wolf import ArmDraws, Question, Units, adjust, step_down
from nudge.analysis.studentised import studentised_test
from nudge.trial.records.analysis import Design, Estimate, Floats, Ints
from tests.analysis.builders import CLUSTER, COMPLETE, SHAPES, made_up, outcome, results, rows, trial

THREE = {"usual": {"control": True}, "reminder": {}, "plan": {}}


def _shuffled(made: Ints) -> ArmDraws:
    def draw(number: int, rng: np.random.Generator) -> Ints:
        return rng.permuted(np.broadcast_to(made, (number, made.size)), axis=1)

    return draw


def test_the_steps_by_hand() -> None:
    """Four draws, three questions: the largest of all, then of the two left, then the last; never falling."""
    drawn = np.array([[1.0, 2.0, 0.5], [3.0, 0.1, 0.2], [0.3, 0.4, 2.5], [0.9, 1.5, 1.6]])
    # |t| 2.4, 1.55, 0.1: max of all: 2.0 3.0 2.5 1.6 -> 2 hits; of the last two: 2.0 0.2 2.5 1.6 -> 3; the last: 4.
    assert step_down(np.array([2.4, 1.55, 0.1]), drawn).tolist() == [3 / 5, 4 / 5, 5 / 5]
    assert step_down(np.array([1.55, 0.1, 2.4]), drawn[:, [1, 2, 0]]).tolist() == [4 / 5, 1.0, 3 / 5]


def test_every_draw_of_six_units_gone_through() -> None:
    """The same t written out, unit by unit, over all 90 ways to give three arms two units each."""
    y = np.array([3.0, 5.0, 4.0, 9.0, 1.0, 2.5])
    made = np.array([0, 0, 1, 1, 2, 2])
    every = np.array(sorted(set(permutations(made.tolist()))))
    assert len(every) == 90
    questions = [Question(Units(y, np.ones(6), np.zeros(6, dtype=np.int64)), arm, 0) for arm in (1, 2)]
    got = np.column_stack([one.t(every) for one in questions])

    def welch(draw: Ints, arm: int) -> float:
        one, other = y[draw == arm], y[draw == 0]
        variance = one.var(ddof=1) / 2 + other.var(ddof=1) / 2
        return float(t_ratio(np.array([one.mean() - other.mean()]), np.array([variance]))[0])

    wanted = np.array([[welch(draw, arm) for arm in (1, 2)] for draw in every])
    assert got == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("shape", ["individuals", "households", "blocks", "pairs", "sites", "sites in blocks"])
def test_one_question_alone_is_the_studentised_test(shape: str) -> None:
    pair = made_up(SHAPES[shape], seed=4)
    _, first, unit = np.unique(pair.unit, return_index=True, return_inverse=True)
    counted = np.bincount(unit).astype(float)
    of = Units(np.bincount(unit, pair.y).astype(float), counted, pair.block[first])
    made = pair.treated[first].astype(np.int64)
    paired = SHAPES[shape].pairs
    members = [np.flatnonzero(of.block == block) for block in np.unique(of.block)]

    def draw(number: int, rng: np.random.Generator) -> Ints:
        drawn = np.empty((number, made.size), dtype=np.int64)
        for here in members:
            drawn[:, here] = rng.permuted(np.broadcast_to(made[here], (number, here.size)), axis=1)
        return drawn

    (p,) = adjust([Question(of, 1, 0, paired)], draw, made, draws=4_000).p_values
    alone = studentised_test(pair, draws=4_000).p_value
    assert p == pytest.approx(alone, abs=4 * np.sqrt(2 * alone * (1 - alone) / 4_000) + 1e-3)


def test_many_people_three_arms_and_a_control_agree_with_dunnett() -> None:
    """The first step is the test of the largest t, which Dunnett (1955) has in closed form for normal outcomes."""
    rng = np.random.default_rng(3)
    made = np.repeat(np.arange(4), 150)
    y = rng.normal(size=made.size) + np.array([0, 0.1, 0.15, 0.24])[made]
    of = Units(y, np.ones(y.size), np.zeros(y.size, dtype=np.int64))
    found = adjust([Question(of, arm, 0) for arm in (1, 2, 3)], _shuffled(made), made, draws=5_000)
    theirs = dunnett(*(y[made == arm] for arm in (1, 2, 3)), control=y[made == 0], rng=np.random.default_rng(1))
    least = int(np.argmin(theirs.pvalue))
    p = float(theirs.pvalue[least])
    assert found.p_values[least] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 5_000) + 0.003)


def test_an_outcome_asked_twice_costs_nothing() -> None:
    rng = np.random.default_rng(5)
    made = np.repeat([0, 1], 40)
    of = Units(rng.normal(size=80) + 0.4 * made, np.ones(80), np.zeros(80, dtype=np.int64))
    once = adjust([Question(of, 1, 0)], _shuffled(made), made, draws=2_000)
    twice = adjust([Question(of, 1, 0)] * 2, _shuffled(made), made, draws=2_000)
    assert twice.p_values == once.p_values * 2


def _lines(n: int, design: Design = COMPLETE, *, size: int = 1, **analysis: object) -> list[Estimate]:
    rng = np.random.default_rng(9)
    made = trial(arms=THREE, outcomes={"came": outcome(), "booked": outcome()}, analysis=analysis)
    arm = np.repeat(["usual", "reminder", "plan"], n * size)
    unit = np.repeat(np.arange(3 * n), size)
    share = {"usual": 0.3, "reminder": 0.4, "plan": 0.6}
    came = [float(rng.random() < share[one]) for one in arm.tolist()]
    booked = [one if rng.random() < 0.9 else 1 - one for one in came]
    of = {name: rows(values, arm.tolist(), unit=unit.tolist()) for name, values in (("came", came), ("booked", booked))}
    return [line for line in results(made, of, design).estimates if line.label == "prespecified"]


def test_a_file_asks_for_it_and_every_line_says_how() -> None:
    lines = _lines(60, multiplicity="romano_wolf")
    holm = adjusted([line.p_value or 0.0 for line in lines])
    for line, theirs in zip(lines, holm, strict=True):
        assert line.p_value is not None
        assert line.p_adjusted is not None
        assert line.p_value <= line.p_adjusted <= theirs + 0.01
        assert "Romano and Wolf's step-down over 5,000 draws of all arms" in line.note
    small = [line.p_adjusted for line in lines if (line.p_value or 0) > 0.01]
    assert small
    assert small != [p for line, p in zip(lines, holm, strict=True) if (line.p_value or 0) > 0.01]


def test_below_thirty_units_holm_stays_and_says_why() -> None:
    lines = _lines(12, CLUSTER, size=6, multiplicity="romano_wolf")
    holm = _lines(12, CLUSTER, size=6)
    assert [line.p_adjusted for line in lines] == [line.p_adjusted for line in holm]
    assert all("has 24 randomised units, and it takes 30" in line.note for line in lines)


def test_without_a_known_law_holm_stays() -> None:
    lines = _lines(60, Design(None, clusters=False, blocks=False), multiplicity="romano_wolf")
    assert all("the law of the draw is not known" in line.note for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("real", [0.0, 1.0])
def test_the_family_errs_at_most_one_time_in_twenty(real: float) -> None:
    """Four questions, two outcomes that go together; with `real`, one arm moves the first outcome truly.

    400 trials of 36 clusters, 199 draws each: three Monte Carlo errors above .05 are .083.
    """
    rng = np.random.default_rng(11)
    made = np.repeat(np.arange(3), 12)
    sizes = rng.integers(5, 40, 36).astype(float)
    false = 0
    for _ in range(400):
        made = rng.permutation(made)
        shared = rng.normal(size=36) * 0.5
        sums: list[Floats] = []
        for which in range(2):
            own = shared + 0.3 * rng.normal(size=36) + (real * (made == 2) if which == 0 else 0)
            sums.append(sizes * own + np.sqrt(sizes) * rng.normal(size=36))
        units = [Units(one, sizes, np.zeros(36, dtype=np.int64)) for one in sums]
        questions = [Question(one, arm, 0) for one in units for arm in (1, 2)]
        found = adjust(questions, _shuffled(made), made, draws=199, seed=int(rng.integers(1 << 30)))
        true_nulls = [0, 2, 3] if real else [0, 1, 2, 3]
        false += any(found.p_values[i] <= 0.05 for i in true_nulls)
    assert false / 400 <= 0.083
    assert false / 400 >= (0.02 if not real else 0.0)
