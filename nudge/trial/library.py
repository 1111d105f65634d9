"""The two folders that ship with the project: example trials and message wordings."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(folder: str) -> Path:
    """`experiments` or `message_templates`, in an installed wheel or in a checkout."""
    installed = _PACKAGE / "shipped" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


def template_folders(beside: Path, working_folder: Path) -> list[Path]:
    """Where templates are looked for, in order.

    `message_templates/` beside the trial file, in each parent up to the working folder,
    then the shipped library.
    """
    start = beside.resolve()
    top = working_folder.resolve()
    places = [start]
    if start.is_relative_to(top):
        places += [parent for parent in start.parents if parent.is_relative_to(top)]
    folders = [place / "message_templates" for place in places]
    return [*(folder for folder in folders if folder.is_dir()), shipped("message_templates")]
