"""WhatsApp by Twilio, to the mobile number of the roll.

Outside a conversation that the family began less than 24 hours ago, WhatsApp takes only
content it has approved: name one whose first variable is the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.delivery.twilio import Dress, Twilio
from nudge.trial.errors import InputError

if TYPE_CHECKING:
    from nudge.delivery.channels import ChannelSettings

CARRIES = frozenset({"sms"})


def open_channel(settings: ChannelSettings) -> Twilio:
    """WhatsApp from the sender's number. Raises InputError where none is set."""
    if not settings.twilio_whatsapp_from:
        raise InputError("messages go by WhatsApp and no sender is set", "set NUDGE_TWILIO_WHATSAPP_FROM to its number")
    return Twilio(settings, Dress("whatsapp:", settings.twilio_whatsapp_from, settings.twilio_whatsapp_content))
