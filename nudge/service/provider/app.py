"""The stand-in's routes, and its server."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from nudge.service.provider import notify, twilio
from nudge.service.provider.callbacks import Callbacks, Customer
from nudge.service.provider.faults import Chance, Fault, Faults
from nudge.service.provider.ledger import ProviderLedger
from nudge.service.provider.wire import CuttableProtocol, cut

if TYPE_CHECKING:
    from nudge.service.provider.ledger import Received

_TAKEN_FIRST = {Fault.DROP, Fault.ERROR_AFTER, Fault.SILENCE}


class WrittenBack(BaseModel):
    """What a family writes back, for `POST /inbound`."""

    provider: str = "twilio"
    sender: str
    recipient: str = "+447700900999"
    text: str


class Provider:
    """The stand-in's state: its ledger, its faults of the moment, its callbacks."""

    def __init__(self, ledger: ProviderLedger, faults: Faults, customer: Customer) -> None:
        self.ledger = ledger
        self.chance = Chance(faults)
        self.customer = customer
        self.callbacks = Callbacks(customer, ledger)

    async def take(
        self, request: Request, message: Received, answer: Callable[[], Response], broken: Callable[[int], Response]
    ) -> Response:
        """Take a message, or meet the fault that is drawn; broken: the provider's own error for a status."""
        chance = self.chance
        fault = chance.draw()
        await asyncio.sleep(chance.faults.delay)
        if fault in _TAKEN_FIRST or fault is Fault.NONE:
            self.ledger.take(message)
            self.callbacks.follow(message, chance)
        if fault in {Fault.RESET, Fault.DROP}:
            cut(request, reset=fault is Fault.RESET)
            return Response()
        if fault is Fault.TOO_MANY:
            refusal = broken(429)
            refusal.headers["Retry-After"] = f"{chance.faults.retry_after:g}"
            return refusal
        if fault in {Fault.ERROR, Fault.ERROR_AFTER}:
            return broken(500)
        if fault is Fault.SILENCE:
            await asyncio.sleep(chance.faults.silence_seconds)
        return answer()


def build_provider(ledger: ProviderLedger, faults: Faults, customer: Customer) -> FastAPI:
    """The application; `GET /ledger` reads what it took, `PUT /faults` changes how it misbehaves."""
    provider = Provider(ledger, faults, customer)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await provider.callbacks.close()

    app = FastAPI(title="Stand-in provider", lifespan=lifespan)
    _add_desk(app, provider)
    _add_twilio(app, provider)
    _add_cancelling(app, provider)
    _add_notify(app, provider)
    return app


def _add_desk(app: FastAPI, provider: Provider) -> None:
    @app.get("/ledger")
    async def read_ledger() -> list[dict[str, Any]]:
        """Everything that was taken, newest first."""
        return [asdict(message) for message in provider.ledger.find()]

    @app.put("/faults")
    async def set_faults(faults: Faults) -> Faults:
        """Misbehave like this from now on."""
        provider.chance = Chance(faults)
        return faults

    @app.post("/inbound")
    async def inbound(back: WrittenBack) -> dict[str, int]:
        """A family writes back; says what the customer's server answered."""
        said = await provider.callbacks.reply(back.provider, back.sender, back.recipient, back.text)
        return {"status": said}


def _add_twilio(app: FastAPI, provider: Provider) -> None:
    account = provider.customer.account_sid
    messages = "/2010-04-01/Accounts/{sid}/Messages"

    @app.post(f"{messages}.json")
    async def send(request: Request, sid: str) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if (refused := _stranger(provider, request, sid)) is not None:
            return refused
        if (flaw := twilio.flaw(form)) is not None:
            return _twilio_error(400, flaw)
        message = twilio.received(form)
        return await provider.take(
            request, message, lambda: JSONResponse(twilio.resource(message, account), 201),
            lambda status: _twilio_error(status, twilio.TOO_MANY if status == 429 else twilio.BROKEN),  # noqa: PLR2004 - HTTP's own number
        )  # fmt: skip

    @app.get(f"{messages}.json")
    async def read_all(request: Request, sid: str) -> Response:
        if (refused := _stranger(provider, request, sid)) is not None:
            return refused
        asked = request.query_params
        wanted = {"provider": "twilio"} | ({"recipient": asked["To"]} if "To" in asked else {})
        size = min(int(asked.get("PageSize", "50")), 1000)
        return JSONResponse(twilio.page(provider.ledger.find(**wanted), account, size))

    @app.get(f"{messages}/{{message}}.json")
    async def read_one(request: Request, sid: str, message: str) -> Response:
        if (refused := _stranger(provider, request, sid)) is not None:
            return refused
        found = provider.ledger.find(provider="twilio", id=message)
        if not found:
            return _twilio_error(404, twilio.NOT_FOUND)
        return JSONResponse(twilio.resource(found[0], account))


def _add_cancelling(app: FastAPI, provider: Provider) -> None:
    @app.post("/2010-04-01/Accounts/{sid}/Messages/{message}.json")
    async def cancel(request: Request, sid: str, message: str) -> Response:
        asked = dict(parse_qsl((await request.body()).decode()))
        if (refused := _stranger(provider, request, sid)) is not None:
            return refused
        found = provider.ledger.find(provider="twilio", id=message)
        if not found:
            return _twilio_error(404, twilio.NOT_FOUND)
        if asked.get("Status") != "canceled" or found[0].status not in twilio.CANCELLABLE:
            return _twilio_error(400, twilio.TOO_LATE)
        provider.ledger.set_status(message, "canceled")
        return JSONResponse(twilio.resource(provider.ledger.find(id=message)[0], sid))


def _stranger(provider: Provider, request: Request, sid: str) -> Response | None:
    """The refusal of whoever is not the one account there is."""
    account = provider.customer.account_sid
    good = sid == account and _basic(request) == (account, provider.customer.auth_token)
    return None if good else _twilio_error(401, twilio.BAD_CREDENTIALS)


def _add_notify(app: FastAPI, provider: Provider) -> None:
    async def send(request: Request, kind: str) -> Response:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _notify_error(401, "AuthError", "Unauthorized: authentication token must be provided")
        content = json.loads(await request.body())
        if (flaw := notify.flaw(kind, content)) is not None:
            return _notify_error(400, *flaw)
        message = notify.received(kind, content)
        body = notify.created(message, content["template_id"], _base(request))
        return await provider.take(request, message, lambda: JSONResponse(body, 201), _notify_broken)

    @app.post("/v2/notifications/sms")
    async def send_sms(request: Request) -> Response:
        return await send(request, "sms")

    @app.post("/v2/notifications/email")
    async def send_email(request: Request) -> Response:
        return await send(request, "email")

    @app.get("/v2/notifications")
    async def read_all(request: Request) -> Response:
        asked = request.query_params
        wanted = {"provider": "notify"} | ({"reference": asked["reference"]} if "reference" in asked else {})
        found = provider.ledger.find(**wanted)
        return JSONResponse(notify.page(found, _base(request), f"?{request.url.query}"))

    @app.get("/v2/received-text-messages")
    async def received(request: Request) -> Response:
        older = request.query_params.get("older_than")
        texts = [] if older else provider.callbacks.received
        return JSONResponse(notify.received_page(texts, _base(request)))

    @app.get("/v2/notifications/{message}")
    async def read_one(request: Request, message: str) -> Response:
        found = provider.ledger.find(provider="notify", id=message)
        if not found:
            return _notify_error(404, "NoResultFound", "No result found")
        return JSONResponse(notify.notification(found[0], _base(request)))


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return None
    try:
        user, _, password = b64decode(given).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return user, password


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _twilio_error(status: int, code: tuple[int, str]) -> Response:
    return JSONResponse(twilio.error(status, code), status)


def _notify_error(status: int, kind: str, message: str) -> Response:
    return JSONResponse(notify.error(status, kind, message), status)


def _notify_broken(status: int) -> Response:
    if status == 429:  # noqa: PLR2004 - HTTP's own number
        return _notify_error(status, "RateLimitError", "Exceeded rate limit for key type live of 3000 requests")
    return _notify_error(status, "Exception", "Internal server error")


def provider_server(app: FastAPI, port: int, log_level: str = "warning") -> uvicorn.Server:
    """A server on loopback only: nobody else is ever answered."""
    return uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, http=CuttableProtocol, log_level=log_level, timeout_graceful_shutdown=1
        )
    )
