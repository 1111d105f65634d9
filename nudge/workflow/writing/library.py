"""The message library as people choose from it: every template with what is known of it and how it reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nudge.messages.render import render
from nudge.messages.segments import segments
from nudge.messages.templates import find_template, read_template, template_names
from nudge.trial.errors import InputError
from nudge.trial.library import template_folders
from nudge.trial.problems import Problems, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.messages import Template
    from nudge.trial.records.people import Value

LONGEST_DAY = date(2026, 9, 30)
"""Wednesday 30 September: no date takes more characters in English."""
_NUMBERS = {"days_missed": 12.0}


@dataclass(frozen=True, slots=True)
class Wording:
    """One variant, rendered with made-up values. segments: of a text; 0 for an email."""

    channel: str
    language: str
    sender: str
    subject: str
    text: str
    characters: int
    segments: int
    encoding: str
    back_translation: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One template of the library; an empty grade where its heads give no evidence."""

    name: str
    mechanism: tuple[str, ...]
    grade: str
    because: str
    sources: tuple[str, ...]
    warnings: tuple[str, ...]
    research_only: bool
    sensitive: bool
    columns: tuple[str, ...]
    wordings: tuple[Wording, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def library(working_folder: Path, name: str | None = None) -> list[Entry]:
    """Every template a trial file in this folder could name, or the one named.

    Raises InputError with the nearest name, and ProblemsFound where a template is broken.
    """
    folders = template_folders(working_folder, working_folder)
    known = template_names(folders)
    if name is not None and name not in known:
        guess = nearest(name, known)
        remedy = f"did you mean `{guess}`?" if guess else "`nudge templates` lists them"
        raise InputError(f"there is no template `{name}`", remedy)
    problems = Problems()
    entries = [_entry(one, folders, problems) for one in ([name] if name else known)]
    problems.raise_if_fatal()
    return [entry for entry in entries if entry is not None]


def _entry(name: str, folders: Sequence[Path], problems: Problems) -> Entry | None:
    folder = find_template(name, folders)
    variants = read_template(name, folder, problems) if folder is not None else []
    if not variants:
        return None
    known = next((one.evidence for one in variants if one.evidence), None)
    return Entry(
        name, tuple(dict.fromkeys(word for one in variants for word in one.mechanism)),
        known.grade if known else "", known.because if known else "", known.sources if known else (),
        tuple(dict.fromkeys(warning for one in variants for warning in one.warnings)),
        any(one.research_only for one in variants), any(one.sensitive for one in variants),
        tuple(sorted({column for one in variants for column in one.variables})),
        tuple(_wording(one) for one in sorted(variants, key=lambda one: (one.language != "en", one.channel != "sms"))),
    )  # fmt: skip


def _wording(template: Template) -> Wording:
    words = render(template, {name: example_value(name) for name in template.variables}, "example")
    cut = segments(words.text)
    text = template.channel == "sms"
    return Wording(
        template.channel, template.language, template.sender, words.subject, words.text, cut.characters,
        cut.count if text else 0, cut.encoding if text else "", template.back_translation,
    )  # fmt: skip


SHIPPED_DAYS = {"appointment", "due_date", "first_session", "held_until", "next_step_by", "session_date"}
"""The columns of the shipped templates that hold a day."""


def example_value(column: str) -> Value:
    """What a column may hold; its own name, where nothing is known of it."""
    return LONGEST_DAY if column in SHIPPED_DAYS else _NUMBERS.get(column, f"({column})")
