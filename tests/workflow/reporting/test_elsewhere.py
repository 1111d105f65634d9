"""A trial run elsewhere: what its file and its rows may look like, and a sentence for each that may not."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml

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
