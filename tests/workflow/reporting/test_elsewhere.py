"""A trial run elsewhere: what its file and its rows may look like, and a sentence for each that may not."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from nudge.trial.errors import ProblemsFound
from nudge.trial.load import load_trial
from nudge.trial.records.report import Results
from nudge.workflow.reporting.elsewhere import analyse_elsewhere
from tests.support.trials import START, write_rows

ROWS = [{"child": f"c{i}", "arm": str(i % 2), "area": "AB"[i // 20], "came": str(int(i % 3 == 0))} for i in range(40)]


def values(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "trial": "elsewhere",
        "arms": {"usual": {"control": True}, "text": {}},
        "allocation": {"from": {"csv_file": "rows.csv"}, "arm": "arm", "codes": {"usual": 0, "text": 1},
                       "method": "blocked", "blocks": ["area"]},
        "outcomes": {"came": {"role": "primary", "kind": "binary", "better": "higher", "worthwhile": "5 points",
                              "source": {"value": "came", "no_record": "missing"}}},
    }  # fmt: skip
    return whole | changes


def analysed(folder: Path, whole: dict[str, Any], rows: list[dict[str, str]]) -> Results:
    write_rows(folder / "rows.csv", rows)
    path = folder / "elsewhere.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return analyse_elsewhere(load_trial(path), START)


def refused(folder: Path, whole: dict[str, Any], rows: list[dict[str, str]]) -> str:
    with pytest.raises(ProblemsFound) as caught:
        analysed(folder, whole, rows)
    return str(caught.value)


def drawn(**changes: Any) -> dict[str, Any]:
    return values(allocation=values()["allocation"] | changes)


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    rows = [row | {"arm": f"{row['arm']}.0", "came": f"{row['came']}.0"} for row in ROWS]
    assert analysed(tmp_path, values(), rows).estimates == analysed(tmp_path, values(), ROWS).estimates


def test_one_name_in_two_forms_of_unicode_is_one_block(tmp_path: Path) -> None:
    named = [row | {"area": {"A": "Fferm y Tŷ", "B": "Elm Road"}[row["area"]]} for row in ROWS]
    mixed = [row | {"area": unicodedata.normalize("NFD" if i % 3 else "NFC", row["area"])}
             for i, row in enumerate(named)]  # fmt: skip
    found = analysed(tmp_path, values(), mixed)
    assert found.estimates[0].n_blocks == 2
    assert found.estimates == analysed(tmp_path, values(), named).estimates


def test_every_wrong_code_is_told_once_with_its_count(tmp_path: Path) -> None:
    rows = [row | {"arm": {"0": "0", "1": "2" if i % 4 == 1 else ""}[row["arm"]]} for i, row in enumerate(ROWS)]
    said = refused(tmp_path, values(), rows)
    assert "rows.csv:3:2: arm: `2` is not an arm (10 rows); the file knows 0 and 1" in said
    assert "rows.csv:5:2: arm: is blank (10 rows)" in said


def test_a_blank_unit_or_block_is_told(tmp_path: Path) -> None:
    rows = [row | ({"area": "", "child": ""} if i == 3 else {}) for i, row in enumerate(ROWS)]
    said = refused(tmp_path, drawn(unit="child"), rows)
    assert "area: is blank (1 row); say which block each row is in" in said
    assert "child: is blank (1 row); say which unit each row is in" in said


def test_weights_in_place_of_chances_are_told(tmp_path: Path) -> None:
    said = refused(tmp_path, drawn(probability="chance"), [row | {"chance": "2"} for row in ROWS])
    assert "`2` is not a probability (40 rows); these look like weights: give 1 divided by them" in said


def test_a_draw_of_clusters_needs_their_column(tmp_path: Path) -> None:
    said = refused(tmp_path, drawn(method="cluster", blocks=[]), ROWS)
    assert "`cluster` drew clusters, and no column says which; add `clusters: COLUMN`" in said


def test_a_table_holds_values_and_not_events(tmp_path: Path) -> None:
    came = values()["outcomes"]["came"]
    events = {"came": came | {"source": {"value": "present", "no_record": "missing"}}}
    said = refused(tmp_path, values(outcomes=events), ROWS)
    assert "`present` counts rows of a log, and this is a table; name the column that holds the outcome, 1 or 0" in said


def test_an_outcome_in_a_file_of_its_own_is_matched_by_identifier(tmp_path: Path) -> None:
    write_rows(tmp_path / "came.csv", [{"ref": row["child"], "came": row["came"]} for row in reversed(ROWS)])
    source = {"csv_file": "came.csv", "id": "ref", "value": "came", "no_record": "missing"}
    own = {"came": values()["outcomes"]["came"] | {"source": source}}
    found = analysed(tmp_path, values(outcomes=own, population={"id": "child"}), ROWS)
    assert found.estimates[0].estimate == analysed(tmp_path, values(), ROWS).estimates[0].estimate
    said = refused(tmp_path, values(outcomes=own), ROWS)
    assert "is in a file of its own, and no column says whose row is whose; name the identifier's column" in said


def test_parquet_with_its_own_types_gives_what_csv_gives(tmp_path: Path) -> None:
    described = {"population": {"columns": {"hub": "category", "age": "number", "first": "yes_no", "due": "date"}},
                 "analysis": {"covariates": ["hub", "age", "first"]}}  # fmt: skip
    rows = [row | {"hub": "NSE"[i % 3 : i % 3 + 1] if i % 7 else "", "age": str(20 + i / 2) if i % 9 else "",
                   "first": ("yes", "no", "")[i % 5 % 3], "due": f"2027-01-{1 + i % 28:02}"}
            for i, row in enumerate(ROWS)]  # fmt: skip
    by_csv = analysed(tmp_path, values(**described), rows)
    own = pa.table({
        "child": [row["child"] for row in rows], "arm": [float(row["arm"]) for row in rows],
        "area": pa.array([row["area"] for row in rows]).dictionary_encode(),
        "came": [row["came"] == "1" for row in rows],
        "hub": [row["hub"] or None for row in rows],
        "age": [float(row["age"]) if row["age"] else None for row in rows],
        "first": [{"yes": True, "no": False, "": None}[row["first"]] for row in rows],
        "due": [date.fromisoformat(row["due"]) for row in rows],
    })  # fmt: skip
    parquet.write_table(own, tmp_path / "rows.parquet")
    by_parquet = analyse_elsewhere(load_trial(tmp_path / "elsewhere.yaml"), START, tmp_path / "rows.parquet")
    assert by_parquet.estimates == by_csv.estimates
    assert (by_parquet.flow, by_parquet.checks) == (by_csv.flow, by_csv.checks)
    assert repr(by_parquet.balance) == repr(by_csv.balance)
    assert by_parquet.data is not None
    assert by_csv.data is not None
    assert by_parquet.data.sha256 == by_csv.data.sha256  # the same data are frozen


def own_records(folder: Path, records: list[dict[str, str]], **source: str) -> dict[str, Any]:
    write_rows(folder / "came.csv", records)
    said = {"csv_file": "came.csv", "id": "ref", "value": "came", "no_record": "missing"} | source
    outcome = values()["outcomes"]["came"] | {"source": said}
    return values(outcomes={"came": outcome}, population={"id": "child"})


def test_whoever_has_no_record_is_missing_or_a_no(tmp_path: Path) -> None:
    records = [{"ref": row["child"], "came": "" if i == 0 else "1"} for i, row in enumerate(ROWS[:10])]
    records += [{"ref": "somebody else", "came": "1"}, {"ref": "", "came": "1"}]
    missing = analysed(tmp_path, own_records(tmp_path, records), ROWS).estimates[0]
    assert (missing.n, missing.mean_arm, missing.mean_control) == (9, 1, 1)
    never = own_records(tmp_path, records, no_record="did_not_happen", covers="all")
    found = analysed(tmp_path, never, ROWS).estimates[0]
    assert (found.n, found.n_control, found.mean_control) == (39, 19, 4 / 19)  # a blank record says nothing


def test_an_identifier_that_stands_twice_in_an_outcomes_file(tmp_path: Path) -> None:
    records = [{"ref": row["child"], "came": "1"} for row in ROWS] + [{"ref": " c3", "came": "0"}]
    said = refused(tmp_path, own_records(tmp_path, records), ROWS)
    assert "came.csv:42:1: ref: `c3` stands twice; keep one row each" in said


def test_what_is_said_of_a_column_names_all_columns_of_the_file(tmp_path: Path) -> None:
    said = refused(tmp_path, drawn(blocks=["aria"]), ROWS)
    assert "rows.csv:1:1: has no column `aria`; did you mean `area`?" in said
    assert "rows.csv:1:1: has no column `zzz`; it has child, arm, area and came" in refused(
        tmp_path, drawn(blocks=["zzz"]), ROWS
    )
