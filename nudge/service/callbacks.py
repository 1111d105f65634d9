"""Callbacks of providers: checked against the address they saw, answered after the commit."""

from __future__ import annotations

import hmac
import ipaddress
import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from nudge.workflow.desk import Desk
from nudge.workflow.hearing import receiving
from nudge.workflow.hearing.returning import take_mail

if TYPE_CHECKING:
    from nudge.workflow.settings import Settings

router = APIRouter(prefix="/callbacks")
_LARGEST_MAIL = 10_000_000


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _body(request: Request) -> bytes:
    return await request.body()


AtDesk = Annotated[Desk, Depends(_desk)]
Body = Annotated[bytes, Depends(_body)]


def _twilio_form(request: Request, desk: AtDesk, body: Body) -> dict[str, str]:
    """The parameters of a request that Twilio signed; 403 for any other."""
    from twilio.request_validator import RequestValidator

    token = desk.settings.twilio_auth_token.get_secret_value()
    is_json = request.headers.get("Content-Type", "").startswith("application/json")
    text = body.decode("utf-8", errors="replace")
    form = {} if is_json else dict(parse_qsl(text, keep_blank_values=True))
    signature = request.headers.get("X-Twilio-Signature", "")
    validator = RequestValidator(token)
    params = text if is_json else form
    signed = any(validator.validate(url, params, signature) for url in seen_urls(request, desk.settings))
    if not (token and signature and signed):
        raise HTTPException(403, "the signature is not Twilio's for this address")
    return _json_object(text) if is_json else form


def _need_bearer(request: Request, expected: str, whose: str) -> None:
    """403 for a request that does not carry this token."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if not expected or kind != "Bearer" or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, f"the bearer token is not the one set for {whose}")


def _returned_mail(request: Request, desk: AtDesk, body: Body) -> bytes:
    """A mail as a mail server posts it, with the bearer token; 403 without, 413 for one that is no report."""
    _need_bearer(request, desk.settings.mail_bearer.get_secret_value(), "mail")
    if len(body) > _LARGEST_MAIL:
        raise HTTPException(413, "the mail is larger than any report; keep it in the mailbox")
    return body


def _notify_content(request: Request, desk: AtDesk, body: Body) -> dict[str, Any]:
    """The content of a request that carries the bearer token; 403 for any other."""
    _need_bearer(request, desk.settings.notify_bearer.get_secret_value(), "GOV.UK Notify")
    return _json_object(body.decode("utf-8", errors="replace"))


def _json_object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return content


def seen_urls(request: Request, settings: Settings) -> list[str]:
    """The addresses a provider may have called: as it reached us, as trusted proxies tell, as we published it."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    bases = [f"{request.url.scheme}://{request.url.netloc}"]
    if _trusted(request, settings):
        scheme = _first(request.headers.get("X-Forwarded-Proto", "")) or request.url.scheme
        host = _first(request.headers.get("X-Forwarded-Host", "")) or request.url.netloc
        bases.append(f"{scheme}://{host}")
    if settings.public_url:
        bases.append(settings.public_url.rstrip("/"))
    return [base + target for base in dict.fromkeys(bases)]


def _trusted(request: Request, settings: Settings) -> bool:
    """Whether the request comes from a proxy whose headers are believed."""
    try:
        client = ipaddress.ip_address(request.client.host if request.client else "")
        networks = [ipaddress.ip_network(one.strip()) for one in settings.trusted_proxies.split(",") if one.strip()]
    except ValueError:
        return False
    return any(client in network for network in networks)


def _first(header: str) -> str:
    """A chain of proxies writes one value each; the first is what the caller saw."""
    return header.partition(",")[0].strip()


ReturnedMail = Annotated[bytes, Depends(_returned_mail)]
TwilioForm = Annotated[dict[str, str], Depends(_twilio_form)]
NotifyContent = Annotated[dict[str, Any], Depends(_notify_content)]


@router.post("/twilio/status/{reference}", status_code=204)
def twilio_status(reference: str, form: TwilioForm, desk: AtDesk) -> None:
    """What became of a message of ours."""
    receiving.receive(desk, receiving.twilio_status(reference, form))


@router.post("/twilio/inbound")
def twilio_inbound(form: TwilioForm, desk: AtDesk) -> Response:
    """What a family wrote; the answer goes back as TwiML."""
    heard = receiving.receive(desk, receiving.twilio_inbound(form))
    message = f"<Message>{escape(heard.answer)}</Message>" if heard.answer else ""
    twiml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
    return Response(twiml, media_type="application/xml")


@router.post("/notify/status", status_code=204)
def notify_status(content: NotifyContent, desk: AtDesk) -> None:
    """What became of a message of ours."""
    receiving.receive(desk, receiving.notify_status(content))


@router.post("/notify/inbound", status_code=204)
def notify_inbound(content: NotifyContent, desk: AtDesk) -> None:
    """What a family wrote."""
    receiving.receive(desk, receiving.notify_inbound(content))


@router.post("/email", status_code=204)
def returned_mail(mail: ReturnedMail, desk: AtDesk) -> None:
    """A bounce, a complaint or an answer, as the mail server received it."""
    take_mail(desk, mail)
