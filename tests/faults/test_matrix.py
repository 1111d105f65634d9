"""A short seeded part of the fault matrix; scripts/run_faults.py runs as much of it as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nudge.trial.records.delivery import Status
from tests.support.faults import disturbed_by_signals, disturbed_by_the_world, world

CELLS = [
    ("govuk_notify", "drop"), ("govuk_notify", "error"), ("govuk_notify", "busy"), ("twilio_sms", "drop"),
    ("twilio_sms", "too_many"), ("smtp", "drop"), ("smtp", "storm"), ("govuk_notify", "clock"), ("smtp", "clock"),
]  # fmt: skip


@pytest.mark.parametrize(("via", "fault"), CELLS)
def test_whatever_the_world_does_the_ledger_misstates_nothing(tmp_path: Path, via: str, fault: str) -> None:
    with world() as there:
        outcome = disturbed_by_the_world(tmp_path, CELLS.index((via, fault)), via, fault, there)
    assert (outcome.doubled, outcome.misstated) == ([], [])
    assert not {Status.PLANNED, Status.DUE, Status.CLAIMED} & set(outcome.states), "nothing is left lying"
    if via == "govuk_notify":
        settled = {Status.ACCEPTED, Status.DELIVERED, Status.FAILED}
        assert set(outcome.states) <= settled, "who can be asked leaves nothing unknown and nothing unsent"
    if fault in {"storm", "too_many", "busy"}:
        assert outcome.states[Status.UNKNOWN] == 0, "what was surely not taken is never unknown"
    assert sum(outcome.unknown_by_arm.values()) == outcome.states[Status.UNKNOWN]


@pytest.mark.slow
def test_stopped_past_its_lease_a_dispatcher_repeats_nothing(tmp_path: Path) -> None:
    with world() as there:
        outcome = disturbed_by_signals(tmp_path, 7, "govuk_notify", "stop", there, 40)
    assert (outcome.doubled, outcome.misstated) == ([], [])
    assert outcome.disturbances > 0
    assert set(outcome.states) <= {Status.ACCEPTED, Status.UNKNOWN}
    assert outcome.states[Status.UNKNOWN] <= 4 * outcome.disturbances, "only what was on the wire"


def test_on_a_full_disk_a_dispatcher_ends_with_a_sentence_and_repeats_nothing(tmp_path: Path) -> None:
    with world() as there:
        outcome = disturbed_by_signals(tmp_path, 3, "smtp", "full", there, 40)
    assert (outcome.doubled, outcome.misstated) == ([], [])
    assert outcome.disturbances > 0
    assert outcome.states[Status.UNKNOWN] <= 4 * outcome.disturbances, "only what was on the wire"
