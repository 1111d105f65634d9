"""Keys: made once, kept apart from the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.vault import new_keys
from nudge.trial.errors import Refused

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk


def make_keys(path: Path, desk: Desk) -> Path:
    """Write new keys. Raises Refused in the database's own folder: one stolen copy would hold both."""
    address = sa.make_url(desk.settings.database_url)
    file = address.database if address.get_backend_name() == "sqlite" else None
    if file and path.resolve().parent == Path(file).resolve().parent:
        raise Refused(
            f"{path} is in the database's folder, so one copy would hold the lock and its key",
            "name a file elsewhere, such as ~/.nudge/keys.json",
        )
    new_keys(path)
    return path
