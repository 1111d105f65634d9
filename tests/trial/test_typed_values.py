"""Fields of a table as values: numbers, days, yes and no."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.trial.quantities import GrammarError
from nudge.trial.tables import shortened, typed


def refused(text: str, kind: str) -> str:
    with pytest.raises(GrammarError) as caught:
        typed(text, kind)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["number", "date", "yes_no", "category", "text"])
def test_a_blank_is_none_whatever_the_type(kind: str) -> None:
    assert typed("", kind) is None


@pytest.mark.parametrize("kind", ["number", "date", "yes_no"])
@pytest.mark.parametrize("text", ["NA", "N/A", "NaN", "nan", "NULL"])
def test_what_r_pandas_and_databases_write_for_a_blank_is_one(text: str, kind: str) -> None:
    assert typed(text, kind) is None
    assert typed(text, "category") == text, "in a category it could be a word"


NUMBERS = {
    "12": 12.0, "-3": -3.0, "+4": 4.0, "12.5": 12.5, "12,5": 12.5, "0,125": 0.125, "1,25": 1.25, ".5": 0.5, ",5": 0.5,
    "5.": 5.0, "1e3": 1000.0, "1.5E-2": 0.015, "007": 7.0, "1234567": 1234567.0, "1234,567": 1234.567,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), NUMBERS.items(), ids=NUMBERS)
def test_a_number_may_have_a_decimal_point_or_a_decimal_comma(text: str, value: float) -> None:
    assert typed(text, "number") == value


@pytest.mark.parametrize(
    "text", ["twelve", "£5", "5%", "1.234,5", "1 000", "-nan", "inf", "1e999", "0x10", "٣", "--1", "."]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert refused(text, "number") == f"`{text}` is not a number; write digits, such as 12.5"


@pytest.mark.parametrize("text", ["1,234", "12,345", "-1,234", "1,234,567", "1,234.50"])
def test_a_comma_that_may_count_thousands_is_not_guessed_at(text: str) -> None:
    assert refused(text, "number") == (f"`{text}` could count in thousands or be a fraction; write it without a comma")


DAYS = {
    "2027-01-31": date(2027, 1, 31), "31/01/2027": date(2027, 1, 31), "1/2/2027": date(2027, 2, 1),
    "2028-02-29": date(2028, 2, 29), "29/02/2028": date(2028, 2, 29), "2027-01-31T10:15:00": date(2027, 1, 31),
    "2027-01-31 10:15": date(2027, 1, 31), "2027-01-31T10:15:00Z": date(2027, 1, 31),
    "31/01/2027 10:15": date(2027, 1, 31), "31/01/2027 10:15:30": date(2027, 1, 31), "1900-01-01": date(1900, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize(("text", "day"), DAYS.items(), ids=DAYS)
def test_a_day_is_written_as_iso_8601_or_as_in_britain(text: str, day: date) -> None:
    assert typed(text, "date") == day


NO_DAYS = [
    "2027-02-30", "30/02/2027", "2027-02-29", "12/31/2027", "31/01/27", "31/01/20271", "31/01/2027x", "2027-1-31",
    "20270131", "2027-01-31x", "31.01.2027", "46053", "31 January 2027", "2027-W04-7", "0000-01-01", "tomorrow",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_DAYS)
def test_what_is_no_day_is_refused(text: str) -> None:
    assert refused(text, "date") == f"`{text}` is not a day; write 2027-01-31 or 31/01/2027"


@pytest.mark.parametrize("text", ["31/12/9999", "9999-12-31", "0001-01-01", "1899-12-30", "01/01/1066"])
def test_the_marks_that_stand_for_no_day_in_spreadsheets_are_not_taken_for_days(text: str) -> None:
    # 1899-12-30 is day 0 of Excel's calendar; 9999-12-31 is the last day of databases
    assert refused(text, "date") == f"`{text}` is not a day of these times; leave it blank where it is not known"


@pytest.mark.parametrize("text", ["yes", "Yes", "YES", "y", "true", "TRUE", "1"])
def test_ways_to_say_yes(text: str) -> None:
    assert typed(text, "yes_no") is True


@pytest.mark.parametrize("text", ["no", "No", "NO", "n", "false", "FALSE", "0"])
def test_ways_to_say_no(text: str) -> None:
    assert typed(text, "yes_no") is False


@pytest.mark.parametrize("text", ["maybe", "oui", "2", "yes!", "-"])
def test_what_is_neither_is_refused(text: str) -> None:
    assert refused(text, "yes_no") == f"`{text}` is neither yes nor no; write yes or no"


def test_a_long_or_broken_field_is_shown_in_one_short_line() -> None:
    assert shortened("a\nb\t c") == "a b c"
    assert shortened("x" * 50) == "x" * 39 + "…"
    assert shortened("\x1b[31mred\x07") == "[31mred", "nothing a terminal would obey"


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_any_day_is_the_same_in_either_writing(day: date) -> None:
    assert typed(day.isoformat(), "date") == typed(f"{day:%d/%m/%Y}", "date") == day
    assert typed(f"{day.isoformat()}T23:59:59", "date") == typed(f"{day:%d/%m/%Y} 00:00", "date") == day


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_the_same_with_point_or_comma(value: float) -> None:
    assert typed(repr(value), "number") == value
    if "e" in repr(value) or len(repr(value).partition(".")[2]) != 3:
        assert typed(repr(value).replace(".", ","), "number") == value


@given(st.text(min_size=1, max_size=50), st.sampled_from(["number", "date", "yes_no"]))
def test_no_text_gives_anything_but_a_value_or_a_short_sentence(text: str, kind: str) -> None:
    try:
        typed(text, kind)
    except GrammarError as error:
        sentence = str(error)
    else:
        sentence = ""
    assert len(sentence) < 140
    assert sentence.isprintable()
