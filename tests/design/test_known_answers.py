"""Methods of drawing held to figures and formulas from elsewhere."""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial, lgamma, log, sqrt

import numpy as np
import pytest
from scipy.stats import chi2

from nudge.design import fixed_numbers
from nudge.design.acceptance import Mahalanobis, criterion
from nudge.design.columns import standardised
from nudge.design.methods import adaptive, matched_pairs, method, minimisation, rerandomised, stepped_wedge
from nudge.design.thompson import chances_of_best
from nudge.trial.errors import InputError
from nudge.trial.records.design import DrawUnit, Law, Seed

SEED = Seed(b"s" * 32, b"salt")


def law(name: str, ratio: tuple[int, ...], **parameters: object) -> Law:
    return Law("trial", name, tuple("abcdef"[: len(ratio)]), ratio, (), parameters, control="a")


def blocks(*sizes: int) -> list[DrawUnit]:
    return [DrawUnit(f"{b}-{i}", (str(b),)) for b, size in enumerate(sizes) for i in range(size)]


def test_gerber_and_green_s_seven_villages() -> None:
    """ri2 (test-gg-in-text.R), after Gerber & Green 2012, table 2.1: effect 6.5, p 5/21 and 8/21."""
    outcome, treated = np.array([15, 15, 20, 20, 10, 15, 30]), np.array([1, 0, 0, 0, 0, 0, 1])
    draws = list(fixed_numbers.every_draw(blocks(7), law("complete", (5, 2))))
    assert len(draws) == 21
    effects = np.array([outcome[np.array(arms) == 1].mean() - outcome[np.array(arms) == 0].mean() for arms, _ in draws])
    seen = outcome[treated == 1].mean() - outcome[treated == 0].mean()
    assert seen == 6.5
    upper = sum((chance for (_, chance), one in zip(draws, effects, strict=True) if one >= seen - 1e-9), Fraction(0))
    both = sum(
        (chance for (_, chance), one in zip(draws, effects, strict=True) if abs(one) >= seen - 1e-9), Fraction(0)
    )
    assert (upper, both) == (Fraction(5, 21), Fraction(8, 21))


@pytest.mark.parametrize(
    ("sizes", "ratio", "number"),
    [
        ((4,), (1, 1), comb(4, 2)),
        ((4, 6), (1, 1), comb(4, 2) * comb(6, 3)),
        ((5,), (1, 1), 2 * comb(5, 2)),
        ((6,), (1, 1, 1), factorial(6) // 8),
        ((4,), (1, 1, 1), 3 * factorial(4) // 2),
        ((3, 3), (2, 1), 9),
    ],
)  # fmt: skip
def test_there_are_as_many_draws_as_combinatorics_says(
    sizes: tuple[int, ...], ratio: tuple[int, ...], number: int
) -> None:
    """As randomizr's obtain_num_permutations counts them."""
    listed = list(fixed_numbers.every_draw(blocks(*sizes), law("blocked", ratio)))
    assert len(listed) == number
    assert len({chance for _, chance in listed}) == 1


def test_a_block_of_one_gives_every_arm_exactly_its_share() -> None:
    assert fixed_numbers.count_law(1, (5, 3, 2)) == {
        (1, 0, 0): Fraction(1, 2), (0, 1, 0): Fraction(3, 10), (0, 0, 1): Fraction(1, 5),
    }  # fmt: skip


def test_many_equal_arms_are_no_trouble() -> None:
    """Sixteen arms, three places over: every set of three arms is as likely (16 choose 3)."""
    found = fixed_numbers.count_law(19, (1,) * 16)
    assert len(found) == comb(16, 3)
    assert set(found.values()) == {Fraction(1, comb(16, 3))}


ADVANCED = {  # Pocock 1983, Clinical Trials, table 5.7: advanced breast cancer, patients on A and B by factor and level
    ("performance", "ambulatory"): (30, 31), ("performance", "other"): (10, 9),
    ("age", "under 50"): (18, 17), ("age", "50 or over"): (22, 23),
    ("free_interval", "under 2 years"): (31, 32), ("free_interval", "2 years or more"): (9, 8),
    ("lesion", "visceral"): (19, 21), ("lesion", "osseous"): (8, 7), ("lesion", "soft tissue"): (13, 12),
}  # fmt: skip
NEXT = {
    "performance": "ambulatory",
    "age": "under 50",
    "free_interval": "2 years or more",
    "lesion": "visceral",
}


def test_pocock_s_breast_cancer_patient() -> None:
    """By Pocock & Simon's range: given A, |31−31| + |19−17| + |10−8| + |20−21| = 5; given B, 2 + 0 + 0 + 3 = 5.

    Pocock's own sums at the patient's levels are 76 and 77, of which the range sees a tie.
    """
    here = [ADVANCED[factor, level] for factor, level in NEXT.items()]
    assert (sum(a for a, _ in here), sum(b for _, b in here)) == (76, 77)
    book = minimisation.register(law("minimisation", (1, 1), balance_on=list(NEXT)), SEED)
    for f, factor in enumerate(NEXT):
        for (name, level), numbers in ADVANCED.items():
            if name == factor:
                book.counts.update({(f, level, k): number for k, number in enumerate(numbers)})
    unit = DrawUnit("next", (), NEXT)
    assert book.imbalance(unit) == (5, 5)
    assert book.chances(unit) == (Fraction(1, 2), Fraction(1, 2))
    book.counts[0, "ambulatory", 0] += 1  # 31 and 31: given A 1 where it was 0, given B 1 where it was 2
    assert book.imbalance(unit) == (6, 4)
    assert book.chances(unit) == (Fraction(1, 5), Fraction(4, 5))


def test_the_biased_coin_of_uneven_arms() -> None:
    """Han, Enas & McEntegart 2009: p for the smallest arm when preferred; every arm keeps its share overall."""
    book = minimisation.register(law("minimisation", (2, 1), balance_on=["x"], probability=0.8), SEED)
    first = DrawUnit("first", (), {"x": "p"})
    assert book.imbalance(first) == (1, 2), "a half of a place on a, a whole one on b, times two"
    assert book.chances(first) == (Fraction(9, 10), Fraction(1, 10))
    coins = minimisation._coins((2, 1), "0.8")
    assert coins[1][1] == Fraction(4, 5)
    assert coins[0] == (Fraction(9, 10), Fraction(1, 10))
    shares = (Fraction(2, 3), Fraction(1, 3))
    for i in range(2):
        assert sum(shares[k] * coins[k][i] for k in range(2)) == shares[i]


@pytest.mark.parametrize("ratio", [(1, 1), (2, 1), (1, 1, 1)])
def test_minimisation_balances_what_simple_draws_do_not_and_keeps_the_shares(ratio: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    units = [DrawUnit(f"u{i}", (), {"x": "pq"[rng.integers(2)], "y": "rst"[rng.integers(3)]}) for i in range(120)]
    described = law("minimisation", ratio, balance_on=["x", "y"])
    share = ratio[0] / sum(ratio)
    level = np.array([unit.columns["y"] == "r" for unit in units])

    def spread(name: str) -> float:
        draws = method(name).redraws(units, described, 1_000, np.random.default_rng(3))
        assert abs((draws == 0).mean() - share) < 0.012
        return float((draws[:, level] == 0).mean(axis=1).std())

    assert spread("minimisation") < 0.4 * spread("simple")


def covariate_units(n: int, q: int, seed: int = 4) -> list[DrawUnit]:
    rng = np.random.default_rng(seed)
    return [DrawUnit(f"u{i}", (), {f"x{j}": float(rng.normal()) for j in range(q)}) for i in range(n)]


@pytest.mark.parametrize(("q", "arms"), [(1, 2), (3, 2), (3, 3)])
def test_the_chi_square_limit_keeps_the_share_it_says(q: int, arms: int) -> None:
    units = covariate_units(240, q)
    names = [f"x{j}" for j in range(q)]
    described = law("rerandomised", (1,) * arms, balance_on=names, accept={"share": 0.2})
    held = criterion(units, described)
    assert held.limit == round(float(chi2.ppf(0.2, q * (arms - 1))), 9)
    draws = fixed_numbers.redraws(units, described, 8_000, np.random.default_rng(5))
    kept = float((held.of(draws) <= held.limit).mean())
    assert abs(kept - 0.2) < 4 * sqrt(0.16 / 8_000) + 0.005  # 0.005: how far χ² is from the law of 240 units


def test_covariates_vary_less_by_morgan_and_rubin_s_formula() -> None:
    """1 − P(χ²(q+2) ≤ a) / P(χ²(q) ≤ a) of the variance is gone (Morgan & Rubin 2012, theorem 3.1)."""
    q, share = 3, 0.1
    units = covariate_units(200, q)
    described = law("rerandomised", (1, 1), balance_on=["x0", "x1", "x2"], accept={"share": share})
    columns = standardised(units, described)

    def variance(draws: np.ndarray) -> float:
        gaps = (draws @ columns - (1 - draws) @ columns) / 100
        return float(gaps.var(axis=0).mean())

    rng = np.random.default_rng(6)
    free = variance(fixed_numbers.redraws(units, described, 4_000, rng).astype(float))
    kept = variance(rerandomised.redraws(units, described, 4_000, rng).astype(float))
    limit = chi2.ppf(share, q)
    left = chi2.cdf(limit, q + 2) / chi2.cdf(limit, q)
    assert kept / free == pytest.approx(left, abs=0.012)


def test_mahalanobis_is_that_of_the_formula() -> None:
    units = covariate_units(30, 2)
    described = law("rerandomised", (1, 1), balance_on=["x0", "x1"], accept={"share": 0.1})
    x = np.array([[unit.columns[name] for name in ("x0", "x1")] for unit in units], dtype=float)
    arms = np.array([[i % 2 for i in range(30)]], dtype=np.int8)
    gap = x[arms[0] == 1].mean(axis=0) - x[arms[0] == 0].mean(axis=0)
    expected = 30 * 0.25 * gap @ np.linalg.inv(np.cov(x.T)) @ gap
    assert Mahalanobis(standardised(units, described), 2, 0.1).of(arms)[0] == pytest.approx(expected, abs=1e-8)


def test_a_limit_nothing_meets_is_refused_with_the_remedy() -> None:
    units = [DrawUnit(f"u{i}", (), {"x": float(i == 0)}) for i in range(6)]
    described = law("rerandomised", (1, 1), balance_on=["x"], accept={"largest_difference": 0.01})
    with pytest.raises(InputError, match="none of 10,000 draws was balanced enough.*raise `accept`"):
        rerandomised.draw(units, described, SEED)


def test_the_count_of_attempts_is_geometric() -> None:
    """The first draw kept after k attempts: the mean number is one over the share."""
    units = covariate_units(60, 2)
    described = law("rerandomised", (1, 1), balance_on=["x0", "x1"], accept={"share": 0.25})
    found = [
        rerandomised.draw(units, described, Seed(i.to_bytes(32, "big"), b"")).facts["attempts"] for i in range(300)
    ]
    assert np.mean(found) == pytest.approx(4, abs=4 * sqrt(12 / 300))


def test_uneven_arms_and_an_odd_unit_have_the_chances_of_the_kept_draws() -> None:
    """One unit far from the rest: balance puts it into the larger arm more often than its share."""
    units = [DrawUnit(f"u{i}", (), {"x": 10.0 if i == 0 else i / 10}) for i in range(9)]
    described = law("rerandomised", (2, 1), balance_on=["x"], accept={"share": 0.3})
    chances = rerandomised.probabilities(units, described)
    assert chances[0, 0] > 0.75
    row = next(row for row in rerandomised.draw(units, described, SEED).rows if row.unit == "u0")
    assert row.probability == chances[0, "ab".index(row.arm)]


def better(a1: int, b1: int, a2: int, b2: int) -> float:
    """P(the second of two Beta posteriors is larger), in closed form for whole parameters (Miller 2014)."""

    def beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    terms = (beta(a1 + i, b1 + b2) - log(b2 + i) - beta(1 + i, b2) - beta(a1, b1) for i in range(a2))
    return float(sum(np.exp(term) for term in terms))


@pytest.mark.parametrize(
    ("successes", "trials"),
    [((0, 0), (0, 0)), ((3, 5), (10, 9)), ((120, 150), (400, 410)), ((0, 900), (5, 10_000)), ((9, 88_000), (90, 9**6))],
)  # fmt: skip
def test_the_chance_to_be_best_is_the_closed_form_s(successes: tuple[int, int], trials: tuple[int, int]) -> None:
    posterior = [(1 + s, 1 + t - s) for s, t in zip(successes, trials, strict=True)]
    expected = 1 - better(*posterior[1], *posterior[0])
    assert chances_of_best(successes, trials)[1] == pytest.approx(expected, abs=1e-7)


def test_the_chance_to_be_best_of_many_is_the_simulated_one() -> None:
    successes, trials = (30, 36, 40, 28), (100, 110, 105, 90)
    draws = np.random.default_rng(7).beta(1 + np.array(successes), 1 + np.subtract(trials, successes), (400_000, 4))
    simulated = np.bincount(draws.argmax(axis=1), minlength=4) / 400_000
    assert chances_of_best(successes, trials) == pytest.approx(simulated, abs=0.004)


@pytest.mark.parametrize(
    ("successes", "trials", "control", "expected"),
    [
        ((0, 0, 0), (0, 0, 0), 0, (0.3333, 0.3334, 0.3333)),
        ((0, 0, 0, 0), (0, 0, 0, 0), None, (0.25, 0.25, 0.25, 0.25)),
        ((50, 10, 90), (100, 100, 100), 0, (0.3333, 0.1, 0.5667)),
        ((10, 50, 90), (100, 100, 100), None, (0.1, 0.1, 0.8)),
    ],
)  # fmt: skip
def test_control_and_floor_are_kept(
    successes: tuple[int, ...], trials: tuple[int, ...], control: int | None, expected: tuple[float, ...]
) -> None:
    assert adaptive.batch_probabilities(successes, trials, control, 0.1) == expected
    assert sum(Fraction(str(one)) for one in expected) == 1


def test_replays_learn_and_without_outcomes_stay_even() -> None:
    described = law("adaptive", (1, 1, 1), batch=30)
    rng = np.random.default_rng(8)
    blind = adaptive.replays([np.nan] * 90, [2] * 90, described, 400, rng)
    assert abs((blind == 1).mean() - 1 / 3) < 0.01
    outcomes = (rng.random(90) < 0.5).astype(float)
    seen = adaptive.replays(outcomes.tolist(), [2] * 30 + [3] * 30 + [4] * 30, described, 400, rng)
    late = (seen[:, 60:] == 1).mean(axis=1)
    assert abs((seen[:, 60:] == 0).mean() - 1 / 3) < 0.015, "the control keeps its third"
    assert late.std() > 1.5 * (blind[:, 60:] == 1).mean(axis=1).std(), "the others move with chance"


def test_a_stepped_wedge_shares_its_sites_out_over_the_steps() -> None:
    units = [DrawUnit(f"school {i}") for i in range(8)]
    described = law("stepped_wedge", (1, 1), steps=["2027-03-01", "2027-04-01", "2027-05-01", "2027-06-01"])
    rows = stepped_wedge.draw(units, described, SEED).rows
    assert sorted(row.step or 0 for row in rows) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert {(row.arm, row.probability) for row in rows} == {("b", 0.25)}
    assert len(list(stepped_wedge.every_draw(units, described))) == factorial(8) // 2**4


def test_the_closest_are_paired_and_the_odd_one_is_counted() -> None:
    ages = {"a": 1.0, "b": 1.1, "c": 5.0, "d": 5.3, "e": 20.0}
    units = [DrawUnit(name, (), {"age": age}) for name, age in ages.items()]
    allocation = matched_pairs.draw(units, law("matched_pairs", (1, 1), balance_on=["age"]), SEED)
    group = {row.unit: row.group for row in allocation.rows}
    assert (group["a"], group["c"], group["e"]) == (group["b"], group["d"], None)
    assert allocation.facts == {"pairs": 2, "left_over": 1}
    for pair in (1, 2):
        assert sorted(row.arm for row in allocation.rows if row.group == pair) == ["a", "b"]


def test_waiting_units_cross_at_the_one_step() -> None:
    rows = method("waitlist").draw(blocks(6, 4), law("waitlist", (1, 1), steps=["2027-09-01"]), SEED).rows
    assert {(row.arm, row.step) for row in rows} == {("a", 1), ("b", None)}


def test_permuted_blocks_even_out_and_show_no_size() -> None:
    units = [DrawUnit(f"u{i}") for i in range(60)]
    described = law("permuted_blocks", (1, 1))
    allocation = method("permuted_blocks").draw(units, described, SEED)
    arms = np.array([row.arm == "a" for row in allocation.rows])
    assert np.abs(np.cumsum(2 * arms - 1)).max() <= 4, "half of the largest block, 8"
    assert allocation.facts == {}
    assert {row.group for row in allocation.rows} == {None}


@pytest.mark.parametrize("name", ["cluster", "blocked_cluster"])
def test_one_cluster_per_arm_is_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match="3 sites can leave `a` with only one site"):
        method(name).draw(blocks(3), law(name, (1, 1)), SEED)


def test_pairs_of_sites_in_blocks_are_several_per_arm() -> None:
    assert len(method("blocked_cluster").draw(blocks(2, 2), law("blocked_cluster", (1, 1)), SEED).rows) == 4
