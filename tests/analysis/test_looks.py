"""Looks taken at a primary effect: what each may spend, what a stop does, and who may not look."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import norm

from nudge.analysis.looks import Moment, looked, planned_information
from nudge.analysis.sequential import boundaries
from nudge.trial.model import Trial
from nudge.trial.records.analysis import Estimate
from nudge.trial.records.companions import Look
from tests.analysis.builders import outcome, results, rows, trial

OPEN = Moment("2027-02-01", frozenset({"came"}))
OVER = Moment("2027-04-01", frozenset())


def planned(**changes: object) -> Trial:
    return trial(analysis={"looks": {"at": ["50%"]}} | changes)


def line(n: int, events: int, control: int, made: Trial) -> Estimate:
    values = [1] * events + [0] * (n - events) + [1] * control + [0] * (n - control)
    return results(made, {"came": rows(values, ["plan"] * n + ["usual"] * n)}).estimates[0]


def taken(
    made: Trial, one: Estimate, moment: Moment, before: tuple[Look, ...] = ()
) -> tuple[Estimate, tuple[Look, ...]]:
    (shown,), looks = looked(made, [one], before, moment)
    return shown, looks


def test_the_planned_information_is_that_of_the_power_asked_for() -> None:
    """80 % to find 5 points at .05: (1.959964 + 0.841621)² / .05²."""
    assert planned_information(planned(), "came") == pytest.approx((1.959964 + 0.841621) ** 2 / 0.0025, rel=1e-5)
    two = trial(outcomes={"came": outcome(), "booked": outcome()}, analysis={"looks": {"at": ["50%"]}})
    assert planned_information(two, "came") == pytest.approx((norm.isf(0.0125) + 0.841621) ** 2 / 0.0025, rel=1e-5)


def test_a_look_holds_p_against_its_own_boundary() -> None:
    made = planned()
    shown, (look,) = taken(made, line(700, 320, 280, made), OPEN)
    assert look.share == pytest.approx(1 / (look.std_error**2 * ((1.959964 + 0.841621) / 0.05) ** 2), rel=1e-5)
    assert 0.4 < look.share < 0.6
    (bound,) = boundaries([look.share], 0.05, "obrien_fleming")
    assert look.boundary == pytest.approx(2 * float(norm.sf(bound)))
    assert not look.crossed
    assert look.whenever_low < (shown.conf_low or 0)
    assert look.stopped_p is None
    assert "so nothing stops the trial" in shown.note


def test_looking_again_at_the_same_data_is_the_same_look() -> None:
    made = planned()
    one = line(700, 320, 280, made)
    first = taken(made, one, OPEN)[1]
    again = taken(made, one, replace(OPEN, at="2027-02-09"), first)[1]
    assert [look.number for look in again] == [1]
    assert again[0].boundary == first[0].boundary
    later = taken(made, line(900, 410, 365, made), OPEN, again)[1]
    assert [look.number for look in later] == [1, 2]
    times = [look.share for look in later]
    assert later[1].boundary == pytest.approx(2 * float(norm.sf(boundaries(times, 0.05, "obrien_fleming")[1])))


def test_a_crossing_stops_and_the_naive_estimate_stands_beside_a_smaller_one() -> None:
    made = planned()
    first = taken(made, line(400, 190, 170, made), OPEN)[1]
    shown, looks = taken(made, line(700, 380, 280, made), OPEN, first)
    assert looks[1].crossed
    assert "does better beyond the boundary" in shown.note
    stopped = looks[1]
    assert stopped.stopped_estimate is not None
    assert stopped.stopped_low is not None
    assert stopped.stopped_high is not None
    assert 0 < stopped.stopped_low < stopped.stopped_estimate < stopped.estimate + 1e-6
    assert stopped.stopped_p is not None
    assert stopped.stopped_p >= stopped.p_value * (1 - 1e-3)
    final, all_looks = taken(made, line(760, 405, 300, made), OVER, looks)
    assert [look.number for look in all_looks] == [1, 2, 3]
    assert final.verdict_conf_low == all_looks[2].stopped_low
    assert final.verdict == "firmly worthwhile"


def test_the_end_after_a_look_that_stopped_nothing_spends_the_rest() -> None:
    made = planned()
    first = taken(made, line(700, 320, 280, made), OPEN)[1]
    shown, looks = taken(made, line(1400, 640, 565, made), OVER, first)
    assert looks[1].spent == 0.05
    assert looks[1].boundary < 0.05
    low, high = looks[1].stopped_low, looks[1].stopped_high
    assert (shown.verdict_conf_low, shown.verdict_conf_high) == (low, high)
    assert low is not None
    assert high is not None
    plain = line(1400, 640, 565, made)
    assert plain.verdict_conf_low is not None
    assert low < plain.verdict_conf_low
    assert shown.conf_low == plain.conf_low


def test_without_an_earlier_look_the_end_is_the_plain_analysis() -> None:
    made = planned()
    plain = line(700, 350, 280, made)
    shown, (look,) = taken(made, plain, OVER)
    assert look.boundary == pytest.approx(0.05)
    assert (shown.verdict, shown.verdict_conf_low) == (plain.verdict, plain.verdict_conf_low)


def test_a_harmful_arm_stops_too() -> None:
    made = planned()
    shown, (look,) = taken(made, line(700, 230, 380, made), OPEN)
    assert look.crossed
    assert look.stopped_high is not None
    assert look.stopped_high < 0
    assert "does worse beyond the boundary" in shown.note


def test_below_twenty_clusters_nobody_looks_early() -> None:
    made = planned()
    one = replace(line(700, 380, 280, made), n_clusters=18)
    shown, looks = taken(made, one, OPEN)
    assert looks == ()
    assert "no look: 18 clusters are too few to stop on; it takes 20" in shown.note
    assert len(taken(made, one, OVER)[1]) == 1


def test_without_a_plan_nothing_is_a_look() -> None:
    one = line(700, 380, 280, trial())
    assert taken(trial(), one, OPEN) == (one, ())
