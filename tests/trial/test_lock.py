"""The lock: what counts as the same trial, what does not, and where two differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nudge.trial.load import load_trial
from nudge.trial.lock import Lock, canonical, differences, digest_of, trial_of
from tests.trial.samples import TRIAL, changed

Canonical = Callable[[str], dict[str, Any]]


@pytest.fixture
def parsed(tmp_path: Path) -> Canonical:
    def of(text: str) -> dict[str, Any]:
        path = tmp_path / "small.yaml"
        path.write_text(text)
        return canonical(load_trial(path).trial)

    return of


LOCK = Lock(
    trial="small", number=1, locked_at=datetime(2027, 1, 11, 9, tzinfo=UTC), locked_by="Ada",
    definition={"trial": "small", "arms": [{"name": "usual"}, {"name": "reminder"}]},
    templates={"visit/sms.en": "aa"}, roll_digest="bb", roll_file="people.csv",
    law={"method": "complete"}, seed_commitment="cc", decisions={"comparisons": {}}, demonstration=False,
)  # fmt: skip


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    equal = digest_of(one) == digest_of(other)
    assert equal is (differences(one, other) == []), "the fingerprint and the list of differences must agree"
    return equal


SAME = {
    "keys in another order": changed("trial: small\nquestion: Do reminders help?\n", "question: Do reminders help?\n"
                                     "trial: small\n"),
    "keys of a block in another order": changed("{age: number, visit: date, ", "{visit: date, age: number, "),
    "a default written out": TRIAL + "stage: trial\ntimezone: Europe/London\n",
    "a default of a block written out": changed("10:00}]", "10:00, for_each: unit, send_within: 2 days}]"),
    "remarks and blank lines": TRIAL.replace("arms:", "# the arms\n\narms:   # two of them"),
    "another way to write the same amount": changed("5 points", "5.0 percentage points"),
    "yes for true": changed("control: yes", "control: true"),
    "one word for a list of one": changed("[reminder - usual]", "['reminder-usual']"),
}  # fmt: skip


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_what_says_the_same_is_the_same_trial(parsed: Canonical, text: str) -> None:
    assert text != TRIAL
    assert same(parsed(TRIAL), parsed(text))


OTHER = {
    "a question": (changed("Do reminders help?", "Do they?"), ["question"]),
    "a value of an arm": (changed("the usual letter", "a letter"), ["arms.usual.receives"]),
    "a message": (changed("7 days before", "8 days before"), ["arms.reminder.messages"]),
    "a column": (changed("notes: text}", "note: text}"), ["population.columns.notes", "population.columns.note"]),
    "a window": (changed("28 days", "29 days"), ["outcomes.came.window"]),
    "what would be worthwhile": (changed("5 points", "4 points"), ["outcomes.came.worthwhile"]),
    "a source": (changed("came.csv", "come.csv"), ["outcomes.came.source.csv_file"]),
    "a block left out": (changed("coproduction: Read by four parents.\n", ""), ["coproduction"]),
    "a value that was a default": (TRIAL + "stage: pilot\n", ["stage"]),
    "an arm renamed": (
        changed("  reminder:\n", "  text:\n").replace("reminder - usual", "text - usual"),
        ["analysis.comparisons", "arms.reminder", "arms.text"],
    ),
}


@pytest.mark.parametrize(("text", "paths"), OTHER.values(), ids=OTHER)
def test_what_says_something_else_is_another_trial_and_its_paths_are_named(
    parsed: Canonical, text: str, paths: list[str]
) -> None:
    one, other = parsed(TRIAL), parsed(text)
    assert not same(one, other)
    assert sorted(differences(one, other)) == sorted(paths)


def test_the_order_of_arms_is_part_of_the_trial_since_the_draw_reads_it(parsed: Canonical) -> None:
    usual = "  usual: {control: yes, receives: the usual letter}\n"
    reminder = "  reminder:\n    messages: [{template: visit, send: 7 days before visit at 10:00}]\n"
    turned = changed(usual + reminder, reminder + usual)
    assert [arm["name"] for arm in parsed(turned)["arms"]] == ["reminder", "usual"]
    assert not same(parsed(TRIAL), parsed(turned))
    assert differences(parsed(TRIAL), parsed(turned)) == ["arms"]


def test_the_order_of_outcomes_is_part_of_the_trial() -> None:
    one, two = {"name": "came", "kind": "binary"}, {"name": "asked", "kind": "count"}
    assert differences({"outcomes": [one, two]}, {"outcomes": [two, one]}) == ["outcomes"]
    assert differences({"outcomes": [one, two]}, {"outcomes": [one]}) == ["outcomes.asked"]
    assert differences({"outcomes": [one]}, {"outcomes": [two, one]}) == ["outcomes.asked"]


def test_the_canonical_form_is_plain_json_and_comes_back_the_same(parsed: Canonical) -> None:
    values = parsed(TRIAL)
    assert json.loads(json.dumps(values)) == values
    assert same(values, json.loads(json.dumps(values)))
    assert values["outcomes"][0]["window"] == "28 days from first_planned_send"
    assert values["analysis"]["comparisons"] == ["reminder - usual"]
    assert "stage" not in values


FIXED: dict[str, Any] = {
    "definition": {"trial": "small", "arms": [{"name": "reminder"}, {"name": "usual"}]},
    "templates": {"visit/sms.en": "ab"},
    "roll_digest": "bc",
    "law": {"method": "blocked"},
    "seed_commitment": "cd",
    "decisions": {"comparisons": {"reminder - usual": {}}},
    "demonstration": True,
}


@pytest.mark.parametrize("field", FIXED)
def test_the_fingerprint_changes_with_anything_that_is_locked(field: str) -> None:
    assert replace(LOCK, **{field: FIXED[field]}).fingerprint != LOCK.fingerprint


NOT_FIXED: dict[str, Any] = {
    "locked_at": datetime(2027, 1, 12, 9, tzinfo=UTC),
    "locked_by": "Grace",
    "number": 2,
    "roll_file": "elsewhere/people.csv",
    "reason": "a better roll",
}


@pytest.mark.parametrize("field", NOT_FIXED)
def test_the_fingerprint_does_not_change_with_who_locked_it_when(field: str) -> None:
    assert replace(LOCK, **{field: NOT_FIXED[field]}).fingerprint == LOCK.fingerprint


def test_the_fingerprint_is_the_same_on_every_machine() -> None:
    # SHA-256 of the canonical JSON, worked out by `sha256sum`
    assert digest_of({"b": "ŵ", "a": [1, 0.5]}) == digest_of({"a": [1, 0.5], "b": "ŵ"})
    assert digest_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_the_lock_file_holds_everything_that_was_fixed() -> None:
    content = LOCK.as_json()
    assert content["fingerprint"] == LOCK.fingerprint
    assert content["roll"] == {"file": "people.csv", "sha256": "bb"}
    assert content["locked_at"] == "2027-01-11T09:00:00+00:00"
    for name in ("templates", "law", "decisions", "definition", "seed_commitment", "demonstration"):
        assert content[name] == getattr(LOCK, name)
    assert json.loads(json.dumps(content)) == content


def test_two_plain_values_differ_at_their_own_path() -> None:
    assert differences({"a": {"b": 1}}, {"a": {"b": 2}}) == ["a.b"]
    assert differences({"a": [1, 2]}, {"a": [1, 3]}) == ["a"]
    assert differences({"a": None}, {}) == []


def test_a_definition_gives_the_trial_back() -> None:
    for path in sorted((Path(__file__).parents[2] / "experiments").rglob("*.yaml")):
        trial = load_trial(path).trial
        assert trial_of(canonical(trial)) == trial
        assert list(trial_of(canonical(trial)).arms) == list(trial.arms)
