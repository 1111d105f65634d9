"""The words of a trial as `check` and `preview` see them: by file and line, for families nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nudge.messages.characters import dear_characters
from nudge.messages.checks import remarks
from nudge.messages.render import render
from nudge.messages.templates import read_template, template_names
from nudge.trial.errors import ProblemsFound
from nudge.trial.problems import Problems
from nudge.trial.records.messages import Previewed
from nudge.workflow.checking.edge_cases import LONG_NAME
from nudge.workflow.checking.examine import examine
from nudge.workflow.writing.library import example_value
from nudge.workflow.writing.previewing import preview_words
from tests.conftest import ROOT
from tests.support.trials import family, trial_values, write_trial

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
STOP = "To stop, call 01632 960123."
BASE = "https://go.example.org"


def written(folder: Path, sms: str, *, head: str = "sender: Council", email: str = "", **changes: Any) -> Path:
    """A trial whose text is this."""
    path = write_trial(folder, **changes)
    templates = folder / "message_templates" / "visit"
    (templates / "sms.j2").write_text(f"---\n{head}\n---\n\n{sms}\n")
    if email:
        (templates / "email.j2").write_text(f"---\nsender: Elm <e@example.org>\nsubject: Visit\n---\n{email}\n")
    return path


def named_columns(**columns: str) -> dict[str, Any]:
    population = dict(trial_values()["population"])
    return population | {"columns": population["columns"] | columns}


def said(path: Path, base: str = "") -> list[str]:
    """Problems of templates: level, place within the folder, sentence."""
    found = examine(path, NOW, base).problems
    return [f"{p.level} {Path(p.file).name}:{p.line}:{p.column} {p.what}" for p in found if p.file.endswith(".j2")]


def test_a_finding_stands_at_the_line_of_its_words(tmp_path: Path) -> None:
    path = written(tmp_path, f"Council: your visit is on {{{{ visit }}}}.\nHurry. {STOP}")
    assert said(path) == ["launch sms.j2:6:1 makes it scarce or urgent: `Hurry`"]


@pytest.mark.parametrize("kind", ["text", "category"])
def test_what_the_roll_holds_of_one_child_is_not_texted_unless_someone_agreed(tmp_path: Path, kind: str) -> None:
    words = f"Council: for {{{{ first_name }}}},\nyour visit is on {{{{ visit }}}}. {STOP}"
    rows = [family(i, first_name="Ann") for i in range(40)]
    change: dict[str, Any] = {"rows": rows, "population": named_columns(first_name=kind)}
    path = written(tmp_path, words, **change)
    assert (
        "launch sms.j2:5:1 says `first_name`, which may be a child's name or a place, and others read texts on a "
        "shared phone"
    ) in said(path)
    head = "sender: Council\nallows: {first_name: 'A. Person, 2027-01-08: two children share a phone'}"
    assert not any("says `first_name`" in one for one in said(written(tmp_path, words, head=head, **change)))
    asked = f"Council:{{% if first_name is defined %}} hello,{{% endif %}} your visit is on {{{{ visit }}}}. {STOP}"
    assert said(written(tmp_path, asked, **change)) == []


def test_a_finding_that_only_an_odd_name_brings_names_the_oddity(tmp_path: Path) -> None:
    rows = [family(i, first_name="Ann") for i in range(40)]
    head = "sender: Council\nallows: {first_name: agreed}"
    path = written(tmp_path, f"Council: for {{{{ first_name }}}}. {STOP}", head=head, rows=rows,
                   population=named_columns(first_name="text"))  # fmt: skip
    assert said(path) == [
        "advice sms.j2:6:1 holds `’` (RIGHT SINGLE QUOTATION MARK), so that a segment takes 70 characters in place of "
        "160 (1 segment, no fewer without), for a family with an apostrophe",
        "advice sms.j2:6:1 holds `О` (CYRILLIC CAPITAL LETTER O), `л` (CYRILLIC SMALL LETTER EL), `е` (CYRILLIC SMALL "
        "LETTER IE) and 10 more, so that a segment takes 70 characters in place of 160 (1 segment), for a family with "
        "a name in another script",
    ]  # fmt: skip


def test_an_approval_of_what_no_check_holds_back_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, f"Council: hello. {STOP}", head="sender: Council\nallows: {servise: agreed}")
    (problem,) = [one for one in examine(path, NOW).problems if one.level == "error"]
    assert (problem.what, problem.remedy) == (
        "`servise` is nothing that a check holds back", "did you mean `service`?"
    )  # fmt: skip


def test_a_norm_may_be_said_where_the_arm_has_its_figure(tmp_path: Path) -> None:
    norm = {"share": "82%", "source": "our records", "dated": "2026-11"}
    words = f"Council: 8 in 10 come. {STOP}"
    assert said(written(tmp_path, words)) == ["launch sms.j2:5:10 says what others do: `8 in 10`"]
    arms = trial_values()["arms"]
    arms["reminder"] |= {"norm": norm}
    assert said(written(tmp_path, words, arms=arms)) == []


def test_a_language_without_lists_is_said_to_have_none(tmp_path: Path) -> None:
    path = written(tmp_path, f"Council: hello. {STOP}")
    folder = tmp_path / "message_templates" / "visit"
    polish = "---\nsender: Council\nback_translation: A. Person\n---\nCouncil: czekamy. STOP: 01632 960123.\n"
    (folder / "sms.pl.j2").write_text(polish)
    assert said(path) == [
        "advice sms.pl.j2:5:1 is in `pl`, of which no words are listed here for threat, shame, services or needs, and "
        "no reading age is measured"
    ]


def test_arms_that_differ_in_segments_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, f"Council: hello. {STOP}")
    longer = tmp_path / "message_templates" / "longer"
    longer.mkdir()
    (longer / "sms.j2").write_text(f"---\nsender: Council\n---\nCouncil: hello. {'We wait for you. ' * 9}{STOP}\n")
    values = trial_values()["arms"]
    short = values["reminder"]["messages"][0]
    arms: dict[str, Any] = {"usual": {"control": "true", "messages": [short]},
            "reminder": {"messages": [short | {"template": "longer"}]}}  # fmt: skip
    path = written(tmp_path, f"Council: hello. {STOP}", arms=arms)
    found = [p for p in examine(path, NOW).problems if "segments" in p.what]
    assert [(p.path, p.what) for p in found] == [
        ("arms.reminder.messages", "sends 2 segments in `en` and usual 1, so the arms differ in length as well as in "
         "words")
    ]  # fmt: skip
    arms["reminder"]["dose"] = "a longer text"
    assert [p for p in examine(written(tmp_path, f"Council: hello. {STOP}", arms=arms), NOW).problems
            if "segments" in p.what] == []  # fmt: skip


def test_links_are_declared_used_and_have_an_address_to_begin_with(tmp_path: Path) -> None:
    words = f"Council: book at {{{{ link('booking') }}}}\n{STOP}"
    assert said(written(tmp_path, words)) == [
        "error sms.j2:5:1 links to `booking`, and the trial file declares no such link"
    ]
    path = written(tmp_path, words, links={"booking": "https://example.org/book", "map": "https://example.org/map"})
    others = [f"{p.level} {p.path}: {p.what}" for p in examine(path, NOW).problems]
    assert others == [
        "launch links: the words link to booking, and NUDGE_LINK_BASE_URL is not set",
        "advice links.map: is declared, and no template links to it",
    ]
    assert said(path, BASE) == []
    with pytest.raises(ProblemsFound, match="is not a web address; write it whole, as `https://example.org/book`"):
        examine(written(tmp_path, words, links={"booking": "http://example.org/book"}), NOW)
    links = {"booking": "https://a.example.org"}
    assert said(written(tmp_path, f"Council: {{{{ link(visit) }}}} {STOP}", links=links)) == [
        "error sms.j2:5:1 links to something that is no name"
    ]  # fmt: skip


def shown(path: Path, base: str = "") -> list[Previewed]:
    return preview_words(path, NOW, [], base)


def test_every_oddity_is_shown_once_with_the_families_that_read_it(tmp_path: Path) -> None:
    rows = [family(i, first_name="Ann", children="1", language="pl") for i in range(40)]
    population = named_columns(first_name="text", children="number", language="category")
    population["contact"] = population["contact"] | {"language": "language"}
    words = "Council: for {{ first_name }}, {{ children }} {{ plural(children, 'child', 'children') }}. " + STOP
    head = "sender: Council\nallows: {first_name: agreed}"
    path = written(tmp_path, words, head=head, email=f"Hello\n\n{STOP}", rows=rows, population=population)
    found = [one for one in shown(path) if (one.channel, one.language) == ("sms", "en")]
    assert [one.families for one in found] == [
        ("a typical family", "two children on the roll"), ("a long name",), ("a blank name",), ("an apostrophe",),
        ("a name in another script",), ("a name with signs",), ("one child",), ("two children",), ("a large number",),
    ]  # fmt: skip
    by = {label: one for one in found for label in one.families}
    assert by["two children"].text == f"Council: for Alex, 2 children. {STOP}"
    assert by["one child"].text == f"Council: for Alex, 1 child. {STOP}"
    assert LONG_NAME in by["a long name"].text
    assert "`first_name` is blank" in by["a blank name"].refused
    assert (by["a name in another script"].encoding, by["a typical family"].encoding) == ("UCS-2", "GSM-7")
    assert by["a name with signs"].text == f"Council: for <b>Ann & Co</b> {{{{ 7 * 7 }}}}, 3 children. {STOP}"
    assert by["a typical family"].cost == 0.04
    assert {one.fallback for one in shown(path) if one.language == "pl" and not one.refused} == {True}
    assert not any("Ann," in one.text for one in found), "nobody of the roll is shown"


def test_the_preview_counts_a_link_as_long_as_it_will_be(tmp_path: Path) -> None:
    words = f"Council: book at {{{{ link('booking') }}}} {STOP}"
    path = written(tmp_path, words, links={"booking": "https://example.org/book"})
    row = next(one for one in shown(path, BASE) if one.channel == "sms")
    assert row.text == f"Council: book at {BASE}/0example0link {STOP}"
    assert row.characters == len(row.text)


LIBRARY = ROOT / "message_templates"


@pytest.mark.parametrize("name", template_names([LIBRARY]))
def test_the_library_passes_its_own_checks(name: str) -> None:
    for template in read_template(name, LIBRARY / name, Problems()):
        words = render(template, {column: example_value(column) for column in template.variables}, "example")
        said = [*remarks(template, words), *dear_characters(template, words, "outbox")]
        needed = {"norm"} if name.startswith("social-norm") else set()  # its arm gives the figure
        assert {one.kind for one in said} == needed, said
