"""Boundaries, error and power of looks, against rpact and mvtnorm: as stored in looks.csv, and run on the spot."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nudge.analysis.sequential import Stopped, boundaries

HERE = Path(__file__).parent
TIMES = {"fifths": (0.2, 0.4, 0.6, 0.8, 1.0), "uneven": (0.15, 0.5, 0.7, 1.0), "thirds": (1 / 3, 2 / 3, 1.0)}
ALPHA = {"fifths": 0.05, "uneven": 0.05, "thirds": 0.0125}
Found = dict[str, list[float]]


def read(text: str) -> Found:
    return {name: [float(one) for one in rest] for name, *rest in (line.split(",") for line in text.splitlines())}


def stored() -> Found:
    return read((HERE / "looks.csv").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["stored", pytest.param("live", marks=pytest.mark.needs("r"))])
def r(request: pytest.FixtureRequest) -> Found:
    if request.param == "stored":
        return stored()
    done = subprocess.run(
        ["Rscript", "--vanilla", str(HERE / "looks.R")], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return read(done.stdout)


def beyond(times: tuple[float, ...], bounds: list[float], drift: float) -> float:
    """The chance that some look is beyond its upper boundary before any is beyond the lower."""
    return Stopped(times, tuple(bounds), bounds[-1]).at_least(drift)


@pytest.mark.parametrize("times", sorted(TIMES))
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_boundaries_that_spend(spending: str, times: str, r: Found) -> None:
    """Lan and DeMets (1983)."""
    found = boundaries(TIMES[times], ALPHA[times], spending)
    assert found == pytest.approx(r[f"spent.{spending}.{times}"], rel=1e-7)


@pytest.mark.parametrize("which", ["obrien_fleming", "pocock"])
def test_error_and_power_of_classical_boundaries(which: str, r: Found) -> None:
    """Constants and inflation of Pocock (1977) and O'Brien and Fleming (1979), by rpact: 5 % error, 80 % power."""
    *bounds, error, drift, power = r[f"classical.{which}"]
    assert error == pytest.approx(0.025, abs=1e-9)
    assert power == pytest.approx(0.8, abs=1e-9)
    assert beyond(TIMES["fifths"], bounds, 0.0) == pytest.approx(error, rel=1e-6)
    assert beyond(TIMES["fifths"], bounds, drift) == pytest.approx(power, rel=1e-6)


def test_peeking_without_a_plan(r: Found) -> None:
    """Armitage, McPherson and Rowe (1969): 1.96 at each of two to five looks."""
    found = [beyond(tuple(k / n for k in range(1, n + 1)), [1.959963984540054] * n, 0.0) for n in range(2, 6)]
    assert found == pytest.approx(r["peeking"], rel=1e-6)


@pytest.mark.parametrize("z", [0.3, 1.9, 2.6])
@pytest.mark.parametrize("drift", [-1.0, 0.0, 2.8])
def test_stagewise_order_over_four_looks(drift: float, z: float, r: Found) -> None:
    bounds = r["spent.obrien_fleming.uneven"]
    found = Stopped(TIMES["uneven"], tuple(bounds), z).at_least(drift)
    assert found == pytest.approx(r[f"stagewise.{drift:g}.{z:g}"][0], rel=1e-6)


@pytest.mark.needs("r")
def test_what_is_stored_is_what_r_says(r: Found) -> None:
    assert r.keys() == stored().keys()
    for name, values in stored().items():
        assert r[name] == pytest.approx(values, rel=1e-8), name
