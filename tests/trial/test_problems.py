"""Problems and errors as a person sees them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.trial.errors import (
    EstimationRefused,
    InputError,
    KeysMissing,
    LockBroken,
    NudgeError,
    ProblemsFound,
    Refused,
)
from nudge.trial.problems import Level, Problem, Problems, listed, nearest

ERROR = Problem(Level.ERROR, "f.yaml", 3, 5, "arms.plan", "is wrong", "mend it")
ADVICE = Problem(Level.ADVICE, "f.yaml", 1, 1, "", "could be better")


def test_a_problem_is_place_path_fault_and_remedy() -> None:
    assert str(ERROR) == "f.yaml:3:5: arms.plan: is wrong; mend it"


def test_what_is_not_known_of_a_problem_is_left_out() -> None:
    assert str(ADVICE) == "f.yaml:1:1: could be better"
    assert str(Problem(Level.ERROR, "f.yaml", 0, 0, "", "is empty", "fill it")) == "f.yaml: is empty; fill it"


def test_for_editors_a_problem_is_plain_values() -> None:
    assert json.loads(json.dumps(ERROR.as_json())) == {
        "level": "error", "file": "f.yaml", "line": 3, "column": 5, "path": "arms.plan",
        "what": "is wrong", "remedy": "mend it",
    }  # fmt: skip


def test_problems_come_in_the_order_of_their_places() -> None:
    places = [("b.yaml", 1, 1), ("a.yaml", 2, 9), ("a.yaml", 2, 1), ("a.yaml", 0, 0), ("a.yaml", 10, 1)]
    problems = Problems()
    problems.extend(Problem(Level.ERROR, file, line, column, "", "is wrong") for file, line, column in places)
    assert [(one.file, one.line, one.column) for one in problems] == [
        ("a.yaml", 0, 0), ("a.yaml", 2, 1), ("a.yaml", 2, 9), ("a.yaml", 10, 1), ("b.yaml", 1, 1),
    ]  # fmt: skip


def test_only_errors_stop_anything_and_all_are_told() -> None:
    problems = Problems()
    problems.add(ADVICE)
    problems.raise_if_fatal()
    assert not problems.fatal
    problems.add(ERROR)
    problems.add(ERROR)
    with pytest.raises(ProblemsFound) as caught:
        problems.raise_if_fatal()
    assert caught.value.problems == (ERROR, ERROR)
    assert str(caught.value) == f"{ERROR}\n{ERROR}"
    assert problems.at(Level.ADVICE) == [ADVICE]
    assert len(problems) == 3


def test_an_error_says_what_and_what_to_do() -> None:
    assert str(NudgeError("is wrong", "mend it")) == "is wrong; mend it"
    assert str(NudgeError("is wrong")) == "is wrong"


@pytest.mark.parametrize(
    ("error", "code"),
    [(InputError, 2), (Refused, 1), (KeysMissing, 1), (LockBroken, 1), (EstimationRefused, 1), (NudgeError, 1)],
)
def test_wrong_input_exits_with_2_and_a_refusal_with_1(error: type[NudgeError], code: int) -> None:
    assert error("is wrong").exit_code == code
    assert issubclass(error, NudgeError)


def test_the_nearest_word_is_a_likely_one_or_none() -> None:
    assert nearest("qestion", ["question", "title"]) == "question"
    assert nearest("zebra", ["question", "title"]) == ""
    assert nearest("x", []) == ""


def test_words_are_listed_as_people_say_them() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"


@given(st.lists(st.from_regex(r"\A[a-z]{1,5}\Z"), min_size=2, max_size=6))
def test_a_list_names_every_word_in_order(words: list[str]) -> None:
    assert listed(words).replace(" and ", ", ").split(", ") == words
