"""The clock: a few fixed ticks that wake the work; what is due stands in the ledger."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

from nudge.trial.errors import NudgeError
from nudge.workflow.answering import send_answers
from nudge.workflow.recalling import take_back
from nudge.workflow.receiving import apply_waiting
from nudge.workflow.replying import raise_alerts
from nudge.workflow.sending import send_due
from nudge.workflow.watching import watch_harm

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk

TICK_SECONDS = 15
log = logging.getLogger(__name__)


def start_clock(desk: Desk, tick_seconds: float = TICK_SECONDS) -> BackgroundScheduler:
    """Send what is due at every tick; a tick that finds the last one still at work is skipped."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        dispatch_tick,
        "interval",
        [desk, scheduler],
        seconds=tick_seconds,
        max_instances=1,
        coalesce=True,
        id="dispatch",
    )
    scheduler.start()
    return scheduler


def dispatch_tick(desk: Desk, scheduler: BackgroundScheduler) -> None:
    """One pass over the ledger. A refusal (another dispatcher, no keys) is said and tried again."""
    try:
        apply_waiting(desk)
        for paused in watch_harm(desk):
            log.warning("%s", paused)
        send_answers(desk)
        take_back(desk)
        overdue = raise_alerts(desk)
        if overdue:
            log.warning("%s replies are unread beyond the promised time: nudge inbox", overdue)
        tally = send_due(desk, stopping=lambda: not scheduler.running)
    except NudgeError as error:
        log.warning("nothing sent: %s", error)
        return
    if tally:
        log.info("sent: %s", ", ".join(f"{number} {status}" for status, number in sorted(tally.items())))
