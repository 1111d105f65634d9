"""The model behind the file: frozen, with defaults that say what the file leaves unsaid."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from nudge.trial.load import load_trial
from nudge.trial.model import Trial
from nudge.trial.quantities import Comparison, Duration
from tests.conftest import ROOT
from tests.trial.samples import ELSEWHERE, TRIAL, changed


def load(folder: Path, text: str) -> Trial:
    path = folder / "small.yaml"
    path.write_text(text)
    return load_trial(path).trial


def test_what_the_file_leaves_unsaid_has_a_default(tmp_path: Path) -> None:
    trial = load(tmp_path, changed("stage: pilot\n", ""))
    assert (trial.stage, trial.setting, trial.timezone) == ("trial", "council", "Europe/London")
    assert trial.population.contact.prefer == ("sms", "email")
    assert trial.arms["reminder"].messages[0].for_each == "unit"
    assert trial.arms["reminder"].messages[0].send_within == Duration(2, "days")
    assert (trial.analysis.multiplicity, trial.analysis.average) == ("holm", "person")
    assert (trial.power.power, trial.power.alpha) == (0.8, 0.05)


def test_nothing_of_a_trial_can_be_changed_afterwards(tmp_path: Path) -> None:
    trial = load(tmp_path, TRIAL)
    with pytest.raises(ValidationError, match="frozen"):
        trial.arms["usual"].control = False  # type: ignore[misc]


def test_without_declared_comparisons_every_arm_is_held_against_control(tmp_path: Path) -> None:
    text = changed("analysis: {comparisons: [reminder - usual]}\n", "").replace(
        "  reminder:", "  call: {receives: a call}\n  reminder:"
    )
    trial = load(tmp_path, text)
    assert trial.control == "usual"
    assert trial.comparisons == (Comparison("call", "usual"), Comparison("reminder", "usual"))


def test_declared_comparisons_are_the_only_ones(tmp_path: Path) -> None:
    trial = load(tmp_path, changed("control: yes, ", ""))
    assert trial.control is None
    assert trial.comparisons == (Comparison("reminder", "usual"),)


def test_the_unit_is_the_person_where_no_other_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, TRIAL).unit_column == "person_ref"
    assert load(tmp_path, changed("  id:", "  unit: household_ref\n  id:")).unit_column == "household_ref"
    assert load(tmp_path, changed("  id: person_ref\n", "")).unit_column == "row"


def test_a_trial_with_an_allocation_was_run_elsewhere(tmp_path: Path) -> None:
    assert not load(tmp_path, TRIAL).run_elsewhere
    trial = load(tmp_path, ELSEWHERE)
    assert trial.run_elsewhere
    assert trial.allocation is not None
    assert trial.allocation.source is not None
    assert trial.allocation.source.csv_file == "rows.csv"


def test_a_file_name_alone_is_a_csv_file(tmp_path: Path) -> None:
    short = load(tmp_path, TRIAL)
    long = load(tmp_path, changed("people: people.csv", "people: {csv_file: people.csv}"))
    assert short == long


def test_a_channels_column_is_found_by_its_name(tmp_path: Path) -> None:
    contact = load(tmp_path, TRIAL).population.contact
    assert contact.column_of("sms") == "mobile"
    assert contact.column_of("email") is None


@pytest.mark.parametrize("text", [TRIAL, ELSEWHERE], ids=["here", "elsewhere"])
def test_a_trial_as_json_is_the_same_trial(tmp_path: Path, text: str) -> None:
    trial = load(tmp_path, text)
    assert Trial.model_validate(trial.model_dump(mode="json", by_alias=True)) == trial
    assert Trial.model_validate_json(trial.model_dump_json(by_alias=True)) == trial


def test_json_may_give_proportions_and_shares_as_numbers() -> None:
    trial = Trial.model_validate(
        {
            "trial": "small",
            "arms": {"usual": {"control": True}, "reminder": {}},
            "outcomes": {},
            "power": {"baseline": 0.62, "alpha": 0.05},
            "randomise": {"method": "complete", "ratio": {"usual": 1, "reminder": 2}},
        }
    )
    assert trial.power.baseline == 0.62
    assert trial.randomise is not None
    assert trial.randomise.ratio == {"usual": 1, "reminder": 2}


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_json_schema_takes_every_shipped_trial_and_no_unknown_key(path: Path) -> None:
    schema = Trial.model_json_schema(by_alias=True)
    values = load_trial(path).trial.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    jsonschema.validate(values, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values | {"qestion": "?"}, schema)
