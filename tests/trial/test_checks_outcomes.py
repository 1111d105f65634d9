"""What a trial file must agree on with itself: outcomes, where they are recorded, and when they count."""

from __future__ import annotations

import pytest

from tests.trial.samples import ELSEWHERE, TRIAL, Says, changed, place, told

HARM = """\
  complaint:
    role: harm
    kind: binary
    better: lower
    source: {csv_file: complaints.csv, date: day, value: present, no_record: did_not_happen, covers: the log}
    window: 28 days from first_planned_send
    margin: 0.5 points
"""
SOURCE = "{csv_file: came.csv, date: day, value: present, no_record: missing}"


def with_outcome(text: str) -> str:
    return changed("analysis: {", text + "analysis: {")


def test_the_harm_has_nothing_wrong_with_it(says: Says) -> None:
    assert says(with_outcome(HARM)) == []


def test_a_trial_has_a_primary_outcome(says: Says) -> None:
    text = changed("role: primary", "role: secondary")
    assert says(text) == [
        f"{place(text, 'outcomes:')}: outcomes: has no primary outcome; give one outcome `role: primary`"
    ]


CAME = {
    "no direction": (
        "    better: higher\n",
        "",
        "does not say which way is better; add `better: higher` or `better: lower`",
    ),
    "no source": (f"    source: {SOURCE}\n", "", "does not say where it is recorded; add `source: {csv_file: …}`"),
}
BEFORE_LAUNCH = {
    "no window": (
        "    window: 28 days from first_planned_send\n",
        "",
        "has no window, so nothing says when it stops counting; add `window: 56 days from first_planned_send`",
    ),
    "no worthwhile change": (
        "    worthwhile: 5 points\n",
        "",
        "does not say the smallest change that would alter the decision; add `worthwhile: 5 points`",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), CAME.values(), ids=CAME)
def test_a_primary_outcome_says_what_it_counts(says: Says, old: str, new: str, sentence: str) -> None:
    text = changed(old, new)
    assert says(text) == [f"{place(text, 'came:')}: outcomes.came: {sentence}"]


@pytest.mark.parametrize(("old", "new", "sentence"), BEFORE_LAUNCH.values(), ids=BEFORE_LAUNCH)
def test_a_primary_outcome_says_when_it_counts_and_what_would_matter(
    before_launch: Says, old: str, new: str, sentence: str
) -> None:
    text = changed(old, new)
    assert before_launch(text) == [f"{place(text, 'came:')}: outcomes.came: {sentence}"]


RECORDED = {
    "no place": (
        "csv_file: came.csv, ",
        "",
        "names no place to read from, or several; give one of csv_file, parquet_file, package, database, replies",
    ),
    "two places": (
        "csv_file: came.csv",
        "csv_file: came.csv, parquet_file: came.parquet",
        "names no place to read from, or several; give one of csv_file, parquet_file, package, database, replies",
    ),
    "silence without meaning": (
        ", no_record: missing",
        "",
        (
            "does not say what it means when a person has no record; "
            "add `no_record: did_not_happen` (with `covers:`) or `no_record: missing`"
        ),
    ),
    "silence of unknown reach": (
        "no_record: missing",
        "no_record: did_not_happen",
        (
            "takes silence as `did_not_happen` without saying whom the records cover; "
            "add `covers:`, such as `covers: all hubs in the area`"
        ),
    ),
    "no column": (
        "value: present, ",
        "",
        (
            "does not say which column holds the outcome; "
            "add `value: COLUMN`, or `value: present` where a row is the event"
        ),
    ),
    "no date for the window": ("date: day, ", "", "has a window but no date to hold against it; add `date: COLUMN`"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), RECORDED.values(), ids=RECORDED)
def test_a_source_says_where_what_and_what_silence_means(says: Says, old: str, new: str, sentence: str) -> None:
    text = changed(old, new)
    assert says(text) == [f"{place(text, 'source:')}: outcomes.came.source: {sentence}"]


def test_whom_the_records_do_not_cover_is_a_condition(says: Says) -> None:
    text = changed("no_record: missing", "no_record: missing, outside: hubb == 'west'")
    what = "`hubb` is not a column; did you mean `hub`? (a text value needs quotes)"
    assert says(text) == [f"{place(text, 'hubb')}: outcomes.came.source.outside: {what}"]


@pytest.mark.parametrize("kind", ["continuous", "ordinal"])
def test_a_row_alone_is_a_yes_or_no_or_a_count_and_no_measurement(says: Says, kind: str) -> None:
    text = changed("kind: binary", f"kind: {kind}\n    unit: days").replace("5 points", "0.5 days")
    assert says(text) == [
        told(
            place(text, "value: present"),
            "outcomes.came.source.value",
            f"`present` makes a yes or no, and the outcome is {kind}",
            "name the column that holds the value",
        )
    ]


WINDOWS = {
    "an unknown column": ("visitt", "`visitt` is not a date column; did you mean `visit`?"),
    "a column of another type": ("age", "`age` is a number, not a date; name visit"),
}


@pytest.mark.parametrize(("anchor", "sentence"), WINDOWS.values(), ids=WINDOWS)
def test_a_window_hangs_on_a_date_column(says: Says, anchor: str, sentence: str) -> None:
    text = changed("from first_planned_send", f"from {anchor} - 7 days")
    assert says(text) == [f"{place(text, 'window: ')}: outcomes.came.window: {sentence}"]


def test_without_sends_there_is_no_first_send_to_count_from(says: Says) -> None:
    text = changed("messages: [{template: visit, send: 7 days before visit at 10:00}]", "receives: a visit")
    assert says(text) == [
        told(
            place(text, "window: "),
            "outcomes.came.window",
            "counts from `first_planned_send`, but no arm sends anything",
            "count from `allocation`, a date column or a day",
        )
    ]


UNITS = {
    "a binary outcome in days": (
        "binary",
        "",
        "2 days",
        "`2 days` is not in the outcome's unit; write `5 points` for percentage points",
    ),
    "another unit": ("count", "unit: visits", "2 days", "`2 days` is not in the outcome's unit; write it in `visits`"),
    "no unit": ("count", "", "2 visits", "`2 visits` is not in the outcome's unit; say the outcome's `unit:`"),
}


@pytest.mark.parametrize(("kind", "unit", "size", "sentence"), UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("key", ["worthwhile", "margin"])
def test_a_worthwhile_change_and_a_margin_are_in_the_outcomes_unit(
    says: Says, key: str, kind: str, unit: str, size: str, sentence: str
) -> None:
    text = changed("kind: binary", f"kind: {kind}" + (f"\n    {unit}" if unit else ""))
    if key == "worthwhile":
        text = text.replace("5 points", size)
    else:
        text = text.replace("role: primary", "role: secondary").replace("worthwhile: 5 points", f"margin: {size}")
        text = text.replace("outcomes:", "outcomes:\n  main: {role: primary, kind: binary, better: higher, "
                            f"source: {SOURCE}, window: 9 days from allocation, worthwhile: 5 points}}")  # fmt: skip
    spot = place(text, f"{key}: {size}")
    assert says(text) == [f"{spot}: outcomes.came.{key}: {sentence}"]


@pytest.mark.parametrize("unit", ["points", "point", "pp", "percentage points"])
def test_points_are_percentage_points_and_never_a_measurements_own_unit(says: Says, unit: str) -> None:
    text = changed("kind: binary", f"kind: continuous\n    unit: {unit}").replace("value: present", "value: score")
    assert says(text) == [
        told(
            place(text, "unit: "),
            "outcomes.came.unit",
            f"`{unit}` means percentage points in this file",
            "give the unit another name, such as `marks`",
        )
    ]


def test_a_harm_names_the_margin_that_would_be_too_much(before_launch: Says) -> None:
    text = with_outcome(HARM.replace("    margin: 0.5 points\n", ""))
    assert before_launch(text) == [
        told(
            place(text, "complaint:"),
            "outcomes.complaint",
            "is a harm without the margin that would be too much",
            "add `margin: 0.5 points`",
        )
    ]


def test_a_lesser_outcome_may_wait_for_its_source_until_launch(before_launch: Says) -> None:
    text = with_outcome("  later: {role: secondary, kind: binary, better: higher, window: 9 days from allocation}\n")
    assert before_launch(text) == [
        f"{place(text, 'later:')}: outcomes.later: does not say where it is recorded; add `source: {{csv_file: …}}`"
    ]


def test_a_far_off_outcome_says_when_it_is_expected(before_launch: Says) -> None:
    text = with_outcome("  school: {role: distal, kind: binary}\n")
    assert before_launch(text) == [
        told(
            place(text, "school:"),
            "outcomes.school",
            "does not say when this far-off outcome is expected",
            "add `expected: 2029-06`",
        )
    ]
    assert before_launch(with_outcome("  school: {role: distal, kind: binary, expected: 2029-06}\n")) == []


def test_a_far_off_outcome_with_a_source_is_measured_like_any_other(says: Says) -> None:
    text = with_outcome(f"  school: {{role: distal, kind: binary, window: 9 days from allocation, source: {SOURCE}}}\n")
    assert says(text) == [
        told(
            place(text, "school:"),
            "outcomes.school",
            "does not say which way is better",
            "add `better: higher` or `better: lower`",
        )
    ]


def test_a_trial_run_elsewhere_may_keep_everything_in_one_table_without_windows(says: Says) -> None:
    assert says(ELSEWHERE) == []
    text = changed("{value: took, no_record: missing}", "{value: took}", ELSEWHERE)
    assert says(text) == [
        told(
            place(text, "source:"),
            "outcomes.took.source",
            "does not say what it means when a person has no record",
            "add `no_record: did_not_happen` (with `covers:`) or `no_record: missing`",
        )
    ]


def test_the_sample_names_a_window_and_a_source(says: Says) -> None:
    assert SOURCE in TRIAL
    assert says(TRIAL) == []


def test_a_hypothesis_has_what_it_is_held_to(says: Says) -> None:
    text = changed("worthwhile: 5 points", "worthwhile: 5 points\n    hypothesis: equivalence")
    assert says(text) == [
        told(
            place(text, "hypothesis: equivalence"), "outcomes.came.hypothesis",
            "`equivalence` has no margin to be held to", "add `margin:`, the change that would be too much",
        )
    ]  # fmt: skip


def test_a_harm_is_never_asked_to_be_better(says: Says) -> None:
    harm = (
        "worthwhile: 5 points\n  hurt: {role: harm, kind: binary, better: lower, margin: 1 points, "
        "hypothesis: superiority, window: 28 days from first_planned_send,\n    "
        "source: {csv_file: hurt.csv, date: day, value: present, no_record: missing}}"
    )
    text = changed("worthwhile: 5 points", harm)
    what = "outcomes.hurt.hypothesis: a harm is held to its margin, not to being better; leave `hypothesis` out"
    assert says(text) == [f"{place(text, 'hypothesis: superiority')}: {what}"]


def test_held_to_a_margin_a_primary_outcome_needs_no_worthwhile(before_launch: Says) -> None:
    text = changed("worthwhile: 5 points", "margin: 5 points\n    hypothesis: non_inferiority")
    assert not [line for line in before_launch(text) if "worthwhile" in line or "smallest change" in line]


REPLIED = changed("csv_file: came.csv, date: day, value: present", "replies: coming") + (
    "replies: {coming: [YES, IE], not_coming: 'NO'}\n"
)


def test_families_answers_are_a_source_without_columns(says: Says) -> None:
    written_to = "messages: [{template: visit, send: 8 days before visit at 10:00}]"
    assert says(changed("receives: the usual letter", written_to, REPLIED)) == []


BY_REPLY = {
    "replies: coming": (
        "replies: comming", "replies", "`comming` is not a name under `replies:`; did you mean `coming`?"
    ),
    "no_record: missing": (
        "no_record: missing, date: day", "date", "is not needed: a reply says who wrote it and when; leave out `date`"
    ),
}  # fmt: skip


@pytest.mark.parametrize("old", BY_REPLY)
def test_an_answer_that_cannot_be_one_is_refused(says: Says, old: str) -> None:
    new, key, sentence = BY_REPLY[old]
    text = changed(old, new, REPLIED)
    (said,) = says(text)
    assert said.endswith(f"outcomes.came.source.{key}: {sentence}")


def test_an_answer_is_no_measure(says: Says) -> None:
    measured = changed("kind: binary", "kind: continuous\n    unit: marks", REPLIED)
    assert any("an answer was given or was not, and the outcome is continuous" in said for said in says(measured))


def test_an_arm_that_sends_nothing_cannot_answer(before_launch: Says) -> None:
    said = [one for one in before_launch(REPLIED) if "answered where messages are sent" in one]
    assert len(said) == 1
    assert "make it `role: process`, or compare arms that are both written to" in said[0]
