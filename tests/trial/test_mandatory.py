"""What a trial must say before it reaches families: less for a pilot, an ethics decision for the NHS."""

from __future__ import annotations

from pathlib import Path

import pytest

from nudge.trial.load import load_trial
from nudge.trial.mandatory import ALWAYS, BEYOND_A_PILOT
from nudge.trial.problems import Level
from tests.conftest import ROOT
from tests.trial.samples import TRIAL, Says, changed

EXAMPLES = sorted((ROOT / "experiments").glob("*.yaml"))


def lacking(folder: Path, text: str) -> list[str]:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return [f"{p.level} {p.path}: {p.what}; {p.remedy}" for p in load_trial(path).problems]


def test_beyond_a_pilot_more_is_asked_for(tmp_path: Path) -> None:
    assert lacking(tmp_path, TRIAL) == []
    assert sorted(lacking(tmp_path, changed("stage: pilot\n", "stage: trial\n"))) == sorted([
        "launch : `theory_of_change` is missing: why the words should change what families do; add "
        "`theory_of_change:`, or `stage: pilot`",
        "launch : `costs` is missing: what it takes, so that a gain can be weighed against it; add `costs:`, or "
        "`stage: pilot`",
        "launch : `stopping` is missing: how many opt-outs or complaints pause an arm; add `stopping:`, or "
        "`stage: pilot`",
        "launch arms.reminder: does not say how it should work; add `mechanism:`, such as `mechanism: [reminder]`",
        "launch outcomes: has no outcome that would show harm; give one `role: harm`, such as complaints",
        "launch outcomes: stops at what happens soon: nothing says what it should lead to; give one `role: distal` "
        "with `expected:`",
        "launch population: does not say which column holds the site; add `site: COLUMN`: the hub, school, team or "
        "council a family belongs to",
        "launch power: does not say how many have the outcome without any message; add `power: {baseline: 62%}`",
    ])  # fmt: skip


def test_an_amount_needs_its_spread(tmp_path: Path) -> None:
    text = changed("kind: binary", "kind: continuous\n    unit: days").replace("5 points", "5 days")
    text = text.replace("value: present", "value: days").replace("stage: pilot", "stage: rollout")
    sentence = "launch power: does not say how much the outcome varies; add `power: {sd: …}`, in its unit"
    assert sentence in lacking(tmp_path, text)
    assert sentence not in lacking(tmp_path, text + "power: {sd: 12}\n")


def test_a_count_needs_its_rate_and_a_time_its_share_of_events(tmp_path: Path) -> None:
    counted = changed("kind: binary", "kind: count\n    unit: visits").replace("5 points", "1 visits")
    counted = counted.replace("stage: pilot", "stage: rollout")
    sentence = (
        "launch power: does not say how often what is counted happens to a person; add `power: {rate: 1.5, "
        "dispersion: 0.8}`, or its `sd`"
    )
    assert sentence in lacking(tmp_path, counted)
    assert not [one for one in lacking(tmp_path, counted + "power: {rate: 1.5}\n") if one.startswith("launch power")]
    timed = changed("kind: binary", "kind: time_to_event").replace("5 points", "3 days")
    timed = timed.replace("stage: pilot", "stage: rollout")
    assert any("how many have the outcome without any message" in one for one in lacking(tmp_path, timed))
    stated = lacking(tmp_path, timed + "power: {baseline: 40%}\n")
    assert not [one for one in stated if one.startswith("launch power")]


def test_an_arm_given_by_people_states_its_dose(tmp_path: Path) -> None:
    called = changed("    messages: [{template: visit, send: 7 days before visit at 10:00}]\n",
                     "    receives: a call\n    mechanism: [personal_help]\n")  # fmt: skip
    text = called.replace("stage: pilot", "stage: trial").replace("first_planned_send", "visit")
    sentence = (
        "launch arms.reminder: is given by people, and nothing says how often and how long; add `dose:`, such as "
        "`dose: one call of about 10 minutes within 2 working days`"
    )
    assert sentence in lacking(tmp_path, text)
    dosed = text.replace("    receives: a call\n", "    receives: a call\n    dose: one call\n")
    assert sentence not in lacking(tmp_path, dosed)


def test_replies_need_a_duty_team_whatever_the_stage(tmp_path: Path) -> None:
    text = changed("safeguarding: {replies_to: duty team, hours: Mon-Fri, escalate_within: 4 hours}\n", "")
    assert lacking(tmp_path, text) == [
        "launch : `safeguarding` is missing: who reads replies, when, and how fast they act; add `safeguarding:`"
    ]


def test_a_site_is_a_column_of_the_roll(says: Says) -> None:
    text = changed("  id: person_ref\n", "  id: person_ref\n  site: hubb\n")
    assert says(text)[0].endswith("population.site: `hubb` is not a column of the roll; did you mean `hub`?")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("key", [*ALWAYS, *BEYOND_A_PILOT])
def test_every_shipped_example_says_it_all(path: Path, key: str) -> None:
    loaded = load_trial(path)
    assert [problem for problem in loaded.problems if problem.level != Level.ADVICE] == []
    assert getattr(loaded.trial, key)
