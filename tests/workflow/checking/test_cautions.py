"""What the words an arm uses ask of the arm, and the shipped library held to its own rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nudge.trial.errors import InputError, ProblemsFound
from nudge.workflow.checking.examine import examine
from nudge.workflow.writing.library import LONGEST_DAY, SHIPPED_DAYS, example_value, library
from tests.conftest import ROOT
from tests.support.trials import family, trial_values, write_trial

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
LIBRARY = {entry.name: entry for entry in library(ROOT)}
ARCHETYPES = {
    "reminder", "simplification", "planning-prompt", "ownership", "social-norm", "personal-feedback", "cost-salience",
    "loss-framing", "commitment", "operational-transparency",
}  # fmt: skip
RESEARCH_ONLY = {"cost-salience/paid-for", "loss-framing/passed-on", "commitment/sign-first"}


def said(folder: Path, head: str, **arm: Any) -> list[str]:
    """The problems of a trial whose template has these lines in its head, and whose arm these keys."""
    message = {"template": "visit", "send": "7 days before visit at 10:00"}
    path = write_trial(
        folder, arms={"usual": {"control": "true", "receives": "a letter"}, "reminder": {"messages": [message], **arm}}
    )
    for name in ("sms.j2", "email.j2"):
        template = folder / "message_templates" / "visit" / name
        template.write_text(template.read_text().replace("---\n", f"---\n{head}", 1))
    return [f"{p.level} {p.path}: {p.what}; {p.remedy}" for p in examine(path, NOW).problems]


DOUBTFUL = "research_only: yes\nevidence: {grade: none, because: It was retracted.}\n"


def test_words_for_research_only_need_a_reason(tmp_path: Path) -> None:
    assert said(tmp_path, DOUBTFUL) == [
        "launch arms.reminder.messages[1].template: `visit` is for research only: It was retracted; use another "
        "template, or say on the arm why this one is tried: `because: …`"
    ]
    assert said(tmp_path, DOUBTFUL, because="We replicate it with the first author.") == []


def test_words_for_research_only_say_why_in_their_head(tmp_path: Path) -> None:
    assert said(tmp_path, "research_only: yes\n")[0] == (
        "error research_only: is marked research only without saying why; add `evidence: {grade: none, because: …}`"
    )


def test_a_grade_is_one_of_six(tmp_path: Path) -> None:
    sentence = said(tmp_path, "evidence: {grade: great, because: It works.}\n")[0]
    assert sentence.startswith("error evidence.grade: `great` is not one of strong, good, modest, mixed, thin or none")


def test_what_tells_a_family_of_itself_needs_someone_to_agree(tmp_path: Path) -> None:
    assert said(tmp_path, "sensitive: yes\n") == [
        "launch arms.reminder.messages[1].template: `visit` tells a family something about itself, which may hurt; say "
        "on the arm why it is needed and who agreed to the words: `because: …`"
    ]
    assert said(tmp_path, "sensitive: yes\n", because="The head and six parents agreed.") == []


def test_an_arm_names_the_mechanisms_of_its_words(tmp_path: Path) -> None:
    assert said(tmp_path, "mechanism: [reminder]\n") == [
        "advice arms.reminder.messages[1].template: its words work by reminder, which the arm does not name; add it to "
        "the arm's `mechanism:`"
    ]
    assert said(tmp_path, "mechanism: [reminder]\n", mechanism=["reminder"]) == []


def test_a_norm_in_the_words_needs_its_figure_even_where_the_arm_is_silent(tmp_path: Path) -> None:
    found = said(tmp_path, "mechanism: [social_norm]\n")
    assert found[0].startswith("launch arms.reminder.messages[1].template: tells families what others do, and nothing")
    assert found[1].startswith("advice ")


def test_a_translation_says_who_put_it_back(tmp_path: Path) -> None:
    path = write_trial(tmp_path)
    welsh = tmp_path / "message_templates" / "visit" / "sms.cy.j2"
    welsh.write_text(
        "---\nsender: Cyngor\n---\nCyngor: dyddiad eich ymweliad, {{ visit }}. I stopio, ffoniwch 01632 960123.\n"
    )
    (problem,) = examine(path, NOW).problems
    assert str(problem).endswith(
        "visit/sms.cy.j2 does not say who put it back into English; have someone do so who has not seen the English, "
        "and add `back_translation:` to its head"
    )
    welsh.write_text(welsh.read_text().replace("---\n", "---\nback_translation: A. Person, 2027\n", 1))
    assert examine(path, NOW).problems == ()


def test_a_household_with_two_children_is_not_written_to_twice_in_a_week(tmp_path: Path) -> None:
    rows = [family(i) for i in range(40)]
    rows[7] = family(7, household_ref="H0006", visit="2027-01-27", mobile=rows[6]["mobile"], area=rows[6]["area"])
    message = {"template": "visit", "send": "7 days before visit at 10:00", "for_each": "person"}
    arms = {"usual": {"control": "true", "receives": "a letter"}, "reminder": {"messages": [message]}}
    path = write_trial(tmp_path, rows=rows, arms=arms)
    (problem,) = examine(path, NOW).problems
    assert f"{problem.level} {problem.path}: {problem.what}; {problem.remedy}" == (
        "launch arms.reminder.messages: would write to 1 households more often than one may, the first of them H0006; "
        "send one a week and three a month at most, such as once per family (`for_each: unit`)"
    )
    message["for_each"] = "unit"
    assert examine(write_trial(tmp_path, rows=rows, arms=arms), NOW).problems == ()


def test_a_week_across_a_change_of_the_clocks_is_a_week(tmp_path: Path) -> None:
    rows = [family(i) for i in range(40)]  # British clocks go forward on 28 March 2027
    rows[6]["visit"] = "2027-03-29"
    rows[7] = family(7, household_ref="H0006", visit="2027-04-05", mobile=rows[6]["mobile"], area=rows[6]["area"])
    message = {"template": "visit", "send": "7 days before visit at 10:00", "for_each": "person"}
    arms = {"usual": {"control": "true", "receives": "a letter"}, "reminder": {"messages": [message]}}
    outcomes = trial_values()["outcomes"]
    outcomes["came"]["window"] = "28 days from visit - 7 days"
    path = write_trial(tmp_path, rows=rows, arms=arms, outcomes=outcomes)
    assert examine(path, NOW).problems == ()


def test_the_library_holds_the_ten_archetypes() -> None:
    assert {name.partition("/")[0] for name in LIBRARY} >= ARCHETYPES
    assert {name for name, entry in LIBRARY.items() if entry.research_only} == RESEARCH_ONLY
    assert {name for name, entry in LIBRARY.items() if entry.sensitive} == {"personal-feedback/days-missed"}


@pytest.mark.parametrize("name", LIBRARY)
def test_every_template_says_what_is_known_and_fits_one_text(name: str) -> None:
    entry = LIBRARY[name]
    assert entry.grade
    assert entry.because
    assert entry.sources
    for word in ("sms", "email"):
        assert any(one.channel == word and one.language == "en" for one in entry.wordings)
    for one in entry.wordings:
        assert one.channel == "email" or (one.segments, one.encoding) == (1, "GSM-7")
        assert "01632 960123" in one.text, "every message says how to stop, on a number kept for drama"
        assert one.language == "en" or one.back_translation


@pytest.mark.parametrize("name", LIBRARY)
def test_text_and_email_of_one_template_say_the_same_of_it(name: str) -> None:
    from nudge.messages.templates import read_template
    from nudge.trial.problems import Problems

    variants = read_template(name, ROOT / "message_templates" / name, Problems())
    english = [one for one in variants if one.language == "en"]
    assert len({(one.evidence, one.warnings, one.research_only, one.sensitive) for one in english}) == 1
    assert len({one.mechanism for one in variants}) == 1


def test_the_days_of_the_library_are_known_and_none_is_longer() -> None:
    asked = {column for entry in LIBRARY.values() for column in entry.columns}
    assert asked == SHIPPED_DAYS | {"days_missed"}
    assert f"{LONGEST_DAY:%A %-d %B}" == "Wednesday 30 September"
    assert example_value("hub") == "(hub)"


def test_a_template_is_found_by_name_or_the_nearest_is_told(tmp_path: Path) -> None:
    (entry,) = library(tmp_path, "ownership/held-place")
    assert entry.as_json()["grade"] == "good"
    with pytest.raises(InputError, match="there is no template `ownership/held`; did you mean `ownership/held-place`"):
        library(tmp_path, "ownership/held")
    broken = tmp_path / "message_templates" / "mine"
    broken.mkdir(parents=True)
    (broken / "sms.j2").write_text("no head")
    with pytest.raises(ProblemsFound, match="does not begin with a head"):
        library(tmp_path)
