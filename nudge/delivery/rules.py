"""The ledger's rules: what follows a try, and what follows asking a provider.

Pure functions; the store writes what they say, along the changes of state that
`FOLLOWS` allows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from nudge.trial.records.delivery import Reply, SendResult, Status, Step, Trace

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""How long to wait after the first, second … temporary failure; then it is given up."""


def after_try(result: SendResult, attempt: int, now: datetime, not_after: datetime) -> Step:
    """What follows a provider's answer: a pure function of answer, attempt and time left.

    attempt counts from 1. A temporary failure is tried again while waits and `not_after`
    allow, and never before the provider's own Retry-After; a permanent one never; an unknown
    one only after the provider was asked; what was never handed over, at once. Where the
    settings are wrong, a message waits for a person as long as `not_after` allows: an expired
    password must not cost an arm its sends.
    """
    said = " ".join(part for part in (result.code, result.detail) if part)
    if result.reply in _FINAL:
        return Step(_FINAL[result.reply], reason=said)
    if result.reply is Reply.UNSENT:
        return Step(Status.DUE, due_at=now, reason=said)
    if attempt > len(WAITS) and result.reply is not Reply.BLOCKED:
        return Step(Status.REJECTED, reason=f"given up after {attempt} tries: {said}")
    wait = WAITS[0] if result.reply is Reply.BLOCKED else WAITS[attempt - 1]
    again = now + max(wait, timedelta(seconds=result.retry_after))
    if again > not_after:
        return Step(Status.EXPIRED, reason=f"no time left for another try: {said}")
    return Step(Status.DUE, due_at=again, reason=said)


_FINAL = {Reply.ACCEPTED: Status.ACCEPTED, Reply.REJECTED: Status.REJECTED, Reply.UNKNOWN: Status.UNKNOWN}


def after_asking(trace: Trace, *, last_touched: datetime, grace: timedelta, now: datetime) -> Step | None:
    """What follows when a provider was asked for an unknown message.

    A provider that has it settles the matter. One that has not is believed only after
    `grace` (the request's time-out plus the lease), when no try can still be on its way.
    """
    if trace.taken:
        return Step(Status.ACCEPTED, reason="the provider was asked and has it")
    if now - last_touched < grace:
        return None
    return Step(Status.DUE, due_at=now, reason="the provider was asked and has never seen it")
