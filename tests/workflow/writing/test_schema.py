"""The schema that editors use: it takes every file that `check` takes, and marks the common mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.channels import channel_names
from nudge.design.methods import method_names
from nudge.outcomes import sources
from nudge.trial import grammar
from nudge.trial.errors import Refused
from nudge.trial.parts.population import DataSource
from nudge.trial.quantities import GrammarError
from nudge.workflow.writing.schema import FILE_NAME, shipped_schema, trial_schema, write_schema
from tests.conftest import ROOT
from tests.support.editor import as_an_editor_reads, marked
from tests.trial.samples import ELSEWHERE, TRIAL, changed

SHIPPED = sorted((ROOT / "experiments").rglob("*.yaml"))


def test_it_is_a_schema_of_the_dialect_it_names() -> None:
    jsonschema.Draft202012Validator.check_schema(trial_schema())
    assert json.loads(shipped_schema())["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_shipped_trial_is_marked(path: Path) -> None:
    assert marked(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", [TRIAL, ELSEWHERE], ids=["here", "elsewhere"])
def test_the_samples_are_not_marked(text: str) -> None:
    assert marked(text) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("question: Do", "qestion: Do", [""]),
        ("question: Do reminders help?", "question: [Do, they]", ["question"]),
        ("trial: small", "trial: Small Trial", ["trial"]),
        ("worthwhile: 5 points", "worthwhile: 5%", ["outcomes.came.worthwhile"]),
        ("worthwhile: 5 points", "worthwhile: 5", ["outcomes.came.worthwhile"]),
        ("window: 28 days from", "window: 28 moons from", ["outcomes.came.window"]),
        ("window: 28 days from first_planned_send", "window: 28 days", ["outcomes.came.window"]),
        ("kind: binary", "kind: yes_no", ["outcomes.came.kind"]),
        ("kind: binary", "kind: binary\n    power: {baseline: 62%}", ["outcomes.came"]),
        ("method: complete", "method: coin", ["randomise.method"]),
        ("channels: {sms: outbox}", "channels: {sms: pigeon}", ["channels.sms"]),
        ("channels: {sms: outbox}", "channels: {sms: smtp}", ["channels.sms"]),
        ("channels: {sms: outbox}", "channels: {fax: outbox}", ["channels"]),
        ("age: number", "age: integer", ["population.columns.age"]),
        ("control: yes", "control: perhaps", ["arms.usual.control"]),
        ("send: 7 days before visit at 10:00", "sent: 7 days before visit at 10:00", ["arms.reminder.messages.0"] * 2),
        ("escalate_within: 4 hours", "escalate_within: soon", ["safeguarding.escalate_within"]),
        ("analysis: {comparisons: [reminder - usual]}", "power: {baseline: 0.62}", ["power.baseline"]),
        ("analysis: {comparisons: [reminder - usual]}", "analysis: {comparisons: [reminder]}",
         ["analysis.comparisons.0"]),
    ],
)  # fmt: skip
def test_a_common_mistake_is_marked_where_it_stands(old: str, new: str, where: list[str]) -> None:
    assert marked(changed(old, new)) == where


def test_yes_no_and_numbers_are_read_as_the_checker_reads_them() -> None:
    assert as_an_editor_reads("a: no\nb: 10:00\nc: 2027-01-11\nd: true\ne: 4\nf:\n") == {
        "a": "no", "b": "10:00", "c": "2027-01-11", "d": True, "e": 4, "f": None,
    }  # fmt: skip
    assert marked(changed("control: yes", "control: true")) == []
    assert marked(changed("coproduction: Read by four parents.", "coproduction: 4")) == []
    assert marked(changed("messages: [{", "mechanism: reminder\n    messages: [{")) == []


def _blocks(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    named = {"Trial": schema, **schema["$defs"]}
    return [(name, block) for name, block in named.items() if "properties" in block]


def test_every_key_has_help() -> None:
    without = [
        f"{name}.{key}" for name, block in _blocks(trial_schema())
        for key, spec in block["properties"].items() if not spec.get("description")
    ]  # fmt: skip
    assert without == [], "say it in the block's docstring, as `key: what it is`"
    assert all(block.get("description") for _, block in _blocks(trial_schema()))


def test_what_can_be_swapped_is_named_by_its_folder() -> None:
    schema = trial_schema()
    assert schema["$defs"]["Randomise"]["properties"]["method"]["enum"] == method_names()
    assert schema["$defs"]["Allocation"]["properties"]["method"]["enum"] == [*method_names(), None]
    carried = schema["properties"]["channels"]["properties"]
    assert {name for one in carried.values() for name in one["enum"]} == set(channel_names())
    files = {path.stem for path in Path(sources.__path__[0]).glob("[a-z]*.py")}
    assert set(schema["$defs"]["DataSource"]["properties"]) == files - {"replies"} == set(DataSource.model_fields)
    assert files <= set(schema["$defs"]["OutcomeSource"]["properties"])


NUMBERS = st.integers(0, 10**6).map(str) | st.decimals(0, 999, places=2).map(str)
UNITS = st.sampled_from(["minute", "hours", "day", "days", "weeks", "months", "fortnight", ""])
QUANTITIES = st.one_of(
    st.text(max_size=20),
    st.tuples(NUMBERS, st.sampled_from(["", " "]), st.sampled_from(["%", "points", "pp", "days", "% of", "0x", "£"]))
    .map("".join),
    st.tuples(NUMBERS, st.just(" per "), NUMBERS).map("".join),
    st.tuples(NUMBERS, UNITS).map(" ".join),
    st.tuples(NUMBERS, UNITS, st.sampled_from(["from", "before", "after"]), st.sampled_from(["visit", "allocation"]))
    .map(" ".join),
)  # fmt: skip
KINDS = {
    "Power.alpha": grammar.proportion, "StoppingRule.limit": grammar.rate, "Outcome.worthwhile": grammar.difference,
    "Safeguarding.escalate_within": grammar.duration, "StoppingRule.after": grammar.count,
    "Outcome.window": grammar.window, "Message.send": grammar.send_time,
}  # fmt: skip


@given(QUANTITIES, st.sampled_from(sorted(KINDS)))
def test_no_quantity_the_checker_takes_is_marked(text: str, where: str) -> None:
    try:
        KINDS[where](text)
    except GrammarError:
        return
    block, key = where.split(".")
    spec = json.loads(shipped_schema())["$defs"][block]["properties"][key]
    pattern = spec.get("pattern") or spec["anyOf"][0]["pattern"]
    assert re.search(pattern, text, re.DOTALL), f"{text!r} is taken as {where}, and {pattern} would mark it"


def test_the_schema_is_written_over_its_own_kind_only(tmp_path: Path) -> None:
    target = write_schema(tmp_path / "experiments")
    assert target == tmp_path / "experiments" / FILE_NAME
    target.write_text(target.read_text().replace("A trial file", "An older trial file"))
    assert write_schema(target.parent).read_text() == shipped_schema()
    target.write_text("mine")
    with pytest.raises(Refused, match="exists and is something else; move it"):
        write_schema(target.parent)
    assert target.read_text() == "mine"
