"""GOV.UK Notify's notifications, as its OpenAPI description has them (publicapi_spec)."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from nudge.service.provider.ledger import Received

_UK_MOBILE = re.compile(r"(\+44|44|0)7[0-9]{9}")
_LONGEST_SMS = 918  # docs.notifications.service.gov.uk: six fragments


def error(status: int, kind: str, message: str) -> dict[str, Any]:
    """An error as Notify words it."""
    return {"errors": [{"error": kind, "message": message}], "status_code": status}


def flaw(kind: str, content: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with a request to send, if anything: Notify's class and sentence."""
    to = str(content.get(_recipient_field(kind)) or "")
    personal = content.get("personalisation") or {}
    flaws = (
        (not to, "ValidationError", f"{_recipient_field(kind)} is a required property"),
        (not content.get("template_id"), "ValidationError", "template_id is a required property"),
        (
            kind == "sms" and not _UK_MOBILE.fullmatch(to.replace(" ", "")),
            "ValidationError",
            "phone_number Not a UK mobile number",
        ),
        (kind == "email" and "@" not in to, "ValidationError", "email_address Not a valid email address"),
        ("message" not in personal, "BadRequestError", "Missing personalisation: message"),
        (
            kind == "sms" and len(str(personal.get("message", ""))) > _LONGEST_SMS,
            "BadRequestError",
            f"Content for template has a character count greater than the limit of {_LONGEST_SMS}",
        ),
    )
    return next(((name, sentence) for wrong, name, sentence in flaws if wrong), None)


def received(kind: str, content: Mapping[str, Any]) -> Received:
    """The message of a request that has no flaw. Notify keeps a reference and never compares it."""
    personal = content["personalisation"]
    sender = content.get("sms_sender_id") or content.get("email_reply_to_id") or "GOVUK"
    return Received(
        "notify", str(uuid.uuid4()), str(content.get("reference") or ""), kind, str(content[_recipient_field(kind)]),
        str(sender), str(personal.get("subject", "")), str(personal["message"]), "created", time.time(),
        unsubscribe=str(content.get("one_click_unsubscribe_url") or ""),
    )  # fmt: skip


def created(message: Received, template: str, base: str) -> dict[str, Any]:
    """The answer to a request that was taken."""
    sent = {"body": message.body}
    if message.kind == "sms":
        sent["from_number"] = message.sender
    else:
        sent |= {"subject": message.subject, "from_email": "elm.council@notifications.service.gov.uk"}
    return {
        "id": message.id, "reference": message.reference, "scheduled_for": None, "content": sent,
        "uri": f"{base}/v2/notifications/{message.id}",
        "template": {"id": template, "version": 1, "uri": f"{base}/v2/template/{template}"},
    }  # fmt: skip


def notification(message: Received, base: str) -> dict[str, Any]:
    """A message as Notify shows it afterwards."""
    nothing: dict[str, Any] = {f"line_{number}": None for number in range(1, 7)}
    moment = message.moment.isoformat()
    done = {} if message.status == "created" else {"sent_at": moment, "completed_at": moment}
    return nothing | done | {
        "id": message.id, "reference": message.reference, "type": message.kind, "status": message.status,
        "email_address": message.recipient if message.kind == "email" else None,
        "phone_number": message.recipient if message.kind == "sms" else None, "postcode": None,
        "template": {"id": str(uuid.UUID(int=0)), "version": 1, "uri": f"{base}/v2/template/{uuid.UUID(int=0)}"},
        "body": message.body, "subject": message.subject or None, "created_at": moment, "created_by_name": None,
        "scheduled_for": None, "one_click_unsubscribe_url": message.unsubscribe or None,
    }  # fmt: skip


def page(messages: list[Received], base: str, query: str) -> dict[str, Any]:
    """The newest 250 messages that were asked for."""
    return {
        "notifications": [notification(message, base) for message in messages[:250]],
        "links": {"current": f"{base}/v2/notifications{query}"},
    }


def received_page(texts: list[dict[str, str]], base: str) -> dict[str, Any]:
    """The newest 250 texts to the service's number."""
    shown = [
        {"id": one["id"], "user_number": one["source_number"], "notify_number": one["destination_number"],
         "service_id": str(uuid.UUID(int=0)), "content": one["message"], "created_at": one["date_received"]}
        for one in reversed(texts)
    ]  # fmt: skip
    return {"received_text_messages": shown[:250], "links": {"current": f"{base}/v2/received-text-messages"}}


def _recipient_field(kind: str) -> str:
    return "phone_number" if kind == "sms" else "email_address"
