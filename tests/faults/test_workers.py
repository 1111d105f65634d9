"""Dispatchers beside each other on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from nudge.trial.records.delivery import Status
from tests.support.faults import disturbed_by_each_other, world


@pytest.mark.slow
@pytest.mark.needs("postgresql")
@pytest.mark.usefixtures("on_postgresql")
def test_two_dispatchers_at_once_and_one_killed_double_nothing_and_lose_nothing(tmp_path: Path) -> None:
    with world() as there:
        outcome, senders = disturbed_by_each_other(tmp_path, "govuk_notify", there, 400)
    assert len(senders) >= 2, "both had a part in it"
    assert set(outcome.states) <= {Status.ACCEPTED, Status.DELIVERED, Status.UNKNOWN}
    assert outcome.states[Status.UNKNOWN] <= 16, "only what was on the wire"
