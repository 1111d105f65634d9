"""Keys for contact details."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, emit, next_step, open_desk, say


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    keys = typer.Typer(help="Keys that encrypt contact details.", no_args_is_help=True, rich_markup_mode=None)
    keys.command("new", epilog="Example: nudge keys new ~/.nudge/keys.json")(new)
    app.add_typer(keys, name="keys")


def new(
    file: Annotated[Path, typer.Argument(help="Where to write them; keep it away from the database and back it up.")],
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Write new keys, readable by you only. Lost keys mean lost contact details."""
    from nudge.workflow.keeping import make_keys

    make_keys(file, open_desk(db))
    if json:
        emit({"keys": str(file)})
        return
    say(f"wrote {file}")
    next_step("Keep it apart from the database, and back it up.", f"export NUDGE_KEYS_FILE={file}")
