"""Template folders: which file is which, what its head must say, and what is said where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from nudge.messages.templates import find_template, read_template, template_from_lock, template_names
from nudge.trial.problems import Problems
from tests.conftest import ROOT
from tests.messages.wordings import EMAIL, SMS, read

BODY = "Your visit is on {{ visit }}.\n"


def head(lines: str, body: str = BODY) -> str:
    return f"---\n{lines}\n---\n{body}"


def test_each_file_is_a_variant_named_by_channel_and_language(tmp_path: Path) -> None:
    found, problems = read(tmp_path, sms=SMS, email=EMAIL, sms_cy=SMS, email_pl=EMAIL)
    assert problems == []
    assert sorted(one.key for one in found) == [
        "visit/email.en", "visit/email.pl", "visit/sms.cy", "visit/sms.en",
    ]  # fmt: skip


def test_a_variant_holds_its_head_its_words_and_what_they_ask_for(tmp_path: Path) -> None:
    text = head("sender: Elm <elm@example.org>\nsubject: For {{ name }}\nmechanism: reminder", "\nHello {{ name }},\n\n"
                "{% if first_child %}welcome{% endif %} on {{ visit }}.\n\n")  # fmt: skip
    (one,), problems = read(tmp_path, email=text)
    assert problems == []
    assert one.file == "visit/email.j2"
    assert one.sender == "Elm <elm@example.org>"
    assert one.subject == "For {{ name }}"
    assert one.mechanism == ("reminder",)
    assert one.body == "Hello {{ name }},\n\n{% if first_child %}welcome{% endif %} on {{ visit }}."
    assert one.variables == {"name", "first_child", "visit"}


def test_line_ends_and_a_byte_order_mark_change_neither_words_nor_digest(tmp_path: Path) -> None:
    (plain,), _ = read(tmp_path / "a", sms=SMS)
    (windows,), problems = read(tmp_path / "b", sms=b"\xef\xbb\xbf" + SMS.replace("\n", "\r\n").encode())
    assert problems == []
    assert windows == plain
    (other,), _ = read(tmp_path / "c", sms=SMS.replace("visit is", "visit was"))
    assert other.digest != plain.digest


def test_files_that_are_no_templates_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("About these words")
    found, problems = read(tmp_path, sms=SMS)
    assert [one.key for one in found] == ["visit/sms.en"]
    assert problems == []


@pytest.mark.parametrize("name", ["letter.j2", "sms.english.j2", "SMS.j2", "sms.CY.j2", "sms.cy.txt.j2"])
def test_a_template_with_another_name_is_told_how_to_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SMS)
    assert read(tmp_path)[1] == [
        f"visit/{name}: is not named by channel and language; name it sms.j2, email.j2, staff.j2, or sms.cy.j2 …"
    ]


def test_a_folder_without_templates_holds_no_words(tmp_path: Path) -> None:
    (tmp_path / "reminder").mkdir()
    assert read(tmp_path)[1] == ["visit: holds no words; add sms.j2, email.j2 or staff.j2 to it"]


BEGIN = (
    "visit/sms.j2:1:1: does not begin with a head; begin with a line `---`, then `sender: …`, then another line `---`"
)
KNOWN = (
    "known here: channel, language, mechanism, subject, sender, from_name, evidence, warnings, research_only, "
    "sensitive, back_translation, plain and allows"
)
HEADS = {
    "no head": ("Your visit is on {{ visit }}.\n", BEGIN),
    "a head not closed": ("---\nsender: Elm\nYour visit\n", BEGIN),
    "an empty file": ("", BEGIN),
    "an unknown key": (head("sendr: Elm"),
                       "visit/sms.j2:2:1: sendr: `sendr` is not a known key; did you mean `sender`?"),
    "a key like no other": (head("sender: Elm\nzebra: x"),
                            f"visit/sms.j2:3:1: zebra: `zebra` is not a known key; {KNOWN}"),
    "a value of another kind": (head("sender: [Elm]"), "visit/sms.j2:2:1: sender: a text is expected here; "
                                "write words, in quotes if need be"),
    "not YAML": (head("sender: Elm: Council"), "visit/sms.j2:2:12: a second `: ` stands in this line; "
                 "put quotes round a text with a colon"),
    "words instead of keys": (head("Elm Council"), "visit/sms.j2:2:1: is not a list of keys and values; "
                              "write lines of `key: value`"),
    "an empty head": ("---\n---\nHello\n", "visit/sms.j2:1:1: is empty; write lines of `key: value`"),
    "a key twice": (head("sender: Elm\nsender: Ash"), "visit/sms.j2:3:1: sender: stands twice; it was already given "
                    "on line 2; keep one of the two"),
    "another channel": (head("sender: Elm\nchannel: email"), "visit/sms.j2:3:1: channel: its head says `email`, its "
                        "name says `sms`; rename the file or mend the head"),
    "another language": (head("language: cy\nsender: Elm"), "visit/sms.j2:2:1: language: its head says `cy`, its name "
                         "says `en`; rename the file or mend the head"),
    "a channel that is none": (head("sender: Elm\nchannel: fax"), "visit/sms.j2:3:1: channel: `fax` is not one of sms, "
                               "email or staff; write sms, email or staff"),
    "no sender": (head("mechanism: reminder"), "visit/sms.j2:2:1: does not say who it is from; "
                  "add `sender:` to its head"),
    "a sender too long": (head("sender: Elm Road Council"), "visit/sms.j2:2:1: sender: `Elm Road Council` cannot be a "
                          "text's sender; use at most 11 letters, digits and spaces"),
    "a sender with signs": (head("sender: Elm & Ash"), "visit/sms.j2:2:1: sender: `Elm & Ash` cannot be a text's "
                            "sender; use at most 11 letters, digits and spaces"),
    "no words": (head("sender: Elm", "\n\n"), "visit/sms.j2:4:1: has no words; write them below the second `---`"),
    "nothing below the head": ("---\nsender: Elm\n---", "visit/sms.j2:4:1: has no words; "
                               "write them below the second `---`"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), HEADS.values(), ids=HEADS)
def test_what_is_wrong_with_a_head_is_said_at_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    assert read(tmp_path, sms=text)[1] == [sentence]


SENDERS = ["Elm Council", "elm@", "Elm <elm>", "Elm <elm@example.org", "a@example.org, b@example.org"]


@pytest.mark.parametrize("sender", SENDERS)
def test_an_email_comes_from_an_address(tmp_path: Path, sender: str) -> None:
    text = head(f"subject: Your visit\nsender: '{sender}'")
    assert read(tmp_path, email=text)[1] == [
        f"visit/email.j2:3:1: sender: `{sender}` cannot be an email's sender; write `Elm Council <name@domain>`"
    ]


def test_a_line_break_in_a_sender_forges_no_header(tmp_path: Path) -> None:
    text = head('sender: "Elm <elm@example.org>\\nBcc: all@example.org"\nsubject: Your visit')
    assert read(tmp_path, email=text)[1] == [
        "visit/email.j2:2:1: sender: `Elm <elm@example.org> Bcc: all@example.…` cannot be an email's sender; "
        "write `Elm Council <name@domain>`"
    ]


def test_an_email_has_a_subject(tmp_path: Path) -> None:
    assert read(tmp_path, email=head("sender: elm@example.org"))[1] == [
        "visit/email.j2:2:1: is an email without a subject; add `subject:` to its head"
    ]


UNREADABLE = "cannot be read as a template"
LOOK = "look at its {{ braces }} and {% tags %}"
ELSEWHERE = "takes words from another file; write them out here: what is locked is this file"
BODIES = {
    "an open brace": ("Hello\n{{ visit\n", f"6:1: {UNREADABLE} (unexpected end of template, expected 'end of print "
                      f"statement'); {LOOK}"),
    "an unknown tag": ("Hello\n{% visit %}\n", f"6:1: {UNREADABLE} (Encountered unknown tag 'visit'); {LOOK}"),
    "an unknown filter": ("{{ visit|shout }}\n", f"5:1: {UNREADABLE} (No filter named 'shout'); {LOOK}"),
    "an unknown test": ("{{ visit is shouted }}\n", f"5:1: {UNREADABLE} (No test named 'shouted'); {LOOK}"),
    "another file's words": ("Hello\n{% include 'sms.j2' %}\n", f"6:1: {ELSEWHERE}"),
    "another file's macros": ("{% import 'a' as b %}\n", f"5:1: {ELSEWHERE}"),
    "another file's shape": ("{% extends 'a' %}\n", f"5:1: {ELSEWHERE}"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "sentence"), BODIES.values(), ids=BODIES)
def test_words_that_cannot_be_read_are_told_at_their_line(tmp_path: Path, body: str, sentence: str) -> None:
    found, problems = read(tmp_path, sms=head("sender: Elm\nmechanism: reminder", body))
    assert found == []
    assert problems == [f"visit/sms.j2:{sentence}"]


def test_a_block_that_is_not_closed_is_told(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, sms=head("sender: Elm", "Hello\n\n{% if visit %}x\n"))[1]
    assert problem.startswith(f"visit/sms.j2:6:1: {UNREADABLE} (Unexpected end of template")


def test_a_subject_that_cannot_be_read_is_told_at_its_line(tmp_path: Path) -> None:
    text = head("sender: elm@example.org\nsubject: Your visit on {{ visit")
    assert read(tmp_path, email=text)[1] == [
        f"visit/email.j2:3:1: {UNREADABLE} (unexpected end of template, expected 'end of print statement'); {LOOK}"
    ]


def test_a_template_in_windows_1252_is_told_at_its_first_odd_byte(tmp_path: Path) -> None:
    content = head("sender: Elm", "It costs nothing.\nNot even £5.\n").encode("cp1252")
    assert read(tmp_path, sms=content)[1] == ["visit/sms.j2:5:10: is not UTF-8 text here; save the file as UTF-8"]


def test_one_bad_variant_does_not_hide_another(tmp_path: Path) -> None:
    found, problems = read(tmp_path, sms="no head", email=EMAIL, sms_cy=head("sendr: Elm"))
    assert [one.key for one in found] == ["visit/email.en"]
    assert [problem.partition(": ")[0] for problem in problems] == ["visit/sms.cy.j2:2:1", "visit/sms.j2:1:1"]


def test_the_first_folder_that_has_a_template_gives_it(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    for folder in (near / "visit", far / "visit", far / "only" / "far"):
        folder.mkdir(parents=True)
    assert find_template("visit", [near, far]) == near / "visit"
    assert find_template("only/far", [near, far]) == far / "only" / "far"
    assert find_template("none", [near, far]) is None


def test_every_template_of_several_folders_is_named_once(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    for folder in (near / "visit", far / "visit", far / "only" / "far", far / "empty"):
        folder.mkdir(parents=True)
        if folder.name != "empty":
            (folder / "sms.j2").write_text(SMS)
    assert template_names([near, far, tmp_path / "none"]) == ["only/far", "visit"]


def test_a_locked_template_is_the_same_words(tmp_path: Path) -> None:
    (one,), _ = read(tmp_path, email=EMAIL)
    kept = {
        name: getattr(one, name)
        for name in ("name", "channel", "language", "file", "subject", "sender", "body", "digest")
    }
    back = template_from_lock(kept)
    assert (back.key, back.subject, back.sender, back.body, back.digest) == (
        one.key, one.subject, one.sender, one.body, one.digest,
    )  # fmt: skip


LIBRARY = ROOT / "message_templates"


@pytest.mark.parametrize("name", template_names([LIBRARY]))
def test_every_shipped_template_has_nothing_wrong_with_it(name: str) -> None:
    problems = Problems()
    assert read_template(name, LIBRARY / name, problems)
    assert [str(problem) for problem in problems] == []
