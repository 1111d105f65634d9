"""`nudge simulate`: the whole trial many times, held to the formula and to what must hold of any design."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.design.fixed_numbers import redraws
from nudge.trial.errors import InputError, Refused
from nudge.trial.load import load_trial
from nudge.trial.records.design import DrawUnit, Law
from nudge.workflow.planning.powering import power_of
from nudge.workflow.planning.showing_simulation import effects_named, self_test_verdict, simulation_in_lines
from nudge.workflow.planning.simulating import Asked, Simulated, arm_effects, self_test, simulate_trial
from tests.support.trials import START, write_trial

POWER = {"baseline": "60%", "power": "80%", "alpha": "5%"}


def simulated(path: Path, **asked: Any) -> Simulated:
    return simulate_trial(path, START, Asked(**asked), lambda *_: None)


def without_roll(folder: Path, power: dict[str, str], **changes: Any) -> Path:
    randomise = {"method": "complete", "ratio": {"usual": 1, "reminder": 1}}
    blocks: dict[str, Any] = {"power": POWER | power, "randomise": randomise} | changes
    file = write_trial(folder, 4, **blocks)
    (folder / "people" / "small.csv").unlink()
    return file


def sites(folder: Path, power: dict[str, str], **changes: Any) -> Path:
    population = {
        "people": "people/small.csv", "id": "person_ref", "unit": "household_ref", "site": "household_ref",
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
        "contact": {"sms": "mobile", "email": "email", "prefer": ["sms", "email"]},
        "safe_to_contact": {"sms": "safe_to_text", "email": "safe_to_email"}, "exclude": "refuge",
    }  # fmt: skip
    randomise = {"method": "cluster", "ratio": {"usual": 1, "reminder": 1}}
    return without_roll(folder, power, population=population, randomise=randomise, **changes)


@pytest.mark.parametrize("n", [7, 12, 13])
def test_a_redraw_gives_what_the_draw_itself_may_give(n: int) -> None:
    law = Law("t", "complete", ("a", "b", "c"), (1, 1, 2), ())
    units = [DrawUnit(str(i)) for i in range(n)]
    arms = redraws(units, law, 4000, np.random.default_rng(3))
    counts = np.stack([(arms == k).sum(axis=1) for k in range(3)], axis=1)
    for k, share in enumerate((0.25, 0.25, 0.5)):
        assert set(counts[:, k]) <= {int(np.floor(n * share)), int(np.ceil(n * share))}
        # every unit's chance is its share, to four Monte Carlo errors of 4,000 draws
        assert np.abs((arms == k).mean(axis=0) - share).max() < 4 * np.sqrt(0.25 / 4000)


def test_nothing_is_found_about_as_rarely_as_it_should(tmp_path: Path) -> None:
    made = simulated(write_trial(tmp_path, 300, power=POWER), runs=1000)
    nothing = made.scenarios["nothing"][0].operating
    assert nothing.truth == 0
    assert abs(nothing.rejected.value - 0.05) < 4 * 0.0069
    assert abs(nothing.coverage.value - 0.95) < 4 * 0.0069
    assert abs(nothing.bias.value) < 4 * nothing.bias.mc_error
    assert sum(nothing.verdicts.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "power",
    [{"units": 400}, {"units": 3000, "reached": "80%", "known": "90%"}],
    ids=["200 an arm", "some not reached or not known"],
)
def test_formula_and_simulation_agree_for_individuals(tmp_path: Path, power: dict[str, Any]) -> None:
    """statistics.md 29: within 2 points; 4,000 runs have a Monte Carlo error below 0.8."""
    file = without_roll(tmp_path, power)
    by_formula = power_of(file, START).lines[0]
    made = simulated(file, runs=4000, opt_out=0.0, effects={"worthwhile": None})
    found = made.scenarios["worthwhile"][0].operating
    assert abs(found.found.value - by_formula.power) < 0.02 + 2 * found.found.mc_error
    assert abs(found.bias.value) < 4 * found.bias.mc_error
    for name, chance in by_formula.verdicts["worthwhile"].items():
        assert abs(found.verdicts[name] - chance) < 0.04


@pytest.mark.slow
@pytest.mark.parametrize(
    ("average", "power"),
    [
        ("person", {"units": 20, "people": 40, "icc": 0.03}),
        ("person", {"units": 40, "people": 40, "cv": 0.4, "icc": 0.03}),
        ("cluster", {"units": 30, "people": 30, "cv": 0.4, "icc": 0.03}),
    ],
)
def test_formula_and_simulation_agree_for_sites(tmp_path: Path, average: str, power: dict[str, Any]) -> None:
    """statistics.md 29: within 2 points from 20 clusters; sizes are drawn anew from the same spread."""
    outcome = trial_outcome("12 points")
    analysis = {"comparisons": ["reminder - usual"], "average": average}
    file = sites(tmp_path, power, outcomes=outcome, analysis=analysis)
    by_formula = power_of(file, START).lines[0]
    shares = []
    for seed in range(4):
        made = simulated(file, runs=1000, seed=seed, opt_out=0.0, effects={"worthwhile": None})
        shares.append(made.scenarios["worthwhile"][0].operating.found.value)
    assert abs(float(np.mean(shares)) - by_formula.power) < 0.02 + 0.015


def trial_outcome(worthwhile: str) -> dict[str, Any]:
    source = {"csv_file": "outcomes/came.csv", "id": "person_ref", "date": "day", "value": "present",
              "no_record": "did_not_happen", "covers": "all clinics"}  # fmt: skip
    return {
        "came": {"role": "primary", "kind": "binary", "better": "higher", "question": "Did they come?",
                 "source": source, "window": "28 days from first_planned_send", "worthwhile": worthwhile},
    }  # fmt: skip


def test_six_unequal_sites_are_analysed_by_rows(tmp_path: Path) -> None:
    made = simulated(sites(tmp_path, {"units": "6", "people": "20", "cv": "0.8"}), runs=20)
    nothing = made.scenarios["nothing"][0].operating
    assert nothing.by_rows > 0
    assert nothing.verdicts["no interval"] > 0


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    file = write_trial(tmp_path, 100, power=POWER)
    assert simulated(file, runs=50).scenarios == simulated(file, runs=50).scenarios
    assert simulated(file, runs=50, seed=2).scenarios != simulated(file, runs=50).scenarios


def test_cost_and_duration_are_those_of_the_plan(tmp_path: Path) -> None:
    made = simulated(write_trial(tmp_path, 40, power=POWER), runs=200, opt_out=0.0)
    logistics = made.logistics
    assert logistics is not None
    # 40 families in two equal arms, one message each in one of them; every second has a mobile.
    assert logistics.messages.value == pytest.approx(20)
    assert abs(logistics.segments.value - 10) < 4 * logistics.segments.mc_error
    assert logistics.cost.value == pytest.approx(logistics.segments.value * 0.04)
    assert logistics.first_send is not None
    assert logistics.first_send.date().isoformat() == "2027-01-18"
    assert logistics.days == pytest.approx(28)


def test_p_values_are_uniform_where_there_is_nothing_and_too_few_to_tell_in_a_small_trial(tmp_path: Path) -> None:
    many = simulated(without_roll(tmp_path / "a", {"units": "4000"}), runs=400, effects={"nothing": 0.0})
    few = simulated(without_roll(tmp_path / "b", {"units": "40"}), runs=400, effects={"nothing": 0.0})
    uniform = many.scenarios["nothing"][0].operating.uniform_p
    assert few.scenarios["nothing"][0].operating.uniform_p is None
    assert uniform is None or uniform > 0.001


def test_effects_chain_over_the_declared_comparisons(tmp_path: Path) -> None:
    arms = {"usual": {"control": "true", "receives": "a letter"}} | {
        arm: {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]}
        for arm in ("reminder", "plan")
    }
    analysis = {"comparisons": ["plan - reminder", "reminder - usual"]}
    randomise = {"method": "blocked", "blocks": ["area"]}
    trial = load_trial(write_trial(tmp_path, 10, arms=arms, analysis=analysis, randomise=randomise)).trial
    assert arm_effects(trial, 0.05).tolist() == pytest.approx([0.0, 0.05, 0.10])


def test_the_self_test_has_no_effect_in_any_arm(tmp_path: Path) -> None:
    made = simulate_trial(write_trial(tmp_path, 200, power=POWER), START, self_test(Asked(runs=500)), lambda *_: None)
    assert list(made.scenarios) == ["nothing"]
    assert self_test_verdict(made)[0]


def test_lines_say_every_figure(tmp_path: Path) -> None:
    text = "\n".join(simulation_in_lines(simulated(write_trial(tmp_path, 100, power=POWER), runs=50)))
    for words in ("bias", "95 % interval holds it", "false positives", "cost of texts", "duration", "uniform"):
        assert words in text


def test_effects_are_read_as_the_file_writes_them() -> None:
    assert effects_named(["3 points", "nothing", "worthwhile"]) == {
        "3 points": 0.03,
        "nothing": 0.0,
        "worthwhile": None,
    }
    with pytest.raises(InputError, match="or `nothing` or `worthwhile`"):
        effects_named(["some"])


def test_a_trial_run_elsewhere_is_not_simulated() -> None:
    path = Path(__file__).parents[3] / "experiments" / "replications" / "insurance-default.yaml"
    with pytest.raises(Refused, match="was run elsewhere"):
        simulated(path, runs=10)
