"""Money, safety, law and who decides."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nudge.trial.parts.fields import Count, Duration, Name, Part, Price, Rate, Text


class Benefit(Part):
    """What one extra outcome is worth, and to whom."""

    per: Name
    value: float
    payer: Text
    cashable: bool


class Costs(Part):
    """Prices, in one currency and one year's prices."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    prices: int
    sms: Price | None = None
    email: Price | None = None
    staff_hour: Price | None = None
    benefit: Benefit | None = None


class StoppingRule(Part):
    """A bound that pauses an arm."""

    limit: Rate
    after: Count


class Safeguarding(Part):
    """Who reads replies, when, and how fast they act; who agreed to writing to the young themselves."""

    replies_to: Text
    hours: Text
    escalate_within: Duration
    signed_off: Text | None = None


class DataProtection(Part):
    """The lawful basis and how long details are kept."""

    basis: Text
    message_class: Literal["service", "public_task", "marketing"] | None = None
    function: Text | None = None
    dpia: Text | None = None
    retention: Duration | None = None


class Decision(Part):
    """Who decides what, by when, on which rule."""

    owner: Text
    by: Text
    rule: Text


class Underpowered(Part):
    """Why a trial too small to answer alone is run all the same."""

    reason: Text
    pooled_with: Text


class Ethics(Part):
    """The decision of an ethics committee."""

    reference: Text
    decided: Text
