"""Which variant of a template a family reads, and the words kept for each send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nudge.messages.templates import template_from_lock
from nudge.trial.records.messages import Template, Words

if TYPE_CHECKING:
    from nudge.workflow.guard import Locked


def chosen_template(templates: Mapping[str, Template], name: str, channel: str, language: str) -> Template:
    """The family's language where there are words in it, else English."""
    own = templates.get(f"{name}/{channel}.{language}")
    return own or templates[f"{name}/{channel}.en"]


def locked_templates(locked: Locked) -> dict[str, Template]:
    """The templates as they were locked, whatever the folder holds now."""
    return {key: template_from_lock(text) for key, text in locked.templates.items()}


def words_to_text(words: Words) -> str:
    """Words as they are kept, sealed, with a send."""
    return json.dumps(asdict(words), ensure_ascii=False)


def words_from_text(text: str) -> Words:
    """The same words back."""
    kept: dict[str, Any] = json.loads(text)
    return Words(**kept)
