"""`nudge new`: each answer is checked as the checker would, and no answer can break the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nudge.trial.clock import SystemClock
from nudge.trial.errors import InputError, ProblemsFound, Refused
from nudge.trial.load import load_text
from nudge.trial.problems import Level
from nudge.workflow.checking.examine import examine
from nudge.workflow.writing.drafting import arm_names
from nudge.workflow.writing.questions import QUESTIONS, STEPS, Question
from nudge.workflow.writing.starting import (
    Draft,
    begin,
    draft_path,
    interview,
    known_wordings,
    units_needed,
    write_draft,
)
from tests.conftest import ROOT
from tests.support.editor import marked


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return begin(tmp_path / "small.yaml", force=False)


def test_the_defaults_make_a_file_that_can_be_used(draft: Draft) -> None:
    interview(draft, {}, None, print)
    write_draft(draft, force=False)
    examined = examine(draft.path, SystemClock().now())
    assert examined.at(Level.ERROR) == []
    assert {problem.what.partition("`")[2].partition("`")[0] for problem in examined.at(Level.LAUNCH)} >= {
        "safeguarding", "data_protection", "decision", "coproduction",
    }  # fmt: skip
    text = draft.path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=trial.schema.json"
    assert marked(text) == []


def test_a_file_with_everything_answered_has_only_its_roll_before_it(draft: Draft) -> None:
    flags = {
        "theory": "Families forget.", "duty_team": "Duty team", "owner": "Head of Early Help", "basis": "public_task",
        "function": "Childcare Act 2006 s.1",
        "coproduction": "Read by 6 parents.", "distal": "Good level of development at reception?",
        "language": "language", "templates": "two-year-review/reminder, two-year-review/plan",
    }  # fmt: skip
    interview(draft, flags, None, print)
    write_draft(draft, force=False)
    examined = examine(draft.path, SystemClock().now())
    assert [(problem.level, problem.path) for problem in examined.problems if problem.level != Level.ADVICE] == [
        (Level.LAUNCH, "population.people")
    ]
    trial = examined.trial
    assert list(trial.arms) == ["usual", "reminder", "plan"]
    assert trial.arms["plan"].mechanism == ("reminder", "planning_prompt")
    assert str(trial.arms["plan"].messages[0].send) == "3 days before due_date at 10:00"
    assert trial.population.columns["due_date"] == "date"
    assert [str(pair) for pair in trial.comparisons] == ["reminder - usual", "plan - usual"]
    assert marked(draft.path.read_text(encoding="utf-8")) == []


WRONG = {
    "setting": ("hospital", "`hospital` is not one of council, school or nhs; write council, school or nhs"),
    "templates": ("appointment/remider", "there is no template `appointment/remider`; did you mean `appointment/rem"),
    "outcome": ("Came!", "`Came!` is not a usable name; begin with a small letter and use small letters, digits and"),
    "worthwhile": ("5%", "`5%` could be relative or absolute; write `5 points` for percentage points"),
    "window": ("28 days", "`28 days` is not a window; write `56 days from first_planned_send` or"),
    "exclude": ("in care", "`in care` is not a usable name; begin with a small letter"),
    "baseline": ("60", "`60` is not a percentage; write it with its sign, such as `62%`"),
    "prior": ("academic", "`academic` is not one of sceptical, nudge_unit, first_reminder, rewording or parent_texts"),
    "units": ("many", "`many` is not a whole number; write digits only"),
    "blocks": ("appointment", "`appointment` is a date; blocks need groups; declare it a category, or block on one"),
    "method": ("coin", "`coin` is not a method of randomisation; use"),
    "send": ("3 days before appointment", "`3 days before appointment` does not say the time of day; write"),
    "safe_sms": ("-", "no column says whether sms is safe for a family; add `safe_to_contact"),
    "escalate": ("soon", "`soon` is not a length of time; write a number and a unit, such as `56 days`"),
    "records": ("-", "names no place to read from, or several; give one of csv_file, parquet_file, package"),
    "records_date": ("-", "has a window but no date to hold against it; add `date: COLUMN`"),
    "harm": ("came", "stands twice; it was already given on line"),
    "retention": ("a while", "`a while` is not a length of time; write a number and a unit, such as `56 days`"),
    "stage": ("test", "`test` is not one of pilot, trial or rollout; write pilot, trial or rollout"),
}  # fmt: skip
NEEDS = {"escalate": {"duty_team": "Duty team"}, "retention": {"basis": "public_task"}}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_answer_is_refused_with_the_checker_s_sentence_and_forgotten(draft: Draft, key: str) -> None:
    answer, sentence = WRONG[key]
    for needed, value in NEEDS.get(key, {}).items():
        assert draft.take(needed, value) == []
    before = draft.text
    said = draft.take(key, answer)
    assert said, f"{key} takes {answer!r}"
    assert said[0].startswith(sentence)
    assert draft.text == before


def test_a_flag_with_a_wrong_value_is_named(draft: Draft) -> None:
    with pytest.raises(InputError, match="--safe-sms: no column says whether sms is safe"):
        interview(draft, {"safe_sms": "-"}, None, print)


STRANGE = st.text(min_size=1, max_size=60) | st.sampled_from(
    ["no", "null", "~", "10:00", "1e3", "- a", "a: b", "a #b", "*x", "&x", "!x", "'", '"', "{a", "[", "%TAG", "@", "`",
     "Ydych chi'n gallu dod? Tŷ, ŵyl", "it's \"quoted\": yes", "\\n", "a\u2028b", "\ufeffx", "\x07", "?", "| x", "> y"]
)  # fmt: skip
FREE = ("title", "question", "theory", "usual", "outcome_question", "covers", "duty_team", "coproduction", "owner",
        "distal", "person_id", "records")  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(STRANGE, st.sampled_from(FREE))
def test_an_odd_answer_comes_back_as_it_was_given(tmp_path: Path, answer: str, key: str) -> None:
    draft = Draft(tmp_path / "small.yaml", known_wordings(ROOT))
    given_back = " ".join(answer.split())
    if not given_back or given_back == "-":
        return
    assert draft.take(key, answer) == []
    trial = load_text(draft.text, draft.path).trial
    outcome = trial.outcomes["came"]
    assert outcome.source is not None
    found = {
        "title": trial.title, "question": trial.question, "theory": trial.theory_of_change,
        "usual": trial.arms["usual"].receives, "outcome_question": outcome.question, "covers": outcome.source.covers,
        "duty_team": trial.safeguarding and trial.safeguarding.replies_to, "coproduction": trial.coproduction,
        "owner": trial.decision and trial.decision.owner, "person_id": trial.population.id,
        "distal": trial.outcomes["later"].question if "later" in trial.outcomes else None,
        "records": outcome.source.csv_file,
    }  # fmt: skip
    assert found[key] == given_back
    assert draft.text.count("\n# ") == Draft(draft.path, draft.wordings, {key: "x"}).text.count("\n# ")


def _answering(answers: dict[str, list[str]], asked: list[str]) -> Callable[[Question, str, str], str]:
    waiting: dict[str, Iterator[str]] = {key: iter(values) for key, values in answers.items()}

    def ask(question: Question, default: str, why: str) -> str:
        asked.append(question.key)
        assert why.endswith("."), f"{question.key} says why in a sentence"
        assert "{" not in why + default
        return next(waiting[question.key]) if question.key in waiting else default

    return ask


def test_every_step_is_asked_in_its_order_and_a_wrong_answer_again(draft: Draft) -> None:
    asked: list[str] = []
    said: list[str] = []
    ask = _answering({"worthwhile": ["5%", "4 points"], "duty_team": ["Duty team"]}, asked)
    interview(draft, {"title": "Given by a flag"}, ask, said.append)
    assert said == ["`5%` could be relative or absolute; write `5 points` for percentage points"]
    steps = [QUESTIONS[key].step for key in asked]
    assert steps == sorted(steps)
    assert set(steps) == set(range(1, len(STEPS) + 1)) == set(range(1, 10))
    assert "title" not in asked
    assert asked.count("worthwhile") == 2
    assert "duty_hours" in asked, "asked because there is a team"
    assert "decide_by" not in asked, "not asked where nobody decides"
    assert load_text(draft.text, draft.path).trial.outcomes["came"].worthwhile is not None


def test_templates_may_be_named_by_number(draft: Draft) -> None:
    names = list(draft.wordings)
    assert draft.take("templates", "2, 1") == []
    assert draft.answers["templates"] == f"{names[1]}, {names[0]}"


def test_templates_of_one_s_own_are_offered(tmp_path: Path) -> None:
    folder = tmp_path / "message_templates" / "choir" / "welcome"
    folder.mkdir(parents=True)
    (folder / "sms.j2").write_text(
        "---\nmechanism: [ownership]\nsender: Choir\n---\nYour place is held, {{ first }}.\n"
    )
    (tmp_path / "message_templates" / "choir" / "broken").mkdir()
    (tmp_path / "message_templates" / "choir" / "broken" / "sms.j2").write_text("no head")
    draft = begin(tmp_path / "choir.yaml", force=False)
    assert "choir/broken" not in draft.wordings
    assert draft.take("templates", "choir/welcome") == []
    trial = load_text(draft.text, draft.path).trial
    assert trial.arms["welcome"].mechanism == ("ownership",)
    assert trial.population.contact.email is None, "it has no words for emails"
    assert trial.population.columns["first"] == "text"
    assert str(trial.arms["welcome"].messages[0].send) == "1 day after allocation at 10:00"


def test_the_columns_of_a_roll_that_is_there_are_known(draft: Draft) -> None:
    assert draft.roll_columns() == []
    roll = draft.path.parent / "people" / "small.csv"
    roll.parent.mkdir()
    roll.write_text('\ufeffchild_ref,"Tŷ, ward"\n1,2\n', encoding="utf-8")
    assert draft.roll_columns() == ["child_ref", "Tŷ, ward"]


def test_arms_are_named_by_their_templates_and_never_twice() -> None:
    assert arm_names(["a/plan", "b/plan", "c/usual", "d/Two-Words"]) == ["plan", "plan_2", "usual_2", "two_words"]


@pytest.mark.parametrize(
    ("answers", "prior"),
    [
        ({"setting": "school"}, "parent_texts"),
        ({"templates": "appointment/reminder"}, "first_reminder"),
        ({"templates": "two-year-review/plan"}, "nudge_unit"),
    ],
)
def test_the_prior_follows_what_is_tried(draft: Draft, answers: dict[str, str], prior: str) -> None:
    for key, value in answers.items():
        assert draft.take(key, value) == []
    assert draft.answers["prior"] == prior


def test_the_size_suggested_is_that_of_the_textbook() -> None:
    answers = {"baseline": "60%", "worthwhile": "5 points", "templates": "one"}
    # R 4.2.2: power.prop.test(p1 = .6, p2 = .65, power = .8) gives n = 1470.4855 per group
    assert units_needed(answers) == pytest.approx(2 * 1470.4855, rel=0.005)
    # the same with sig.level = .025, three groups: n = 1780.8964 per group
    assert units_needed(answers | {"templates": "one, two"}) == pytest.approx(3 * 1780.8964, rel=0.005)
    assert units_needed(answers | {"worthwhile": "0 points"}) is None


def test_a_name_alone_goes_into_experiments() -> None:
    assert draft_path("school-attendance") == Path("experiments/school-attendance.yaml")
    assert draft_path("here/mine.yml") == Path("here/mine.yml")


def test_an_unusable_name_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`School Attendance` is not a usable name; begin with a small letter"):
        begin(tmp_path / "School Attendance.yaml", force=False)


def test_a_file_that_exists_is_kept(tmp_path: Path, draft: Draft) -> None:
    draft.path.write_text("mine")
    with pytest.raises(Refused, match=r"small.yaml exists; choose another name, write on in it, or replace it with"):
        begin(draft.path, force=False)
    with pytest.raises(Refused, match=r"small.yaml exists by now"):  # it came while questions were asked
        write_draft(draft, force=False)
    assert draft.path.read_text() == "mine"
    write_draft(begin(draft.path, force=True), force=True)
    assert load_text(draft.path.read_text(), draft.path).trial.trial == "small"


def test_nothing_is_left_where_the_schema_cannot_be_written(tmp_path: Path, draft: Draft) -> None:
    (tmp_path / "trial.schema.json").write_text("mine")
    with pytest.raises(Refused, match="is something else"):
        write_draft(draft, force=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial.schema.json"]


def test_flaws_that_answers_make_together_are_all_told(draft: Draft) -> None:
    draft.given["outcome"] = draft.given["harm"] = "came"
    with pytest.raises(ProblemsFound, match="stands twice"):
        interview(draft, {}, None, print)
