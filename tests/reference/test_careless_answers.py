"""What a careless analysis gives is shown beside the result, never as the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nudge.analysis.careless import reached_as_if_drawn
from tests.reference import published
from tests.reference.published import analysed, line
from tests.reference.routes import by_design, rows_of, with_interval
from tests.reference.rows import FULL
from tests.reference.table import LETTERS, STATION_ARMS, STATIONS
from tests.reference.table_reached import REACHED, VILLAGES

pytestmark = pytest.mark.needs("reference data")
Reference = Callable[[str], dict[str, dict[str, Any]]]


@pytest.mark.parametrize(
    ("text", "data", "outcome", "arm", "entry"),
    [
        (published.INSURANCE, "social_insure", "takeup", "opt_out", "default.naive"),
        (published.STREETS, "foos_street_gotv", "voted", "canvassed", "naive"),
    ],
)
def test_counting_people_as_if_each_had_been_drawn(
    text: str, data: str, outcome: str, arm: str, entry: str, tmp_path: Path, reference_folder: Path,
    reference: Reference,
) -> None:  # fmt: skip
    results, numbers = analysed(text, tmp_path, reference_folder), reference(data)
    planned, (careless,) = line(results, outcome, arm), results.careless
    naive = numbers[f"{entry}.HC2"]
    shown = {name: getattr(careless, name) for name in FULL if name != "df"}
    assert shown == {name: pytest.approx(naive[name], rel=1e-9) for name in shown}
    for one in (naive, numbers[f"{entry}.classical"]):
        assert planned.std_error is not None
        assert planned.std_error > 1.25 * one["std_error"]
    assert "were randomised, not" in careless.why


def test_the_decision_about_streets_flips(tmp_path: Path, reference_folder: Path) -> None:
    results = analysed(published.STREETS, tmp_path, reference_folder)
    planned, (careless,) = line(results, "voted", "canvassed"), results.careless
    assert planned.p_value is not None
    assert careless.p_value < 0.01
    assert planned.p_value > 0.1


@pytest.mark.parametrize("arm", STATION_ARMS)
def test_blocks_are_not_ignored(arm: str, reference: Reference, reference_folder: Path) -> None:
    naive = reference("kenya_registration")[f"unblocked.hc2.{arm}"]
    found = by_design(rows_of(reference_folder, "kenya_registration"), STATIONS.against(arm, "control"))
    assert found["std_error"] < 0.999 * naive["std_error"]
    assert found["estimate"] != pytest.approx(naive["estimate"], rel=1e-4)


def test_givers_alone_are_never_compared(reference: Reference, reference_folder: Path) -> None:
    naive = reference("karlan_list")["t4B1.amount_if_gave"]
    what = LETTERS.of("amount", binary=False)
    rows = rows_of(reference_folder, "karlan_list")
    assert what.pair(rows).y.size == len(rows) > naive["nobs"]
    assert by_design(rows, what)["estimate"] > 0 > naive["estimate"]


@pytest.mark.parametrize("arm", STATION_ARMS)
def test_forgetting_the_blocks_is_shown_for_what_it_is(
    arm: str, tmp_path: Path, reference_folder: Path, reference: Reference
) -> None:
    naive = reference("kenya_registration")[f"unblocked.hc2.{arm}"]
    results = analysed(published.STATIONS, tmp_path, reference_folder)
    shown = next((one for one in results.careless if one.arm == arm and one.what.startswith("blocks")), None)
    planned = line(results, "registered", arm)
    assert planned.std_error is not None
    if shown is None:
        assert planned.std_error == pytest.approx(naive["std_error"], rel=0.05)
        return
    assert (shown.estimate, shown.std_error) == pytest.approx((naive["estimate"], naive["std_error"]), rel=1e-9)
    assert shown.scale == "mean"


def test_comparing_givers_alone_is_shown_for_what_it_is(
    tmp_path: Path, reference_folder: Path, reference: Reference
) -> None:
    naive = reference("karlan_list")["t4B1.amount_if_gave"]
    results = analysed(published.LETTERS, tmp_path, reference_folder)
    (shown,) = [one for one in results.careless if one.outcome == "amount"]
    got = [shown.estimate, shown.std_error, shown.p_value, shown.conf_low, shown.conf_high]
    assert got == pytest.approx([naive[name] for name in FULL if name != "df"], rel=1e-9)
    assert shown.what == f"only the {naive['nobs']:,} people above zero compared"
    assert "everyone allocated counts, zeros too" in shown.why


def test_those_reached_counted_as_if_each_had_been_drawn(reference: Reference, reference_folder: Path) -> None:
    """HC1 is HC2 but for n / (n − 2): one sentence answers both."""
    numbers, rows = reference("social_insure"), rows_of(reference_folder, "social_insure")
    pair = VILLAGES.pair(rows)
    careless = reached_as_if_drawn(pair, rows.numbers(REACHED))
    naive = numbers["iv.naive.HC2"]
    assert with_interval(careless.estimate, careless.std_error, careless.df) == {
        name: pytest.approx(naive[name], rel=1e-9) for name in FULL
    }
    assert careless.std_error == pytest.approx(numbers["iv.naive.HC1"]["std_error"], rel=1e-5)
    assert numbers["iv.CR2"]["std_error"] > 1.15 * careless.std_error
