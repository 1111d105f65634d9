"""`nudge protocol` on a real trial: from draft to locked, its label follows the lock."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest

from nudge.trial.errors import ProblemsFound
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.checking.examine import examine
from nudge.workflow.writing.protocolling import protocol_facts, write_protocol, write_registration
from tests.support.trials import SMS, START, Bench, family, write_rows, write_trial


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_draft_is_labelled_and_makes_no_database(bench: Bench) -> None:
    file = write_trial(bench.folder)
    document, page, word = write_protocol(file, bench.desk(), bench.folder / "reports")
    assert (document.label, document.fingerprint) == ("draft", None)
    assert document.said == "This is a draft: nothing is locked, and everything may still change."
    assert page.name == "small.protocol.html"
    assert docx.Document(str(word)).paragraphs[0].text == "A small trial"
    assert not (bench.folder / "nudge.sqlite3").exists()


def test_a_locked_trial_carries_its_fingerprint_its_counts_and_its_decisions(bench: Bench) -> None:
    file = write_trial(bench.folder)
    lock = lock_trial(file, bench.desk())
    drawn = allocate_trial(file, bench.desk())
    document, page, _ = write_protocol(file, bench.desk(), bench.folder)
    assert (document.label, document.fingerprint) == ("locked", lock.fingerprint)
    assert "Locked on 2027-01-11 by tester (lock 1)" in document.said
    assert "demonstration" in document.said, "the seed is published"
    text = page.read_text(encoding="utf-8")
    assert lock.seed_commitment in text
    assert "The roll holds 40 people; 40 units take part." in text
    assert (
        f"The arms have been drawn: usual {drawn.counts['usual']}, reminder {drawn.counts['reminder']} units." in text
    )
    choice = lock.decisions["comparisons"]["reminder - usual"]
    assert choice["because"] in text.replace("&#39;", "'")
    assert not {"22", "23"} & {item.number for item in document.unmet}


@pytest.mark.parametrize("what", ["file", "template", "roll"])
def test_what_differs_from_the_lock_is_said_and_nothing_of_the_lock_is_claimed(bench: Bench, what: str) -> None:
    file = write_trial(bench.folder)
    lock_trial(file, bench.desk())
    if what == "file":
        file.write_text(file.read_text().replace("5 points", "4 points"))
    elif what == "template":
        (bench.folder / "message_templates" / "visit" / "sms.j2").write_text(SMS + "More.\n")
    else:
        write_rows(bench.folder / "people" / "small.csv", [family(i) for i in range(41)])
    document, page, _ = write_protocol(file, bench.desk(), bench.folder)
    assert document.label == "differs from its lock"
    assert document.fingerprint is None
    named = {"file": "outcomes.came.worthwhile", "template": "visit/sms.en", "roll": "the roll people/small.csv"}[what]
    assert named in document.said
    assert document.said in page.read_text(encoding="utf-8")


def test_the_words_of_a_locked_protocol_are_those_of_the_lock(bench: Bench) -> None:
    file = write_trial(bench.folder)
    lock_trial(file, bench.desk())
    _, page, word = write_protocol(file, bench.desk(), bench.folder)
    body = "Council: your visit is on {{ visit }}. To stop, call 01632 960123."
    assert f"<pre>{body}</pre>" in page.read_text(encoding="utf-8")
    quoted = [one.text for one in docx.Document(str(word)).paragraphs if one.style and one.style.name == "Quote"]
    assert body in quoted
    assert len(quoted) == 2, "a text and an email"


def test_the_schedule_spans_the_roll(bench: Bench) -> None:
    rows = [family(i, visit="2027-01-25" if i else "2027-03-30") for i in range(40)]
    file = write_trial(bench.folder, rows=rows)
    facts = protocol_facts(examine(file, START), bench.desk(), START)
    message, outcome = facts.schedule[1:3]
    # 7 days before 25 January and 30 March, then 28 days after each
    assert (message.first, message.last) == ("2027-01-18", "2027-03-23")
    assert (outcome.first, outcome.last) == ("2027-02-15", "2027-04-20")


def test_without_a_roll_there_is_a_protocol_without_days(bench: Bench) -> None:
    file = write_trial(bench.folder)
    (bench.folder / "people" / "small.csv").unlink()
    document, page, _ = write_protocol(file, bench.desk(), bench.folder)
    assert document.label == "draft"
    assert "at allocation, once the trial is locked" in page.read_text(encoding="utf-8")


def test_a_file_with_errors_has_no_protocol(bench: Bench) -> None:
    file = write_trial(bench.folder)
    file.write_text(file.read_text().replace("better: higher", "beter: higher"))
    with pytest.raises(ProblemsFound, match="did you mean `better`"):
        write_protocol(file, bench.desk(), bench.folder / "reports")
    assert not (bench.folder / "reports").exists()


def test_texts_of_the_protocol_block_are_part_of_the_lock_only_where_they_stand(bench: Bench) -> None:
    file = write_trial(bench.folder)
    plain = lock_trial(file, bench.desk())
    assert "protocol" not in plain.definition, "a file without the block keeps the fingerprint it had"
    file = write_trial(bench.folder, protocol={"funding": "The council."})
    document, _, _ = write_protocol(file, bench.desk(), bench.folder)
    assert document.label == "differs from its lock"
    assert "protocol" in document.said


@pytest.mark.parametrize("registry", ["aea", "osf", "aspredicted"])
def test_registration_is_written_as_text_to_copy(bench: Bench, registry: str) -> None:
    file = write_trial(bench.folder)
    fields, target = write_registration(file, bench.desk(), bench.folder / "reports", registry)  # type: ignore[arg-type]
    assert target == bench.folder / "reports" / f"small.{registry}.md"
    text = target.read_text(encoding="utf-8")
    assert text.startswith("# A small trial: text for ")
    assert all(f"## {field.name}\n" in text for field in fields)


def test_a_replication_has_a_protocol_too(tmp_path: Path) -> None:
    from nudge.trial.library import shipped

    file = shipped("experiments") / "replications" / "insurance-default.yaml"
    document, _, _ = write_protocol(file, Bench(tmp_path).desk(), tmp_path)
    assert document.label == "replication (no lock)"


def test_a_title_that_is_markup_is_only_a_title(bench: Bench) -> None:
    file = write_trial(bench.folder, title="<i>Tŷ</i> & co")
    _, page, word = write_protocol(file, bench.desk(), bench.folder)
    assert "<h1>&lt;i&gt;Tŷ&lt;/i&gt; &amp; co</h1>" in page.read_text(encoding="utf-8")
    assert docx.Document(str(word)).paragraphs[0].text == "<i>Tŷ</i> & co"
