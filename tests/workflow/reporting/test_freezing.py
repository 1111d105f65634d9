"""What was analysed is frozen, names nobody, and gives the same numbers again, by itself."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from nudge.store.people import load_allocation
from nudge.trial.errors import InputError, Refused
from nudge.trial.library import shipped
from nudge.trial.load import load_trial
from nudge.trial.records.report import Results
from nudge.workflow.desk import Desk
from nudge.workflow.law import law_of
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from nudge.workflow.reporting.telling import report_trial, write_report
from tests.support.trials import Bench, family, lock_draw_and_launch, trial_values, write_rows, write_trial

OVER = datetime(2027, 3, 1, tzinfo=UTC)
CASES: dict[str, dict[str, Any]] = {
    "blocked": {"randomise": {"method": "blocked", "blocks": ["area"], "ratio": {"usual": 1, "reminder": 1}}},
    "rerandomised": {"randomise": {"method": "rerandomised", "balance_on": ["age"], "accept": {"share": "30%"}}},
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def analysed(bench: Bench, **changes: Any) -> tuple[Path, Desk, Results]:
    """A trial with a number, a category, a date and blanks among what it analyses."""
    population = trial_values()["population"]
    columns = {**population["columns"], "age": "number", "first": "yes_no"}
    rows = [
        family(i, age="" if i % 7 == 0 else f"{20 + i / 3:.4f}", first="yes" if i % 2 else "no", visit="2027-01-25")
        for i in range(60)
    ]  # fmt: skip
    plan = {"comparisons": ["reminder - usual"], "covariates": ["age", "first"], "subgroups": ["area"]}
    given = {"population": {**population, "columns": columns}, "analysis": plan, **changes}
    file, desk = write_trial(bench.folder, rows=rows, **given), bench.desk()
    lock_draw_and_launch(file, desk)
    trial = load_trial(file).trial
    with desk.store.begin() as connection:
        drawn = load_allocation(connection, "small", law_of(trial)).rows
    came = [row.unit.replace("H", "P") for i, row in enumerate(drawn) if i % (2 if row.arm == "reminder" else 3) == 0]
    write_rows(bench.folder / "outcomes" / "came.csv", [{"person_ref": one, "day": "2027-01-26"} for one in came])
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk)
    return file, desk, analyse_trial(file, desk, folder=bench.folder / "reports")


def frozen(bench: Bench, results: Results) -> Path:
    assert results.data is not None
    return bench.folder / "reports" / results.data.file


@pytest.mark.parametrize("drawn", CASES)
def test_the_frozen_file_gives_the_same_numbers(bench: Bench, drawn: str) -> None:
    file, desk, results = analysed(bench, **CASES[drawn])
    again = analyse_trial(file, desk, data=frozen(bench, results))
    assert len(again.estimates) > 3, "with its subgroups and sensitivity lines"
    assert repr(again.estimates) == repr(results.estimates)
    assert repr(again.careless) == repr(results.careless)
    assert again.data == results.data
    assert (again.label, again.fingerprint) == ("from frozen data", results.fingerprint)


def test_it_needs_no_database_where_the_draw_was_a_shuffle_within_blocks(bench: Bench, tmp_path: Path) -> None:
    file, _, results = analysed(bench)
    elsewhere = Desk(bench.settings(database_url="sqlite:////no/such/place/x.sqlite3"), bench.clock)
    again = analyse_trial(file, elsewhere, data=frozen(bench, results))
    assert repr(again.estimates) == repr(results.estimates)


def test_another_draw_s_law_stands_in_its_database(bench: Bench, tmp_path: Path) -> None:
    file, _, results = analysed(bench, **CASES["rerandomised"])
    other = Bench(tmp_path / "other").desk()
    with pytest.raises(Refused, match="was drawn by rerandomised, whose law stands in the database it was drawn in"):
        analyse_trial(file, other, data=frozen(bench, results))


def test_open_windows_are_frozen_too(bench: Bench) -> None:
    file, desk, _ = analysed(bench)
    collect_outcomes(file, desk, datetime(2027, 1, 20, tzinfo=UTC))
    results = analyse_trial(file, desk, folder=bench.folder / "reports")
    assert results.estimates[0].verdict is None
    again = analyse_trial(file, desk, data=frozen(bench, results))
    assert "windows are still open" in again.estimates[0].note
    assert repr(again.estimates) == repr(results.estimates)


def test_the_hash_is_the_file_s_and_equal_data_is_the_same_file(bench: Bench) -> None:
    file, desk, results = analysed(bench)
    kept = frozen(bench, results)
    assert results.data is not None
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == results.data.sha256
    assert analyse_trial(file, desk).data == results.data
    page = write_report(results, load_trial(file).trial, bench.folder / "reports").read_text()
    assert results.data.sha256 in page
    assert results.data.sha256 in (bench.folder / "reports" / "small.results.json").read_text()


def test_it_names_nobody(bench: Bench) -> None:
    _, _, results = analysed(bench)
    table = parquet.read_table(frozen(bench, results))
    assert table.column_names == [
        "arm", "unit", "block", "probability", "received", "baseline.age", "baseline.first", "baseline.area",
        "outcome.came",
    ]  # fmt: skip
    text = str(table.to_pydict())
    assert "P00" not in text
    assert "H00" not in text


def test_a_trial_run_elsewhere_is_frozen_as_well(tmp_path: Path) -> None:
    file = shipped("experiments") / "replications" / "insurance-default.yaml"
    results = analyse_trial(file, Desk(), folder=tmp_path)
    assert results.data is not None
    again = analyse_trial(file, Desk(), data=tmp_path / results.data.file)
    assert repr(again.estimates) == repr(results.estimates)
    assert repr(again.careless) == repr(results.careless)


def test_it_belongs_to_its_trial_and_makes_no_report(bench: Bench) -> None:
    file, desk, results = analysed(bench)
    other = shipped("experiments") / "replications" / "insurance-default.yaml"
    with pytest.raises(InputError, match="holds the data of small; name the trial file it was made by"):
        analyse_trial(other, desk, data=frozen(bench, results))
    with pytest.raises(Refused, match="is a frozen data set: it gives the numbers of its report again"):
        report_trial(file, desk, bench.folder, frozen(bench, results))
