"""What `nudge pool` reads: CSV files, our own results, and everything that is wrong with them at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.trial.errors import ProblemsFound
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.pooling import pool_files, read_effects
from nudge.workflow.reporting.showing_pool import pool_in_lines
from nudge.workflow.reporting.telling import results_json
from tests.conftest import ROOT

INSURANCE = ROOT / "experiments" / "replications" / "insurance-default.yaml"


def csv_file(folder: Path, text: str, name: str = "effects.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(*files: Path) -> list[str]:
    with pytest.raises(ProblemsFound) as raised:
        read_effects(files)
    assert raised.value.exit_code == 2
    return [str(one) for one in raised.value.problems]


@pytest.fixture(scope="module")
def insurance() -> dict[str, Any]:
    """The results of a published trial, as `nudge analyse --json` prints them."""
    content: dict[str, Any] = json.loads(results_json(analyse_trial(INSURANCE, Desk())))
    return content


def written(folder: Path, content: dict[str, Any], trial: str, **changes: Any) -> Path:
    """The same results under another trial's name; changes are of the first line."""
    first, *others = content["estimates"]
    path = folder / f"{trial}.results.json"
    path.write_text(json.dumps(content | {"trial": trial, "estimates": [first | changes, *others]}), encoding="utf-8")
    return path


def test_a_file_of_effects(tmp_path: Path) -> None:
    made = read_effects([csv_file(tmp_path, "study,effect,std_error,trial\na,0.1,0.2,T\nb,-0.2,0.1,U\n")])
    assert made.effect.tolist() == [0.1, -0.2]
    assert made.variance.tolist() == pytest.approx([0.04, 0.01])
    assert (made.study, made.publication, made.scale) == (("a", "b"), ("T", "U"), None)


def test_variances_in_place_of_errors(tmp_path: Path) -> None:
    made = read_effects([csv_file(tmp_path, "study;effect;variance;scale\na;0,1;0,04;D\nb;0,2;0,01;d\n")])
    assert made.variance.tolist() == [0.04, 0.01]
    assert (made.publication, made.scale) == (None, "d")


def test_every_problem_at_once(tmp_path: Path) -> None:
    file = csv_file(
        tmp_path, "study,effect,std_error,publication\na,much,0.1,P\nb,0.1,0,P\n,0.1,0.1,P\nc,,0.1,\nd,0.1,0.1,Q\n"
    )
    found = problems(file, tmp_path / "nowhere.csv", tmp_path / "nowhere.json")
    assert [one.replace(f"{tmp_path}/", "") for one in found] == [
        "effects.csv:2:2: effect: `much` is not a number; write digits, such as 12.5",
        "effects.csv:3:3: std_error: is not above zero; give the effect's own, or leave it out",
        "effects.csv:4:1: study: is blank; name the study it comes from",
        "effects.csv:5:2: effect: is blank; give it, or leave the row out",
        "effects.csv:5:4: publication: is blank; name the publication it comes from",
        "nowhere.csv: there is no such file; check the path",
        "nowhere.json: there is no such file; check the path",
    ]


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    found = problems(csv_file(tmp_path, "studies,effect,se\na,0.1,0.2\n"))
    assert len(found) == 2
    assert "has no column `std_error`" in found[0]
    assert "has no column `study`; did you mean `studies`?" in found[1]
    both = problems(csv_file(tmp_path, "study,effect,std_error,trial,publication\na,1,1,T,P\n"))
    assert "has both `publication` and `trial`; keep the one that studies belong to" in both[0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,0.1,0.1,d\nb,0.1,0.1,probability\n", "different scales: `d` (1) and `probability` (1)"),
        ("a,0.1,0.1,d\nb,0.1,0.1,\n", "different scales: `d` (1) and `not said` (1)"),
        ("a,0.1,0.1,d\n", "1 effect is no pool; give two or more effects"),
    ],
)  # fmt: skip
def test_what_cannot_be_pooled(rows: str, said: str, tmp_path: Path) -> None:
    (found,) = problems(csv_file(tmp_path, f"study,effect,std_error,scale\n{rows}"))
    assert said in found


def test_a_study_of_two_publications(tmp_path: Path) -> None:
    (found,) = problems(csv_file(tmp_path, "study,effect,std_error,publication\n1,0.1,0.1,P\n1,0.1,0.1,Q\n"))
    assert found.endswith(
        "effects.csv:3:1: study: the study `1` is in `P` too, on line 2; give every study a name of its own"
    )


def test_our_own_results(tmp_path: Path, insurance: dict[str, Any]) -> None:
    planned = insurance["estimates"][0]
    files = [written(tmp_path, insurance, "one"), written(tmp_path, insurance, "two", estimate=0.03, std_error=0.02)]
    made = read_effects(files)
    assert made.effect.tolist() == [planned["estimate"], 0.03], "sensitivity lines are not effects of their own"
    assert np.sqrt(made.variance).tolist() == pytest.approx([planned["std_error"], 0.02])
    assert (made.study, made.scale) == (("one", "two"), "probability")
    lines = pool_in_lines(pool_files(files))
    assert lines[0] == "2 effects of 2 studies (probability)"
    assert "points" in lines[2]


def test_results_beside_a_file_of_effects(tmp_path: Path, insurance: dict[str, Any]) -> None:
    ours = written(tmp_path, insurance, "one")
    theirs = csv_file(tmp_path, "study,effect,std_error,scale,publication\na,0.1,0.2,probability,P\n")
    made = read_effects([ours, theirs])
    assert (made.study, made.publication) == (("one", "a"), ("one", "P"))
    (mixed,) = problems(ours, csv_file(tmp_path, "study,effect,std_error\na,0.1,0.2\n"))
    assert "`probability` (1) and `not said` (1); pool one scale at a time" in mixed


def test_results_that_cannot_be_used(tmp_path: Path, insurance: dict[str, Any]) -> None:
    one = written(tmp_path, insurance, "one")
    demonstration = written(tmp_path, insurance | {"demonstration": True}, "shown")
    empty = written(tmp_path, insurance, "empty", std_error=None)
    other = csv_file(tmp_path, '{"trial": 1}', "other.json")
    found = problems(one, demonstration, empty, other)
    assert len(found) == 3
    assert "shown.results.json: is a demonstration with made-up people; pool real trials only" in found[2]
    assert "empty.results.json: has no primary effect with a standard error; leave it out" in found[0]
    assert "other.json: is not a results.json" in found[1]
    again = tmp_path / "again.json"
    again.write_text(one.read_text(encoding="utf-8"), encoding="utf-8")
    (twice,) = problems(one, again)
    assert "again.json: the trial `one` stands in" in twice


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"scale": "mean", "outcome": "days"}, {"scale": "mean", "outcome": "days"}, True),
        ({"scale": "mean", "outcome": "days"}, {"scale": "mean", "outcome": "pounds"}, False),
        ({"scale": "log_ratio", "estimator": "cox"}, {"scale": "log_ratio", "estimator": "rate_ratio"}, False),
        ({}, {"scale": "mean"}, False),
    ],
)
def test_points_days_and_ratios_are_not_mixed(
    one: dict[str, str], other: dict[str, str], *, alike: bool, tmp_path: Path, insurance: dict[str, Any]
) -> None:
    files = [written(tmp_path, insurance, "one", **one), written(tmp_path, insurance, "other", **other)]
    if alike:
        assert read_effects(files).scale == "mean of days"
    else:
        assert "these effects are on different scales" in problems(*files)[0]
