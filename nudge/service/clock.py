"""The clock: a few fixed ticks that wake the work; what is due stands in the ledger."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

from nudge.trial.errors import NudgeError
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.tending import tend

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
        for said in tend(desk):
            log.warning("%s", said)
        tally = send_due(desk, stopping=lambda: not scheduler.running)
    except NudgeError as error:
        log.warning("nothing sent: %s", error)
        return
    if tally:
        log.info("sent: %s", ", ".join(f"{number} {status}" for status, number in sorted(tally.items())))
