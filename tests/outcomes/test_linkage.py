"""Records to people: who has one, whether it counts, and what silence means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.trial.records.outcomes import OutcomeState, OutcomeWindow
from tests.outcomes.records import LONDON, WINDOW, linked, outcome, person, states, table

ADA = person("ada")


def day(text: str, name: str = "ada", **more: str) -> dict[str, str]:
    return {"ref": name, "day": text, **more}


def test_a_row_in_the_window_is_the_event() -> None:
    found, problems = linked(outcome(), table(day("2027-01-20")), [ADA])
    assert states(found) == {"ada": ("event", 1.0)}
    assert (found.records, found.matched, found.outside_window) == (1, 1, 0)
    assert (found.outcome, found.source, found.sha256) == ("came", "came.csv", "digest")
    assert problems == []


@pytest.mark.parametrize(("meaning", "value"), [("did_not_happen", 0.0), ("missing", None)])
def test_silence_means_what_the_source_says_it_means(meaning: str, value: float | None) -> None:
    found, _ = linked(outcome(no_record=meaning, covers="all clinics"), table(), [ADA])
    assert states(found) == {"ada": ("no_record", value)}


@pytest.mark.parametrize(("meaning", "value"), [("did_not_happen", 0.0), ("missing", None)])
def test_a_row_outside_the_window_is_silence_within_it_and_is_counted(meaning: str, value: float | None) -> None:
    records = table(day("2027-01-10"), day("2027-02-09"))
    found, _ = linked(outcome(no_record=meaning, covers="all clinics"), records, [ADA])
    assert states(found) == {"ada": ("no_record", value)}
    assert (found.matched, found.outside_window) == (2, 2)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("2027-01-10", False), ("2027-01-11", True), ("11/01/2027", True), ("2027-01-11T00:00:00", True),
        ("2027-02-07", True), ("2027-02-08", True), ("2027-02-09", False),
    ],
)  # fmt: skip
def test_windows_are_held_against_whole_days(text: str, counts: bool) -> None:  # noqa: FBT001 - a table
    # the window runs from 10:00 on 11 January to 10:00 on 8 February: both days touch it
    found, _ = linked(outcome(), table(day(text)), [ADA])
    assert states(found) == {"ada": ("event", 1.0) if counts else ("no_record", None)}


@pytest.mark.parametrize(("text", "counts"), [("2027-01-11", True), ("2027-02-07", True), ("2027-02-08", False)])
def test_a_window_that_closes_at_midnight_does_not_touch_the_day_after(text: str, counts: bool) -> None:  # noqa: FBT001
    window = OutcomeWindow(datetime(2027, 1, 11, tzinfo=LONDON), datetime(2027, 2, 8, tzinfo=LONDON))
    found, _ = linked(outcome(), table(day(text)), [ADA], windows={"ada": window})
    assert states(found)["ada"][0] == ("event" if counts else "no_record")


def test_days_are_those_of_the_trials_time_zone() -> None:
    # midnight at the end of 30 June in London is 23:00 UTC: in July a day begins an hour before UTC says so
    opens = datetime(2027, 6, 30, 23, 0, tzinfo=UTC)
    window = OutcomeWindow(opens, opens + timedelta(days=7))
    found, _ = linked(outcome(), table(day("2027-06-30"), day("2027-07-07", "bo")), [ADA, person("bo")],
                      windows={"ada": window, "bo": window})  # fmt: skip
    assert {name: state for name, (state, _) in states(found).items()} == {"ada": "no_record", "bo": "event"}


def test_until_a_window_has_closed_nothing_is_known_even_where_an_event_is_on_record() -> None:
    # counting early events but not early silence would favour whoever comes early
    records, people = table(day("2027-01-12")), [ADA, person("bo")]
    just_before, at_close = datetime(2027, 2, 8, 9, 59, tzinfo=UTC), datetime(2027, 2, 8, 10, 0, tzinfo=UTC)
    found, _ = linked(outcome(), records, people, complete_to=just_before)
    assert states(found) == {"ada": ("not_yet", None), "bo": ("not_yet", None)}
    found, _ = linked(outcome(), records, people, complete_to=at_close)
    assert states(found) == {"ada": ("event", 1.0), "bo": ("no_record", None)}
    assert found.complete_to == at_close


def test_a_person_without_the_date_the_window_hangs_on_is_undated() -> None:
    found, _ = linked(outcome(), table(day("2027-01-12")), [ADA], windows={"ada": OutcomeWindow(None, None)})
    assert states(found) == {"ada": ("undated", None)}


def test_a_person_known_to_be_outside_the_records_is_missing_whatever_they_hold() -> None:
    measured = outcome(outside="hub == 'west'", no_record="did_not_happen", covers="north and south")
    people = [person("ada", "west"), person("bo", "north"), person("cy", None)]
    found, _ = linked(measured, table(day("2027-01-12"), day("2027-01-12", "bo")), people)
    assert states(found) == {"ada": ("outside", None), "bo": ("event", 1.0), "cy": ("no_record", 0.0)}


def test_without_a_window_every_record_counts_and_nothing_is_awaited() -> None:
    measured = outcome().model_copy(update={"window": None})
    found, _ = linked(
        measured, table(day("1999-12-31")), [ADA], windows={}, complete_to=datetime(2000, 1, 1, tzinfo=UTC)
    )
    assert states(found) == {"ada": ("event", 1.0)}


@pytest.mark.parametrize(
    ("field", "state"), [("yes", ("event", 1.0)), ("0", ("non_event", 0.0)), ("", ("no_record", None))]
)
def test_a_yes_or_no_column_says_whether_it_happened(field: str, state: tuple[str, float | None]) -> None:
    measured = outcome(value="came", no_record="did_not_happen", covers="all clinics")
    found, _ = linked(measured, table(day("2027-01-12", came=field)), [ADA])
    assert states(found) == {"ada": state}, "a record left blank is missing, and never `did not happen`"


def test_one_yes_among_several_rows_is_the_event() -> None:
    rows = [day("2027-01-12", came="no"), day("2027-01-14", came="yes"), day("2027-01-15", came="")]
    found, problems = linked(outcome(value="came"), table(*rows), [ADA])
    assert states(found) == {"ada": ("event", 1.0)}
    assert problems == []


def test_a_yes_outside_the_window_does_not_count() -> None:
    rows = [day("2027-01-12", came="no"), day("2027-03-01", came="yes")]
    found, _ = linked(outcome(value="came"), table(*rows), [ADA])
    assert states(found) == {"ada": ("non_event", 0.0)}


def test_a_measurement_is_its_value() -> None:
    found, _ = linked(outcome("continuous", value="score"), table(day("2027-01-12", score="12,5")), [ADA])
    assert states(found) == {"ada": ("event", 12.5)}
    found, _ = linked(outcome("continuous", value="score"), table(day("2027-01-12", score="0")), [ADA])
    assert states(found) == {"ada": ("event", 0.0)}, "nought is a value like any other"


def test_the_same_value_twice_is_one_value() -> None:
    rows = [day("2027-01-12", score="3"), day("2027-01-13", score="3.0")]
    found, problems = linked(outcome("continuous", value="score"), table(*rows), [ADA])
    assert (states(found), problems) == ({"ada": ("event", 3.0)}, [])


def test_two_values_for_one_person_are_refused() -> None:
    rows = [day("2027-01-12", score="3"), day("2027-01-13", score="4"), day("2027-01-14", score="4")]
    _, problems = linked(outcome("continuous", value="score"), table(*rows), [ADA])
    assert problems == ["came.csv:4:3: score: `ada` has 2 different values in the window; keep the one that counts"]


def test_a_value_outside_the_window_does_not_quarrel_with_one_inside() -> None:
    rows = [day("2027-01-12", score="3"), day("2027-03-13", score="4")]
    found, problems = linked(outcome("continuous", value="score"), table(*rows), [ADA])
    assert (states(found), problems) == ({"ada": ("event", 3.0)}, [])


def test_where_each_row_is_one_event_a_count_counts_rows() -> None:
    rows = [day("2027-01-12"), day("2027-01-12"), day("2027-01-20"), day("2027-05-01")]
    measured = outcome("count", no_record="did_not_happen", covers="all clinics")
    found, problems = linked(measured, table(*rows), [ADA, person("bo")])
    assert (states(found), problems) == ({"ada": ("event", 3.0), "bo": ("no_record", 0.0)}, [])


def test_records_of_others_are_counted_and_never_faulted() -> None:
    rows = [day("2027-01-12"), day("soon", "someone else"), day("", "another"), day("2027-01-12", "")]
    found, problems = linked(outcome(), table(*rows), [ADA])
    assert (found.records, found.matched) == (4, 1)
    assert problems == []


def test_without_identifiers_rows_are_people_in_order() -> None:
    people = [person("1"), person("2"), person("3")]
    found, _ = linked(outcome(value="came"), table(day("2027-01-12", came="no"), day("2027-01-12", came="yes")), people,
                      id_column="row")  # fmt: skip
    assert states(found) == {"1": ("non_event", 0.0), "2": ("event", 1.0), "3": ("no_record", None)}


def test_states_are_counted_by_arm() -> None:
    people = [person(name) for name in ("ada", "bo", "cy", "di")]
    arms = {"ada": "usual", "bo": "usual", "cy": "reminder", "di": "reminder"}
    windows = dict.fromkeys(arms, WINDOW) | {"di": OutcomeWindow(None, None)}
    found, _ = linked(outcome(), table(day("2027-01-12"), day("2027-01-12", "cy")), people, arms=arms, windows=windows)
    assert found.counts == {"usual": {"event": 1, "no_record": 1}, "reminder": {"event": 1, "undated": 1}}


BAD = {
    "a day": (outcome(), day("30/02/2027"), "came.csv:3:2: day: `30/02/2027` is not a day; "
              "write 2027-01-31 or 31/01/2027"),
    "a blank day": (outcome(), day(""), "came.csv:3:2: day: is blank; give the day it happened"),
    "a yes or no": (outcome(value="came"), day("2027-01-12", came="perhaps"),
                    "came.csv:3:3: came: `perhaps` is neither yes nor no; write yes or no"),
    "a number": (outcome("continuous", value="score"), day("2027-01-12", score="high; very"),
                 "came.csv:3:3: score: `high; very` is not a number; write digits, such as 12.5"),
}  # fmt: skip


@pytest.mark.parametrize(("measured", "row", "sentence"), BAD.values(), ids=BAD)
def test_a_field_that_cannot_be_read_is_told_at_its_line(measured: object, row: dict[str, str], sentence: str) -> None:
    other = row | {"ref": "someone else"}
    _, problems = linked(measured, table(other, row), [ADA])  # type: ignore[arg-type]
    assert problems == [sentence]


def test_every_flaw_of_every_row_is_told() -> None:
    rows = [day("soon", came="perhaps"), day("", came="yes")]
    _, problems = linked(outcome(value="came"), table(*rows), [ADA])
    assert [problem.split(": ")[0] for problem in problems] == ["came.csv:2:2", "came.csv:2:3", "came.csv:3:2"]


def test_columns_that_are_not_there_are_told_with_the_nearest() -> None:
    found, problems = linked(outcome(value="cam"), table(day("2027-01-12", came="yes")), [ADA], id_column="reff")
    assert states(found) == {"ada": ("no_record", None)}
    assert problems == [
        "came.csv:1:1: has no column `cam`; did you mean `came`?",
        "came.csv:1:1: has no column `reff`; did you mean `ref`?",
    ]


PEOPLE = [person(name) for name in "abcd"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "ref": st.sampled_from("abcdxyz"),
            "day": st.dates(WINDOW.opens.date(), WINDOW.closes.date() + timedelta(days=20)).map(str),  # type: ignore[union-attr]
            "came": st.sampled_from(["yes", "no", ""]),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.sampled_from(["missing", "did_not_happen"]), st.integers(0, 40))
@settings(deadline=None)
def test_everyone_has_one_row_and_one_state_and_the_order_of_records_is_nothing(
    rows: list[dict[str, str]], silence: str, days: int
) -> None:
    measured = outcome(value="came", no_record=silence, covers="all clinics")
    complete_to = datetime(2027, 1, 20, tzinfo=UTC) + timedelta(days=days)
    found, problems = linked(measured, table(*rows), PEOPLE, complete_to=complete_to)
    backward, _ = linked(measured, table(*reversed(rows)), PEOPLE, complete_to=complete_to)
    assert problems == []
    assert found.rows == backward.rows
    assert [row.person for row in found.rows] == [one.id for one in PEOPLE]
    assert sum(found.counts["usual"].values()) == len(PEOPLE)
    assert found.matched == sum(row["ref"] in "abcd" for row in rows)
    values: dict[OutcomeState, set[float | None]] = {
        OutcomeState.EVENT: {1.0},
        OutcomeState.NON_EVENT: {0.0},
        OutcomeState.NO_RECORD: {None} if silence == "missing" else {None, 0.0},
        OutcomeState.NOT_YET: {None},
    }
    assert all(row.value in values[row.state] for row in found.rows)
