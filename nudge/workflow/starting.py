"""A first file to write on from."""

from __future__ import annotations

import re
from pathlib import Path

from nudge.trial.errors import InputError, Refused
from nudge.trial.grammar import NAME

_STARTER = Path(__file__).parent / "starter.yaml"


def start_trial(name: str, folder: Path) -> Path:
    """Write a commented draft that passes `nudge check`. Raises Refused where a file is already."""
    if not re.fullmatch(NAME.replace("_]", "_-]"), name):
        raise InputError(
            f"`{name}` is not a usable name", "use small letters, digits and hyphens, such as school-attendance"
        )
    path = folder / f"{name}.yaml"
    if path.exists():
        raise Refused(f"{path} exists", "choose another name, or write on in it")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(_STARTER.read_text(encoding="utf-8").replace("NAME", name), encoding="utf-8")
    return path
