"""Texts by Twilio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.delivery.twilio import Dress, Twilio

if TYPE_CHECKING:
    from nudge.delivery.channels import ChannelSettings

CARRIES = frozenset({"sms"})


def open_channel(settings: ChannelSettings) -> Twilio:
    """Texts from NUDGE_TWILIO_FROM, or from the sender the template names."""
    return Twilio(settings, Dress(sender=settings.twilio_from))
