"""The shipped replication, from rows that a package carries: runs everywhere, held to R's numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nudge.trial.records.report import Results
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from tests.conftest import ROOT
from tests.reference.published import line
from tests.reference.rows import FULL

FILE = ROOT / "experiments" / "replications" / "insurance-default.yaml"
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "social_insure.json").read_text(encoding="utf-8")
)["results"]


@pytest.fixture(scope="module")
def results() -> Results:
    return analyse_trial(FILE, Desk())


def test_villages_as_published(results: Results) -> None:
    planned = line(results, "takeup", "opt_out")
    assert {name: getattr(planned, name) for name in FULL} == {
        name: pytest.approx(EXPECTED["default.CR2"][name], rel=1e-9) for name in FULL
    }
    assert planned.icc == pytest.approx(EXPECTED["icc.natural_village"]["value"], rel=1e-9)
    assert (planned.estimator, planned.vcov, planned.n_clusters) == ("difference_in_means", "CR2", 166)


def test_with_area_effects_beside_it(results: Results) -> None:
    beside = line(results, "takeup", "opt_out", "sensitivity", "area effects")
    assert {name: getattr(beside, name) for name in FULL} == {
        name: pytest.approx(EXPECTED["default.admin_fe.CR2"][name], rel=1e-9) for name in FULL
    }
    assert beside.verdict is None


def test_the_careless_number_is_the_naive_one(results: Results) -> None:
    (careless,) = results.careless
    naive = EXPECTED["default.naive.HC2"]
    for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
        assert getattr(careless, name) == pytest.approx(naive[name], rel=1e-9)


def test_every_village_counting_the_same(tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(FILE.read_text(encoding="utf-8").replace("average: person", "average: cluster"), encoding="utf-8")
    planned = line(analyse_trial(file, Desk()), "takeup", "opt_out")
    assert {name: getattr(planned, name) for name in FULL} == {
        name: pytest.approx(EXPECTED["default.village_means"][name], rel=1e-9) for name in FULL
    }


def test_the_command_gives_the_same(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", "analyse", str(FILE), "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    content = json.loads(done.stdout)
    first = content["estimates"][0]
    assert {name: first[name] for name in FULL} == {
        name: pytest.approx(EXPECTED["default.CR2"][name], rel=1e-9) for name in FULL
    }
    assert (content["label"], first["label"]) == ("replication (no lock)", "replication")


@pytest.mark.needs("reference data")
def test_the_stored_numbers_are_those_of_the_reference(reference: Any) -> None:
    fresh = reference("social_insure")
    for name, stored in EXPECTED.items():
        assert stored == {key: fresh[name][key] for key in stored}
