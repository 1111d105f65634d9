"""Every method from the trial file to the store: what a file may say of its draw, and what is kept of one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.design.methods import method, method_names
from nudge.store.people import load_allocation, load_roll, save_allocation
from nudge.store.tables import allocations, draws
from nudge.trial.load import load_trial
from nudge.trial.problems import Level
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.checking.examine import examine
from nudge.workflow.law import draw_units, law_of
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from tests.support.trials import START, Bench, family, trial_values, write_rows, write_trial

COLUMNS = {"area": "category", "visit": "date", "refuge": "yes_no", "age": "number", "first": "yes_no", "note": "text"}
USUAL = {"control": "true", "receives": "the usual letter"}
CROSSED = {
    "usual": USUAL | {"levels": {"when": "late", "who": "us"}},
    "early": {"receives": "early", "levels": {"when": "early", "who": "us"}},
    "named": {"receives": "named", "levels": {"when": "late", "who": "you"}},
    "both": {"receives": "both", "levels": {"when": "early", "who": "you"}},
}
THREE = {"usual": USUAL, "plan": {"receives": "a plan"}, "prompt": {"receives": "a prompt"}}
TWO = {"usual": USUAL, "plan": {"receives": "a plan"}}


def rows(n: int = 24) -> list[dict[str, str]]:
    return [
        family(i, age=str(20 + i * 7 % 11) if i % 5 else "", first="yes" if i % 3 else "no", note="x",
               school_ref=f"S{i // 2:02d}", area=["north", "south"][i // 2 % 2])
        for i in range(n)
    ]  # fmt: skip


def trial_file(folder: Path, randomise: dict[str, Any], arms: dict[str, Any] = TWO, **population: Any) -> Path:
    values = trial_values()
    outcome = values["outcomes"]["came"] | {"window": "28 days from visit"}
    return write_trial(
        folder, rows=rows(), arms=arms, randomise=randomise, outcomes={"came": outcome},
        population=values["population"] | {"columns": COLUMNS} | population,
        analysis={"comparisons": [f"{next(arm for arm in arms if arm != 'usual')} - usual"]},
    )  # fmt: skip


SITES = {"unit": "school_ref", "site": "school_ref", "columns": COLUMNS | {"school_ref": "category"}}
STEPS = ["2027-03-01", "2027-04-01", "2027-05-01"]
FILES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "simple": ({}, THREE, {}),
    "complete": ({}, THREE, {}),
    "blocked": ({"blocks": ["area"]}, THREE, {}),
    "cluster": ({}, TWO, SITES),
    "blocked_cluster": ({"blocks": ["area"]}, TWO, SITES),
    "matched_pairs": ({"balance_on": ["age", "first"], "blocks": ["area"]}, TWO, {}),
    "rerandomised": ({"balance_on": ["age", "area"], "accept": {"share": "10%"}}, TWO, {}),
    "minimisation": ({"balance_on": ["area", "first"], "probability": "85%"}, THREE, {}),
    "permuted_blocks": ({"blocks": ["area"]}, TWO, {}),
    "factorial": ({"blocks": ["area"]}, CROSSED, {}),
    "stepped_wedge": ({"steps": STEPS}, TWO, SITES),
    "waitlist": ({"steps": STEPS[:1]}, TWO, {}),
    "adaptive": ({"batch": 30, "floor": "15%"}, THREE, {}),
}


def test_every_method_is_tried_here() -> None:
    assert set(FILES) == set(method_names())


@pytest.mark.parametrize("name", sorted(name for name in FILES if method(name).ENROLMENT == "rolling"))
def test_a_rolling_method_takes_no_roll(name: str, tmp_path: Path) -> None:
    given, arms, population = FILES[name]
    (told,) = errors(trial_file(tmp_path, {"method": name} | given, arms, **population))
    assert told.startswith("population.people: is a roll, and this method takes families as they come")


@pytest.mark.parametrize("name", sorted(name for name in FILES if method(name).ENROLMENT != "rolling"))
def test_a_file_of_each_method_is_locked_drawn_and_read_back(name: str, tmp_path: Path) -> None:
    given, arms, population = FILES[name]
    file, desk = trial_file(tmp_path, {"method": name} | given, arms, **population), Bench(tmp_path).desk()
    assert examine(file, START).at(Level.ERROR) == []
    lock_trial(file, desk)
    drawn = allocate_trial(file, desk).allocation
    again = allocate_trial(file, desk)
    assert again.repeated
    assert len(drawn.rows) == (12 if population else 24)
    assert repr(again.allocation.rows) == repr(drawn.rows)
    assert again.allocation.facts == drawn.facts


def errors(file: Path) -> list[str]:
    return [f"{p.path}: {p.what}; {p.remedy}" for p in examine(file, START).at(Level.ERROR)]


TWICE = "says twice which draws are kept; write `{share: 5%}` or `{largest_difference: 0.1}`"
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]] = {
    "a key of another method": (
        {"method": "complete", "steps": STEPS}, TWO, {},
        ["randomise.steps: `steps` does not apply to `complete`; leave it out, or use `method: stepped_wedge` or "
         "`method: waitlist`"],
    ),
    "levels without factors": (
        {"method": "complete"}, CROSSED, {},
        ["arms: `levels` does not apply to `complete`; leave it out, or use `method: factorial`"],
    ),
    "a key left out": (
        {"method": "rerandomised", "balance_on": ["age"]}, TWO, {},
        ["randomise: `rerandomised` needs `accept`, and none is given; add `accept: {share: 5%}` or "
         "`accept: {largest_difference: 0.1}`"],
    ),
    "two criteria": (
        {"method": "rerandomised", "balance_on": ["age"], "accept": {"share": "5%", "largest_difference": 0.1}},
        TWO, {},
        [f"randomise.accept: {TWICE}"],
    ),
    "a share of almost nothing": (
        {"method": "rerandomised", "balance_on": ["age"], "accept": {"share": "0.01%"}}, TWO, {},
        ["randomise.accept.share: keeps few draws for any test to stand on; write a share from 0.1% to 50%, "
         "such as `5%`"],
    ),
    "a column that is not there": (
        {"method": "matched_pairs", "balance_on": ["agee"]}, TWO, {},
        ["randomise.balance_on[1]: `agee` is not a column of `population.columns`; did you mean `age`?"],
    ),
    "a column of words and one named twice": (
        {"method": "matched_pairs", "balance_on": ["note", "age", "age"]}, TWO, {},
        ["randomise.balance_on[1]: `note` is a text, which this method cannot balance; name a category, number "
         "or yes_no "
         "column", "randomise.balance_on[3]: names `age` a second time; name each column once"],
    ),
    "a number to minimise": (
        {"method": "minimisation", "balance_on": ["age"]}, TWO, {},
        ["randomise.balance_on[1]: `age` is a number, which this method cannot balance; name a category or "
         "yes_no column"],
    ),
    "a coin that can be guessed": (
        {"method": "minimisation", "balance_on": ["area"], "probability": "95%"}, TWO, {},
        ["randomise.probability: 95% lets staff guess the next arm; write a chance from 70% to 90%; left out, "
         "it is 80%"],
    ),
    "three in a pair": (
        {"method": "matched_pairs", "balance_on": ["age"]}, THREE, {},
        ["arms: has 3 arms, and a pair has two; keep two arms, or use `method: rerandomised`"],
    ),
    "sizes that do not hold the ratio": (
        {"method": "permuted_blocks", "sizes": [4, 5], "ratio": {"usual": 1, "plan": 1}}, TWO, {},
        ["randomise.sizes: 5 cannot be shared out as 1:1; use multiples of 2, such as `[4, 6]`"],
    ),
    "one size": (
        {"method": "permuted_blocks", "sizes": [4]}, TWO, {},
        ["randomise.sizes: is a single size, and who counts can tell the last arm of every block; name several, "
         "such as "
         "`[4, 6]`, or leave `sizes` out"],
    ),
    "a crossing left out": (
        {"method": "factorial"}, {name: CROSSED[name] for name in ("usual", "early", "named")}, {},
        ["arms: no arm has early and you; add the arm, or draw without factors: `method: blocked`"],
    ),
    "a level left out": (
        {"method": "factorial"}, CROSSED | {"both": {"receives": "both", "levels": {"when": "early"}}}, {},
        ["arms.both.levels: names no level of `who`; add `who:` us or you"],
    ),
    "a crossing twice": (
        {"method": "factorial"}, CROSSED | {"both": {"receives": "x", "levels": {"when": "early", "who": "us"}}}, {},
        ["arms: no arm has early and you; add the arm, or draw without factors: `method: blocked`",
         "arms.both.levels: is the same crossing as early: early and us; change one of the two, or drop it"],
    ),
    "one step": (
        {"method": "stepped_wedge", "steps": STEPS[:1]}, TWO, SITES,
        ["randomise.steps: has fewer than two steps, so all sites cross at once; name the days on which sites cross"],
    ),
    "steps out of order": (
        {"method": "stepped_wedge", "steps": STEPS[::-1]}, TWO, SITES,
        ["randomise.steps: is not in order; write the days from the first to the last"],
    ),
    "a step twice": (
        {"method": "stepped_wedge", "steps": [*STEPS, STEPS[0]]}, TWO, SITES,
        ["randomise.steps: names a day twice; give every step a day of its own"],
    ),
    "a wait that ends twice": (
        {"method": "waitlist", "steps": STEPS}, TWO, {},
        ["randomise.steps: has several days, and a waiting list ends once; keep the day on which the waiting "
         "arm receives, "
         "or use `method: stepped_wedge`"],
    ),
    "nothing to adapt": (
        {"method": "adaptive", "batch": 30}, TWO, {},
        ["arms: has one arm beside the control, which keeps its half: nothing is left to adapt; add an arm, or use "
         "`method: permuted_blocks`"],
    ),
    "a floor that is a ceiling": (
        {"method": "adaptive", "batch": 30, "floor": "40%"}, THREE, {},
        ["randomise.floor: 40% leaves 3 arms nothing to adapt; write a chance above 0 and below 33%"],
    ),
    "more steps than sites": (
        {"method": "stepped_wedge", "steps": [f"2027-{month:02d}-01" for month in range(1, 13)], "blocks": ["area"]},
        TWO, SITES,
        ["randomise: 12 sites in their blocks can leave one of 12 steps without a site; name fewer steps, join "
         "blocks, or "
         "add sites"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_a_method_cannot_use_is_named_at_its_place(case: str, tmp_path: Path) -> None:
    randomise, arms, population, told = WRONG[case]
    assert sorted(errors(trial_file(tmp_path, randomise, arms, **population))) == sorted(told)


@pytest.mark.parametrize("method_name", ["cluster", "waitlist"])
def test_one_site_per_arm_is_refused_before_the_lock(method_name: str, tmp_path: Path) -> None:
    given = FILES[method_name][0] | {"method": method_name}
    file = trial_file(tmp_path, given, TWO, **SITES, eligible="school_ref == 'S00' or school_ref == 'S01'")
    (told,) = errors(file)
    assert told.startswith("randomise: a draw of 2 sites can leave `usual` with only one site")


def test_units_show_the_draw_their_means_and_nothing_else(tmp_path: Path) -> None:
    file = trial_file(tmp_path, {"method": "rerandomised", "balance_on": ["age", "first", "area"],
                                 "accept": {"share": "10%"}}, TWO, **SITES)  # fmt: skip
    examined = examine(file, START)
    assert examined.roll is not None
    units = {unit.id: unit for unit in draw_units(examined.trial, examined.roll.units)}
    # Families 0 and 1: the first has no age, the second 27; families 2 and 3: 23 and 30. Each one yes and one no.
    assert units["S00"].columns == {"age": 27, "first": 0.5, "area": "north"}
    assert units["S01"].columns == {"age": 26.5, "first": 0.5, "area": "south"}
    assert units["S00"].block == ()


def test_a_category_that_differs_within_a_unit_is_named_by_its_rows(tmp_path: Path) -> None:
    file = trial_file(tmp_path, {"method": "matched_pairs", "balance_on": ["area"]}, TWO, **SITES)
    roll = tmp_path / "people" / "small.csv"
    roll.write_text(roll.read_text().replace("P0001,H0001,north", "P0001,H0001,south"))
    (told,) = errors(file)
    assert told == (
        "area: unit `S00` (rows 2 and 3) has the values north and south; everyone in a unit needs the same value; "
        "correct the rows"
    )


def test_what_a_draw_keeps_comes_back_in_the_order_of_enrolment(tmp_path: Path) -> None:
    file, desk = trial_file(tmp_path, {"method": "complete"}), Bench(tmp_path).desk()
    lock_trial(file, desk)
    law = Law("small", "minimisation", ("usual", "plan"), (1, 1), ())
    kept = Allocation(
        law,
        (
            Allocated("H0009", "d1", ("x",), "plan", 0.25, step=2, group=7),
            Allocated("H0001", "d2", (), "usual", math.nan),
        ),
        {"attempts": 3, "limit": 0.5},
    )
    with desk.store.begin() as connection:
        save_allocation(connection, "small", kept, [DrawUnit("H0009"), DrawUnit("H0001")])
        assert connection.scalar(sa.select(sa.func.count()).select_from(draws)) == 1
        assert connection.scalar(sa.select(allocations.c.probability).where(allocations.c.unit == "H0001")) is None
        found = load_allocation(connection, "small", law)
        assert load_roll(connection, "small", COLUMNS).units
    assert repr(found) == repr(kept)


def test_the_law_holds_the_file_s_own_values(tmp_path: Path) -> None:
    given = {"method": "rerandomised", "balance_on": ["age"], "accept": {"share": "10%"}, "blocks": ["area"]}
    law = law_of(load_trial(trial_file(tmp_path, given)).trial)
    assert law.parameters == {"balance_on": ["age"], "accept": {"share": 0.1}}
    assert (law.blocks, law.control) == (("area",), "usual")


@pytest.mark.parametrize(("method_name", "given", "estimator"), [
    ("matched_pairs", {"balance_on": ["age", "first"]}, "paired"),
    ("rerandomised", {"balance_on": ["area"], "accept": {"share": "50%"}}, "difference_in_means"),
    ("simple", {}, "difference_in_means"),
])  # fmt: skip
def test_a_draw_is_analysed_as_it_was_made(
    method_name: str, given: dict[str, Any], estimator: str, tmp_path: Path
) -> None:
    bench = Bench(tmp_path)
    file, desk = trial_file(tmp_path, {"method": method_name} | given), bench.desk()
    lock_trial(file, desk)
    allocate_trial(file, desk)
    came = [{"person_ref": f"P{i:04d}", "day": "2027-02-01"} for i in (0, 1, 2, 3, 5, 8, 9, 13, 14, 16, 20, 22)]
    write_rows(tmp_path / "outcomes" / "came.csv", came)
    bench.clock.advance_to(bench.clock.now().replace(year=2028))
    collect_outcomes(file, desk)
    line = analyse_trial(file, desk).estimates[0]
    assert (line.estimator, line.n) == (estimator, 24)


def test_what_arms_are_balanced_on_enters_the_model(tmp_path: Path) -> None:
    file = trial_file(tmp_path, {"method": "rerandomised", "balance_on": ["area", "first"], "accept": {"share": "50%"}})
    told = [f"{one.path}: {one.what}" for one in examine(file, START).at(Level.LAUNCH)]
    assert "randomise.balance_on[1]: arms are balanced on `area`, and the analysis does not adjust for it" in told
