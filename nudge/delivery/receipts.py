"""What a provider's later word does to a row: pure, and the same in whatever order words come."""

from __future__ import annotations

from nudge.trial.records.delivery import Fate, Status

_NOT_KNOWN_TO_BE_TAKEN = {
    Status.CLAIMED, Status.UNKNOWN, Status.DUE, Status.WITHHELD, Status.EXPIRED, Status.CANCELLED, Status.REJECTED,
}  # fmt: skip


def after_receipt(fate: Fate, status: Status) -> list[Status]:
    """The states a row goes through when a provider speaks of its message.

    Whatever the provider says of a message proves that it has it, also where the ledger had
    given it up. Delivered is final; a failure may still be followed by a delivery, since
    words may come out of order, and never the other way round.
    """
    if status in {Status.DELIVERED, Status.PLANNED, Status.VIRTUAL}:
        return []
    steps = [Status.ACCEPTED] if status in _NOT_KNOWN_TO_BE_TAKEN else []
    if fate is Fate.DELIVERED:
        return [*steps, Status.DELIVERED]
    if fate in {Fate.PERMANENT, Fate.TEMPORARY} and status is not Status.FAILED:
        return [*steps, Status.FAILED]
    return steps
