"""Money, safety, law and who decides."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from nudge.trial.parts.fields import Count, Day, Duration, Name, Part, Price, Rate, Text


class Benefit(Part):
    """What one extra outcome is worth, and to whom.

    per: the outcome; value: the worth of one; payer: who gains it; cashable: whether a budget
    becomes smaller by it; over: the time over which the value is gained, for the payback.
    """

    per: Name
    value: float
    payer: Text
    cashable: bool
    over: Duration | None = None


def _several(given: object) -> object:
    """One benefit where a list is expected is a list of one."""
    return [given] if isinstance(given, dict) else given


Benefits = Annotated[
    tuple[Benefit, ...], BeforeValidator(_several, json_schema_input_type=Benefit | tuple[Benefit, ...])
]


class Costs(Part):
    """Prices, in one currency and one year's prices.

    currency: three letters, such as GBP; prices: the year of the prices; sms: the price of one
    segment; email: the price of one email; staff_hour: the price of an hour of staff; per_unit: by
    arm, what each of its units costs beside messages and staff; setup: by arm, what it costs once;
    benefit: what one extra outcome is worth, a list where several payers gain.
    """

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    prices: int
    sms: Price | None = None
    email: Price | None = None
    staff_hour: Price | None = None
    per_unit: dict[Name, Price] = {}
    setup: dict[Name, Price] = {}
    benefit: Benefits = ()


class StoppingRule(Part):
    """A bound that pauses an arm.

    limit: the rate above which the arm pauses; after: how many must have been counted before it
    can.
    """

    limit: Rate
    after: Count


class Safeguarding(Part):
    """Who reads replies, when, and how fast they act.

    replies_to: the team that reads replies; hours: when they do; escalate_within: how fast they
    act; signed_off: who agreed that young people are written to themselves.
    """

    replies_to: Text
    hours: Text
    escalate_within: Duration
    signed_off: Text | None = None


class DataProtection(Part):
    """The lawful basis and how long details are kept.

    basis: the lawful basis, such as public_task; message_class: what kind of message it is in law;
    function: the statutory function it serves; dpia: the reference of the impact assessment;
    retention: how long linked data are kept.
    """

    basis: Text
    message_class: Literal["service", "public_task", "marketing"] | None = None
    function: Text | None = None
    dpia: Text | None = None
    retention: Duration | None = None


class Decision(Part):
    """Who decides what, by when, on which rule.

    owner: who decides; by: the day; rule: what will be done on which result.
    """

    owner: Text
    by: Day
    rule: Text


class Underpowered(Part):
    """Why a trial too small to answer alone is run all the same.

    reason: why; pooled_with: the trials it will be analysed with.
    """

    reason: Text
    pooled_with: Text


class Ethics(Part):
    """The decision of an ethics committee.

    reference: the committee and its number; decided: the day and the decision.
    """

    reference: Text
    decided: Text
