"""The stand-in provider, for rehearsals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import next_step, say


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge provider --port 8800 --too-many 0.1 --callbacks-twice 0.2")(provider)


def provider(
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 8800,
    ledger: Annotated[Path | None, typer.Option(help="File for what it received; in memory without one.")] = None,
    *,
    seed: Annotated[int, typer.Option(help="Faults are drawn from this seed.")] = 0,
    delay: Annotated[float, typer.Option(help="Seconds before every answer.")] = 0.0,
    reset: Annotated[float, typer.Option(help="Share of sends whose connection is reset.", min=0, max=1)] = 0.0,
    too_many: Annotated[float, typer.Option(help="Share answered 429 with Retry-After.", min=0, max=1)] = 0.0,
    retry_after: Annotated[float, typer.Option(help="Seconds that Retry-After names.")] = 1.0,
    error: Annotated[float, typer.Option(help="Share answered 500 and not taken.", min=0, max=1)] = 0.0,
    error_after: Annotated[float, typer.Option(help="Share taken and answered 500.", min=0, max=1)] = 0.0,
    drop: Annotated[float, typer.Option(help="Share taken and then cut off.", min=0, max=1)] = 0.0,
    silence: Annotated[float, typer.Option(help="Share taken and answered too late.", min=0, max=1)] = 0.0,
    silence_seconds: Annotated[float, typer.Option(help="How late that is.")] = 60.0,
    callback_delay: Annotated[float, typer.Option(help="Seconds before each callback.")] = 0.05,
    callbacks_lost: Annotated[float, typer.Option(help="Share of messages never reported on.", min=0, max=1)] = 0.0,
    callbacks_twice: Annotated[float, typer.Option(help="Share reported on twice.", min=0, max=1)] = 0.0,
    callbacks_shuffled: Annotated[float, typer.Option(help="Share reported on out of order.", min=0, max=1)] = 0.0,
    account_sid: Annotated[str, typer.Option(help="The one Twilio account it knows.")] = "AC" + "0" * 32,
    auth_token: Annotated[
        str | None, typer.Option(help="That account's token, which also signs callbacks.", show_default="stand-in")
    ] = None,
    service: Annotated[
        str, typer.Option(help="Where nudge serve listens: Notify's callbacks and replies go there.")
    ] = "http://127.0.0.1:8000",
    notify_bearer: Annotated[str, typer.Option(help="Bearer token of Notify's callbacks.")] = "stand-in",
) -> None:
    """Run a stand-in for Twilio and GOV.UK Notify on loopback; read what it took at /ledger."""
    from nudge.service.provider.app import build_provider, provider_server
    from nudge.service.provider.callbacks import Customer
    from nudge.service.provider.faults import Faults
    from nudge.service.provider.ledger import ProviderLedger

    faults = Faults(
        seed=seed, delay=delay, reset=reset, too_many=too_many, retry_after=retry_after, error=error,
        error_after=error_after, drop=drop, silence=silence, silence_seconds=silence_seconds,
        callback_delay=callback_delay, callbacks_lost=callbacks_lost, callbacks_twice=callbacks_twice,
        callbacks_shuffled=callbacks_shuffled,
    )  # fmt: skip
    token = auth_token or Customer.auth_token
    customer = Customer(
        account_sid, token, f"{service}/callbacks/twilio/inbound", f"{service}/callbacks/notify/status",
        f"{service}/callbacks/notify/inbound", notify_bearer,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    say(
        f"export NUDGE_TWILIO_BASE_URL={address} NUDGE_NOTIFY_BASE_URL={address}",
        f"export NUDGE_TWILIO_ACCOUNT_SID={account_sid} NUDGE_TWILIO_AUTH_TOKEN={token}",
    )
    next_step("The stand-in listens on loopback; what it took is at /ledger.", f"curl {address}/ledger")
    provider_server(build_provider(ProviderLedger(ledger), faults, customer), port).run()
