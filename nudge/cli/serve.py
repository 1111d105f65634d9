"""The service."""

from __future__ import annotations

from typing import Annotated

import typer

from nudge.cli.console import Database, Keys, open_desk


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge serve --port 8000")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    *,
    db: Database = None,
    keys: Keys = None,
) -> None:
    """Run the service: read-only JSON, health, and the clock that sends what is due."""
    from nudge.service.app import run_service

    run_service(open_desk(db, keys), host, port)
