"""What is done before anything is sent: words of providers, harm, answers, messages asked back, alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.workflow.dispatching.recalling import take_back
from nudge.workflow.dispatching.watching import watch_harm
from nudge.workflow.hearing.answering import send_answers
from nudge.workflow.hearing.receiving import apply_waiting
from nudge.workflow.hearing.replying import raise_alerts

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk


def tend(desk: Desk) -> list[str]:
    """Do all of it; returns what a person must know, a sentence each."""
    apply_waiting(desk)
    said = watch_harm(desk)
    send_answers(desk)
    take_back(desk)
    overdue = raise_alerts(desk)
    if overdue:
        said.append(f"{overdue} replies are unread beyond the promised time: nudge inbox")
    return said
