"""`nudge power` on a file's own design, and what check foresees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from nudge.report.numbers import percent
from nudge.trial.errors import InputError
from nudge.trial.problems import Level
from nudge.workflow.checking.examine import examine
from nudge.workflow.checking.foreseeing import AT_SIX
from nudge.workflow.planning.powering import power_of
from nudge.workflow.planning.showing_power import power_in_lines, write_curve
from tests.conftest import ROOT
from tests.support.trials import START, family, write_trial

POWER = {"baseline": "60%", "power": "80%", "alpha": "5%"}


def outcome(**changes: Any) -> dict[str, Any]:
    return {
        "came": {
            "role": "primary", "kind": "binary", "better": "higher", "question": "Did they come?",
            "source": {"csv_file": "outcomes/came.csv", "id": "person_ref", "date": "day", "value": "present",
                       "no_record": "did_not_happen", "covers": "all clinics"},
            "window": "28 days from first_planned_send", "worthwhile": "5 points",
        } | changes,
    }  # fmt: skip


def sites(number: int, people: list[int]) -> list[dict[str, str]]:
    return [
        family(site * 1000 + i, household_ref=f"S{site}", area="north")
        for site in range(number) for i in range(people[site % len(people)])
    ]  # fmt: skip


def site_trial(folder: Path, number: int, people: list[int], **changes: Any) -> Path:
    population = {
        "people": "people/small.csv", "id": "person_ref", "unit": "household_ref", "site": "household_ref",
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
        "contact": {"sms": "mobile", "email": "email", "prefer": ["sms", "email"]},
        "safe_to_contact": {"sms": "safe_to_text", "email": "safe_to_email"}, "exclude": "refuge",
    }  # fmt: skip
    return write_trial(
        folder, rows=sites(number, people), population=population,
        randomise={"method": "cluster", "ratio": {"usual": 1, "reminder": 1}}, power=POWER, **changes,
    )  # fmt: skip


def said(path: Path, level: Level) -> list[str]:
    return [f"{problem.what}; {problem.remedy}" for problem in examine(path, START).at(level)]


def test_the_roll_s_own_households_and_blocks_are_counted(tmp_path: Path) -> None:
    line = power_of(write_trial(tmp_path, 400, power=POWER), START).lines[0]
    assert (line.units, line.people) == (400, 400)
    assert line.alpha == 0.05
    # sqrt(.6 * .4 * (1/200 + 1/200)), a little more for two blocks of 134 and 266
    assert line.standard_error == pytest.approx(0.049, abs=5e-4)
    assert line.df == pytest.approx(396, abs=2)
    assert line.power == pytest.approx(0.17, abs=0.02)


def test_without_a_roll_the_power_block_says_how_many(tmp_path: Path) -> None:
    file = write_trial(tmp_path, 40, power=POWER | {"units": 2000})
    (tmp_path / "people" / "small.csv").unlink()
    report = power_of(file, START)
    assert report.lines[0].units == 2000
    assert any("2,000 units" in line and "`power` block" in line for line in report.assumptions)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="how often came happens without a message; add `baseline: 62%`"):
        power_of(write_trial(tmp_path, 40), START)
    source = {"csv_file": "outcomes/came.csv", "id": "person_ref", "date": "day", "value": "days",
              "no_record": "missing", "covers": "all clinics"}  # fmt: skip
    number = outcome(kind="continuous", worthwhile="0.2 days", unit="days", source=source)
    with pytest.raises(InputError, match="how much came varies; add `sd:`"):
        power_of(write_trial(tmp_path, 40, power=POWER, outcomes=number), START)


def test_several_comparisons_share_alpha(tmp_path: Path) -> None:
    arms = {
        "usual": {"control": "true", "receives": "the usual letter"},
        "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
        "plan": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
    }
    changes: dict[str, Any] = {
        "arms": arms, "randomise": {"method": "blocked", "blocks": ["area"]},
        "analysis": {"comparisons": ["reminder - usual", "plan - reminder"]}, "power": POWER,
    }  # fmt: skip
    report = power_of(write_trial(tmp_path, 300, **changes), START)
    assert [line.alpha for line in report.lines] == [0.025, 0.025]
    assert report.lines[0].units == pytest.approx(200)


def test_fewer_is_better_turns_the_outcome_round(tmp_path: Path) -> None:
    higher = power_of(write_trial(tmp_path / "a", 400, power=POWER), START).lines[0]
    lower = power_of(
        write_trial(tmp_path / "b", 400, power=POWER | {"baseline": "40%"}, outcomes=outcome(better="lower")), START
    ).lines[0]
    assert lower.power == pytest.approx(higher.power)


def test_sites_are_the_units_and_people_in_them_alike(tmp_path: Path) -> None:
    report = power_of(site_trial(tmp_path, 24, [10, 30]), START)
    line = report.lines[0]
    assert (line.units, line.people, line.icc) == (24, 480, 0.01)
    assert list(line.by_icc) == [0.0, 0.01, 0.032]
    assert list(line.by_icc.values()) == sorted(line.by_icc.values(), reverse=True)
    assert any("primary care" in one for one in report.assumptions)


def test_power_below_target_stands_between_a_trial_and_families(tmp_path: Path) -> None:
    told = said(write_trial(tmp_path / "a", 400, power=POWER, stage="trial"), Level.LAUNCH)
    (launch,) = [one for one in told if "nudge power" in one]
    assert launch.startswith("one council is not enough to find 5 points: power 1")
    assert "with seven more like it, 8" in launch
    assert "`stage: pilot`" in launch
    pilot = write_trial(tmp_path / "b", 400, power=POWER, stage="pilot")
    pooled = {"reason": "rare", "pooled_with": "the trial in Leeds"}
    said_why = write_trial(tmp_path / "c", 400, power=POWER, stage="trial", underpowered=pooled)
    assert not any("nudge power" in one for file in (pilot, said_why) for one in said(file, Level.LAUNCH))


def test_a_trial_that_does_not_say_its_baseline_does_not_launch(tmp_path: Path) -> None:
    launch = said(write_trial(tmp_path, 400, stage="trial"), Level.LAUNCH)
    assert any("what this trial can show cannot be worked out" in one for one in launch)


def test_few_sites_are_advised_to_count_the_same(tmp_path: Path) -> None:
    advice = said(site_trial(tmp_path / "a", 8, [10, 40]), Level.ADVICE)
    assert any(one.startswith("only 8 sites are drawn") and "average: cluster" in one for one in advice)
    assert any("often no interval can be given" in one for one in advice)
    equal = said(site_trial(tmp_path / "b", 12, [20]), Level.ADVICE)
    assert any(one.startswith("only 12 sites") for one in equal)
    assert not any("no interval" in one for one in equal)
    by_site = {"comparisons": ["reminder - usual"], "average": "cluster"}
    assert not any(
        "sites" in one for one in said(site_trial(tmp_path / "c", 8, [10, 40], analysis=by_site), Level.ADVICE)
    )


@pytest.mark.parametrize(("families", "does"), [(16, "additive"), (8, "none"), (60, "")])
def test_too_many_covariates_are_said_before_the_lock(tmp_path: Path, families: int, does: str) -> None:
    rows = [family(i, area="north" if i % 2 else "south") for i in range(families)]
    analysis = {"comparisons": ["reminder - usual"], "covariates": ["area"]}
    file = write_trial(tmp_path, rows=rows, analysis=analysis, randomise={"method": "complete"})
    advice = [one for one in said(file, Level.ADVICE) if "columns for about" in one]
    # One column: interacted from 10 units in the smaller arm, additive from 5 (statistics.md 9).
    expected = {"additive": ["without interactions"], "none": ["none is used"], "": []}[does]
    assert [part for part in expected if any(part in one for one in advice)] == expected
    assert bool(advice) == bool(does)


def test_the_curve_is_an_accessible_picture(tmp_path: Path) -> None:
    report = power_of(write_trial(tmp_path, 400, power=POWER), START)
    write_curve(report, tmp_path / "power.svg")
    picture = ET.parse(tmp_path / "power.svg").getroot()  # noqa: S314 - our own file
    space = "{http://www.w3.org/2000/svg}"
    words = picture.find(f"{space}desc")
    assert picture.get("role") == "img"
    assert words is not None
    assert words.text == f"came, reminder - usual: power {percent(report.lines[0].power, 0)} at 5 points"
    assert picture.find(f"{space}polyline") is not None


def test_the_lines_say_every_figure(tmp_path: Path) -> None:
    report = power_of(write_trial(tmp_path, 400, power=POWER), START)
    text = "\n".join(power_in_lines(report))
    for words in ("standard error", "power at 5 points", "units needed in all", "nudge_unit", "too small to matter"):
        assert words in text
    assert "nan" not in text


def test_no_worse_is_planned_for_at_its_margin_and_equivalence_for_both_sides(tmp_path: Path) -> None:
    """The chance to rule out a margin where nothing differs is that of finding an effect as large."""
    held = {"margin": "5 points", "worthwhile": "2 points"}

    def line(name: str, **changes: Any) -> Any:
        return power_of(write_trial(tmp_path / name, 400, power=POWER, outcomes=outcome(**changes)), START).lines[0]

    superior = line("a", worthwhile="5 points")
    no_worse = line("b", hypothesis="non_inferiority", **held)
    both = line("c", hypothesis="equivalence", **held)
    assert (no_worse.worthwhile, no_worse.power) == (superior.worthwhile, superior.power)
    assert (no_worse.target, both.target) == (0.8, 0.9)


def test_a_chance_of_doing_better_varies_at_most_as_an_even_share(tmp_path: Path) -> None:
    """With 900 people, 5 points are 2.6 errors of √(1/12 · 4/900) = .0192: found Φ(2.60 − 1.96) = 74 times in 100.

    A little oftener, since answers that a message has moved vary a little less.
    """
    given = outcome(kind="ordinal")["came"]
    given["source"] |= {"value": "answer", "no_record": "missing"}
    path = write_trial(tmp_path, 900, power=POWER, outcomes={"came": given})
    assert 0.737 < power_of(path, START).lines[0].power < 0.745


@pytest.mark.parametrize(("number", "stands_in_the_way"), [(20, True), (40, False)])
def test_a_step_down_by_draws_takes_thirty_sites(tmp_path: Path, number: int, *, stands_in_the_way: bool) -> None:
    plan = {"comparisons": ["reminder - usual"], "multiplicity": "romano_wolf"}
    path = site_trial(tmp_path, number, [4], analysis=plan)
    sentence = f"`romano_wolf` takes 30 randomised units in every comparison, and one would have {number}"
    assert any(one.startswith(sentence) for one in said(path, Level.LAUNCH)) == stands_in_the_way


@pytest.mark.parametrize(
    ("people", "said_of_it"), [([20], "a false alarm in 5.0 % of trials"), ([5, 60], "no interval")]
)
def test_fewer_than_eight_sites_are_told_what_the_method_does(
    tmp_path: Path, people: list[int], said_of_it: str
) -> None:
    advice = said(site_trial(tmp_path / "a", 6, people), Level.ADVICE)
    (one,) = [line for line in advice if "simulated at six sites" in line]
    assert said_of_it in one
    assert "finds a worthwhile change " in one
    assert not any("simulated at" in line for line in said(site_trial(tmp_path / "b", 8, people), Level.ADVICE))


def test_what_is_said_of_six_sites_is_what_was_simulated() -> None:
    stored = json.loads((ROOT / "docs" / "simulation" / "few_clusters.json").read_text(encoding="utf-8"))["settings"]
    six = {(one["average"], one["sizes"]): one["rejected"] for one in stored if one["clusters"] == 6}
    assert six == AT_SIX
