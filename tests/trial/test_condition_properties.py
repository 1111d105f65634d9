"""Laws of the condition language, held to thousands of made-up texts and rows."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.trial.conditions import ConditionError, Value, condition

TYPES = {"age": "number", "visit": "date", "hub": "category", "refuge": "yes_no", "notes": "text", "class": "category"}

NUMBER = st.integers(-99, 99).map(str) | st.sampled_from(["0.5", "12.25"])
TEXT = st.sampled_from(["'north'", '"ŵ"', "''", "'2027-01-11'", "'and'"])
DAY = st.dates(date(2026, 1, 1), date(2028, 1, 1)).map(lambda day: f"'{day.isoformat()}'")
EQUAL, ORDER = st.sampled_from(["==", "!="]), st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def listed(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, min_size=1, max_size=3).map(lambda some: f"[{', '.join(some)}]")


COMPARISON = (
    st.builds("age {} {}".format, ORDER, NUMBER)
    | st.builds("{} {} age".format, NUMBER, ORDER)
    | st.builds("{} <= age < {}".format, NUMBER, NUMBER)
    | st.builds("visit {} {}".format, ORDER, DAY)
    | st.builds("{} {} visit".format, DAY, ORDER)
    | st.builds("{} {} {}".format, st.sampled_from(["hub", "class"]), EQUAL, TEXT)
    | st.builds("notes {} {}".format, ORDER, TEXT)
    | st.builds("refuge {} {}".format, EQUAL, st.sampled_from(["yes", "no"]))
    | st.builds("hub {} {}".format, st.sampled_from(["in", "not in"]), listed(TEXT))
    | st.builds("age {} {}".format, st.sampled_from(["in", "not in"]), listed(NUMBER))
    | st.builds("visit {} {}".format, st.sampled_from(["in", "not in"]), listed(DAY))
    | st.builds("{} {}".format, st.sampled_from(sorted(TYPES)), st.sampled_from(["is missing", "is not missing"]))
    | st.sampled_from(["refuge", "yes", "no"])
)
CONDITION = st.recursive(
    COMPARISON,
    lambda inner: (
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=8,
)
ROW = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "visit": st.none() | st.dates(),
        "hub": st.none() | st.text(max_size=5),
        "class": st.none() | st.text(max_size=5),
        "refuge": st.none() | st.booleans(),
        "notes": st.none() | st.text(max_size=5),
    }
)


@given(CONDITION, ROW)
@settings(deadline=None)
def test_a_condition_of_the_right_types_never_fails_on_a_row_of_the_right_types(
    text: str, row: dict[str, Value]
) -> None:
    asked = condition(text, TYPES)
    answer = asked.holds(row)
    assert answer in {True, False, None}
    blank = {name for name in asked.columns if row[name] is None}
    if blank & asked.needs:
        assert answer is None
    if not blank:
        assert answer is not None


@given(CONDITION, ROW)
@settings(deadline=None)
def test_not_turns_the_answer_round_and_leaves_what_is_not_known(text: str, row: dict[str, Value]) -> None:
    answer = condition(text, TYPES).holds(row)
    assert condition(f"not ({text})", TYPES).holds(row) is (None if answer is None else not answer)


@given(CONDITION, CONDITION, ROW)
@settings(deadline=None)
def test_and_is_or_seen_from_the_other_side(one: str, other: str, row: dict[str, Value]) -> None:
    both = condition(f"({one}) and ({other})", TYPES).holds(row)
    turned = condition(f"not (not ({one}) or not ({other}))", TYPES).holds(row)
    assert both is turned


@given(CONDITION)
@settings(deadline=None)
def test_line_breaks_and_blanks_between_words_mean_nothing(text: str) -> None:
    row: dict[str, Value] = {
        "age": 24.0, "visit": date(2027, 1, 11), "hub": "north", "refuge": True, "notes": "", "class": "ŵ",
    }  # fmt: skip
    wide = text.replace(" ", "\n  \u00a0")
    assert condition(wide, TYPES).holds(row) is condition(text, TYPES).holds(row)


PIECES = st.sampled_from(
    [*TYPES, "and", "or", "not", "in", "is", "missing", "==", "<", "=", "(", ")", "[", "]", ",", "'", '"', "'a'", "3",
     "-", "yes", "if", "else", "lambda", ":", ".", "#", "\\", "\n", "{", "}", "f", "b", "0x1", "1.", "None", "ŵ", "*"]
)  # fmt: skip


@given(st.text(max_size=60) | st.lists(PIECES, max_size=15).map(" ".join) | st.lists(PIECES, max_size=15).map("".join))
@settings(deadline=None, max_examples=500)
def test_any_text_is_a_condition_or_has_flaws_that_stand_in_it(text: str) -> None:
    try:
        condition(text, TYPES)
    except ConditionError as error:
        flaws = error.flaws
    else:
        flaws = []
    for flaw in flaws:
        assert 0 <= flaw.offset <= len(text)
        assert flaw.what
        assert flaw.remedy


@given(st.sampled_from(["not ", "(", "[", "- ", "refuge and (", "refuge == ("]), st.integers(1, 3000))
@settings(deadline=None, max_examples=50)
def test_no_depth_of_nesting_runs_out_of_stack(piece: str, times: int) -> None:
    closing = {"(": ")", "[": "]"}.get(piece.strip()[-1], "")
    with suppress(ConditionError):
        condition(piece * times + "refuge" + closing * times, TYPES).holds({"refuge": True})


@given(st.text(alphabet=st.characters(exclude_characters="'\\\0\r\n", exclude_categories=["Cs"]), max_size=20))
@settings(deadline=None)
def test_any_text_in_quotes_is_compared_letter_by_letter(text: str) -> None:
    asked = condition(f"hub == '{text}'", TYPES)
    assert asked.holds({"hub": text}) is True
    assert asked.holds({"hub": text + "x"}) is False
