"""Where R prints rounding noise as a variance, we give counts, a score interval, and no p-value from 0/0."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.reference import published
from tests.reference.published import analysed, line
from tests.reference.routes import Rows, rows_of
from tests.reference.table import TEXTS

pytestmark = pytest.mark.needs("reference data")
Reference = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture
def without_coupon(reference_folder: Path) -> Rows:
    return rows_of(reference_folder, "rubella_text").only("free_coupon", "0")


@pytest.mark.parametrize("arm", ["E", "G"])
def test_no_event_in_either_arm(arm: str, without_coupon: Rows, reference: Reference) -> None:
    noise = reference("rubella_text")[f"coupon0.vaccinated.{arm}"]
    assert noise["role"] == "degenerate"
    assert noise["p_value"] > 0.999
    what = TEXTS.of("vaccinated").against(arm, "A")
    found, pair = what.answer(without_coupon), what.pair(without_coupon)
    assert (found.estimate, found.std_error, found.df, found.p_value) == (0.0, None, None, None)
    treated = int(pair.treated.sum())
    assert found.note.startswith(f"0 of {treated} and 0 of {pair.y.size - treated} had the event")
    bounds = found.interval(0.95)
    assert bounds is not None
    # By hand: no event on either side, so δ² = z² δ (1 − δ) / n · N / (N − 1) for either arm's n.
    low, high = (_no_event_bound(n, pair.y.size) for n in (pair.y.size - treated, treated))
    assert list(bounds) == pytest.approx([-low, high], rel=1e-9)


def _no_event_bound(n: int, total: int) -> float:
    ratio = 3.841458820694124 / n * total / (total - 1)  # the 95 % point of χ² with one degree of freedom
    return ratio / (1 + ratio)


@pytest.mark.parametrize("arm", ["B", "C", "D", "F"])
def test_no_event_in_the_control_arm(arm: str, without_coupon: Rows) -> None:
    found = TEXTS.of("vaccinated").against(arm, "A").answer(without_coupon)
    assert found.std_error is None
    assert found.vcov == "score"
    assert found.p_value is not None
    assert 0.4 < found.p_value <= 1
    bounds = found.interval(0.95)
    assert bounds is not None
    assert bounds[0] < 0 < found.estimate < bounds[1]


def test_the_whole_result_says_so(tmp_path: Path, reference_folder: Path) -> None:
    rows = (reference_folder / "data" / "rubella_text" / "trial.csv").read_text(encoding="utf-8").splitlines()
    header = rows[0].split(",")
    coupon = header.index("free_coupon")
    kept = [rows[0], *(row for row in rows[1:] if row.split(",")[coupon] == "0")]
    folder = tmp_path / "data" / "rubella_text"
    folder.mkdir(parents=True)
    (folder / "trial.csv").write_text("\n".join(kept), encoding="utf-8")
    one = line(analysed(published.TEXTS, tmp_path, tmp_path), "vaccinated", "e")
    assert (one.std_error, one.p_value, one.p_adjusted, one.verdict) == (None, None, None, None)
    assert one.conf_low is not None
    assert one.conf_high is not None
    assert one.conf_low < 0 < one.conf_high
    assert "0 of " in one.note
