"""The condition language: what it answers of one row, and every way in which it refuses."""

from __future__ import annotations

from datetime import date

import pytest

from nudge.trial.conditions import ConditionError, Value, condition

TYPES = {"age": "number", "visit": "date", "booked": "date", "hub": "category", "refuge": "yes_no", "notes": "text"}
ROW: dict[str, Value] = {
    "age": 24.0, "visit": date(2027, 1, 11), "booked": date(2027, 1, 4), "hub": "north", "refuge": False, "notes": "x",
}  # fmt: skip
EXAMPLE = "write comparisons joined by and, or, not; for instance `age_months >= 22 and not refuge`"
QUOTES = "(a text value needs quotes)"


def answer(text: str, **changes: Value) -> bool | None:
    return condition(text, TYPES).holds(ROW | changes)


def flaws(text: str, types: dict[str, str] | None = None) -> list[str]:
    """Each flaw as `offset: what; remedy`, offsets from 0."""
    with pytest.raises(ConditionError) as caught:
        condition(text, TYPES if types is None else types)
    return [f"{flaw.offset}: {flaw.what}; {flaw.remedy}" for flaw in caught.value.flaws]


TRUE = [
    "age >= 22 and age <= 26", "22 <= age <= 26", "age == 24", "age > -1", "age in [23, 24]",
    "hub == 'north'", 'hub == "north"', "hub in ['north', 'west']", "hub in {'north'}", "hub is not missing",
    "notes != 'y'", "notes < 'y'", "visit >= '2027-01-11'", "visit in ['2027-01-11']", "visit > booked",
    "'2027-01-10' < visit < '2027-01-12'", "'2027-01-04' in [visit, booked]",
    "not refuge", "refuge == no", "refuge == false", "refuge != yes", "(age > 30) == refuge",
    "refuge or hub == 'north'", "not (refuge or age < 20)", "yes", "true and not false", "  age\n  > 3\t",
]  # fmt: skip
FALSE = [
    "22 <= age < 24", "age != 24", "age > 24.5", "'south' == hub", "hub not in ['north', 'west']",
    "hub in ('a', 'b')", "'2027-01-12' <= visit", "refuge", "no", "hub is missing", "age < 3 or refuge",
]  # fmt: skip


@pytest.mark.parametrize("text", TRUE)
def test_a_condition_that_holds_of_the_row(text: str) -> None:
    assert answer(text) is True


@pytest.mark.parametrize("text", FALSE)
def test_a_condition_that_does_not_hold_of_the_row(text: str) -> None:
    assert answer(text) is False


def test_a_condition_knows_its_columns_and_those_it_needs() -> None:
    asked = condition("hub is missing or (age > 3 and not refuge)", TYPES)
    assert asked.columns == {"hub", "age", "refuge"}
    assert asked.needs == {"age", "refuge"}
    assert asked.text == "hub is missing or (age > 3 and not refuge)"


@pytest.mark.parametrize("text", ["refuge or age > 3", "refuge and age > 3", "age > 3", "not age > 3", "age in [24]"])
def test_a_blank_in_any_column_it_needs_makes_the_answer_not_known(text: str) -> None:
    for refuge in (True, False):
        assert answer(text, age=None, refuge=refuge) is None


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("age is missing", (True, False)),
        ("age is not missing", (False, True)),
        ("age is missing or age > 3", (True, True)),
        ("age > 3 or age is missing", (True, True)),
        ("age is not missing and age < 3", (False, False)),
        ("age < 3 and age is not missing", (False, False)),
        ("not (age is missing)", (False, True)),
        ("age is missing and age > 3", (None, False)),
        ("age is missing or hub == 'north'", (True, True)),
        ("age in [1, 2] or age is missing", (True, False)),
        ("age not in [1, 2] and age is not missing", (False, True)),
    ],
)
def test_a_column_asked_whether_it_is_missing_may_be_blank(text: str, answers: tuple[bool | None, bool]) -> None:
    assert (answer(text, age=None), answer(text, age=24.0)) == answers


def test_another_column_it_needs_still_makes_the_answer_not_known() -> None:
    assert answer("age is missing or hub == 'north'", age=None, hub=None) is None


REFUSED = {
    # words and signs
    "": f"0: is empty; {EXAMPLE}, or leave the key out",
    "   ": f"0: is empty; {EXAMPLE}, or leave the key out",
    "hub = 'north'": "4: a single `=` is not a comparison; write `==` for equal",
    "age => 3": "4: `=>` is not part of a condition; write `>=`",
    "age =< 3": "4: `=<` is not part of a condition; write `<=`",
    "age <> 3": "4: `<>` is not part of a condition; write `!=`",
    "refuge && refuge": "7: `&&` is not part of a condition; write `and`",
    "refuge || refuge": "7: `||` is not part of a condition; write `or`",
    "!refuge": "0: `!` is not part of a condition; write `not`",
    "refuge AND refuge": "7: `AND` is written in capitals; write `and`",
    "Not refuge": "0: `Not` is written in capitals; write `not`",
    "age + 1 > 3": "4: `+` is not part of a condition; compare columns with values; nothing is calculated here",
    "age * 2 > 3": "4: `*` is not part of a condition; compare columns with values; nothing is calculated here",
    "hub.upper == 'N'": "3: `.` is not part of a condition; name a column, or write a number such as 0.5",
    "hub == “north": "7: `“` is not part of a condition; use straight quotes: ' or \"",
    "hub == 'north": "7: a quote is opened and not closed; write a text as 'text' or \"text\"",
    "hub == 'no\\rth'": "7: a text with a backslash is not part of a condition; leave the backslash out",
    "hub in ['a' 'b']": "8: 'a' stands beside another text; put a comma between them",
    "refuge # or age > 3": "7: `#` is not part of a condition; put the remark on a line of its own, above the key",
    "f'{hub}' == 'a'": f"0: `f'{{hub}}'` is not part of a condition; {EXAMPLE}",
    "age > 0x10": f"6: `0x10` is not part of a condition; {EXAMPLE}",
    "age > 1e3": f"6: `1e3` is not part of a condition; {EXAMPLE}",
    "age > 1_000": f"6: `1_000` is not part of a condition; {EXAMPLE}",
    f"age > {'9' * 20}": f"6: `{'9' * 20}` is not part of a condition; {EXAMPLE}",
    "refuge; refuge": f"6: `;` is not part of a condition; {EXAMPLE}",
    "lambda: refuge": f"6: `:` is not part of a condition; {EXAMPLE}",
    "not " * 60 + "refuge": "0: has too many brackets or `not`s inside each other; write it more simply",
    # the shape
    "refuge refuge": f"0: cannot be read as a condition from here; {EXAMPLE}",
    "(refuge": f"0: cannot be read as a condition from here; {EXAMPLE}",
    "len(notes) > 3": "0: calls are not part of a condition; compare columns with values instead",
    "hub[0] == 'n'": f"0: `hub[0]` is not part of a condition; {EXAMPLE}",
    "age": "0: `age` is a number, not a yes or no; compare it with a value",
    "'north'": "0: `'north'` is a text, not a yes or no; compare it with a value",
    "refuge and hub": "11: `hub` is a category, not a yes or no; compare it with a value",
    "not visit": "4: `visit` is a date, not a yes or no; compare it with a value",
    "[refuge]": "0: `[refuge]` is a list, not a yes or no; compare it with a value",
    # names
    "agee > 3": f"0: `agee` is not a column; did you mean `age`? {QUOTES}",
    "hub == west": f"7: `west` is not a column; name age, booked, hub, notes, refuge or visit {QUOTES}",
    "refuge == True": "10: `True` is not a column; write `true`, in small letters",
    "age == None": "7: `None` is not a column; write `is missing` for a blank",
    "class == 'a'": f"0: `class` is not a column; name age, booked, hub, notes, refuge or visit {QUOTES}",
    # types
    "age == '24'": "7: compares a number with a text; write a number without quotes, a text with them",
    "hub == 3": "7: compares a category with a number; put the value in quotes",
    "refuge == 'yes'": "10: compares a yes_no with a text; write yes or no without quotes",
    "refuge == 1": "10: compares a yes_no with a number; compare it with yes or no",
    "age == refuge": "7: compares a number with a yes_no; compare it with yes or no",
    "hub > 'a'": "0: `hub` is a category, which has no order; compare numbers or dates, or use `==` and `in`",
    "'a' <= hub": "7: `hub` is a category, which has no order; compare numbers or dates, or use `==` and `in`",
    "hub in ['a', 3]": "13: compares a category with a number; put the value in quotes",
    # dates
    "visit > '11/01/2027'": "8: `11/01/2027` is not a day; write it as '2027-01-11'",
    "visit > '2027-02-30'": "8: `2027-02-30` is not a day; write it as '2027-01-11'",
    "visit > '20270111'": "8: `20270111` is not a day; write it as '2027-01-11'",
    "visit in ['2027-01-11', 'soon']": "24: `soon` is not a day; write it as '2027-01-11'",
    "visit > 3": "8: compares a date with a number; write the day in quotes, as '2027-01-11'",
    "notes == visit": "0: compares a date with a text; write the day in quotes, as '2027-01-11'",
    "visit == hub": "9: compares a date with a category; write the day in quotes, as '2027-01-11'",
    # missing and lists
    "age == missing": "7: `missing` is not a value; write `is missing`",
    "missing": "0: `missing` is not a value; write `COLUMN is missing`",
    "age is 3": "7: `is` goes only with `missing`; write `==`, or `is missing`",
    "'a' is missing": "0: `is missing` asks about a column; put a column's name before it",
    "yes is missing": "0: `is missing` asks about a column; put a column's name before it",
    "agee is missing": f"0: `agee` is not a column; did you mean `age`? {QUOTES}",
    "age in 3": "7: `in` needs a list; write `in ['a', 'b']`",
    "hub in 'north'": "7: `in` needs a list; write `in ['a', 'b']`",
    "hub in []": "7: `in` needs a list; write `in ['a', 'b']`",
    "hub == ['a']": "7: a list goes only after `in`; write `in ['a', 'b']`",
    "['a'] < ['b']": "8: a list goes only after `in`; write `in ['a', 'b']`",
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.items(), ids=lambda text: repr(text)[:40])
def test_anything_else_is_refused_with_its_reason(text: str, sentence: str) -> None:
    if "cannot be read" in sentence:  # where Python's parser gives up differs between its versions
        assert [one.partition(": ")[2] for one in flaws(text)] == [sentence.partition(": ")[2]]
    else:
        assert flaws(text) == [sentence]


def test_all_flaws_are_told_at_once() -> None:
    assert flaws("agge > 3 and hubb == 'a' or refuge == 1") == [
        f"0: `agge` is not a column; did you mean `age`? {QUOTES}",
        f"13: `hubb` is not a column; did you mean `hub`? {QUOTES}",
        "38: compares a yes_no with a number; compare it with yes or no",
    ]
    assert flaws("age => 3 && refuge") == [
        "4: `=>` is not part of a condition; write `>=`",
        "9: `&&` is not part of a condition; write `and`",
    ]


def test_offsets_count_characters_from_the_start_of_what_was_written() -> None:
    assert flaws("  hub == 'ŵŷ' and\n  agee > 3")[0].startswith("20: `agee`")
    assert flaws("  hub == 'ŵ' and and refuge")[0].startswith("17: cannot be read as a condition from here")


def test_without_declared_columns_the_remedy_is_to_declare_one() -> None:
    assert flaws("age > 3", {}) == [f"0: `age` is not a column; declare it in `population.columns` {QUOTES}"]


def test_a_column_with_a_name_that_python_keeps_for_itself() -> None:
    asked = condition("class in ['3A', '3B'] and not from", {"class": "category", "from": "yes_no"})
    assert asked.columns == {"class", "from"}
    assert asked.holds({"class": "3A", "from": False}) is True
    assert asked.holds({"class": "class", "from": False}) is False


def test_the_error_names_every_flaw() -> None:
    with pytest.raises(ConditionError, match="`agge` is not a column; compares a yes_no with a number"):
        condition("agge > 3 or refuge == 1", TYPES)
