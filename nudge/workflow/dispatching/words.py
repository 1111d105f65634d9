"""Which variant of a template a family reads, and the words kept for each send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nudge.messages.render import RenderError
from nudge.messages.templates import template_from_lock
from nudge.trial.records.messages import Template, Words
from nudge.trial.records.report import ArmSummary, MessageSummary

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.workflow.guard import Locked


def chosen_template(templates: Mapping[str, Template], name: str, channel: str, language: str) -> Template:
    """The family's language where there are words in it, else English. Raises RenderError where there are neither."""
    chosen = templates.get(f"{name}/{channel}.{language}") or templates.get(f"{name}/{channel}.en")
    if chosen is None:
        raise RenderError(f"`{name}` has no words for {channel} in `{language}` nor in English", "add them")
    return chosen


def locked_templates(locked: Locked) -> dict[str, Template]:
    """The templates as they were locked, whatever the folder holds now."""
    return {key: template_from_lock(text) for key, text in locked.templates.items()}


def arm_summaries(trial: Trial, templates: Sequence[Template]) -> tuple[ArmSummary, ...]:
    """What each arm received, word for word."""
    return tuple(
        ArmSummary(
            name, arm.control, arm.receives or "", arm.mechanism,
            tuple(
                MessageSummary(
                    wording.name, wording.channel, wording.language, wording.sender, wording.subject, wording.body,
                    message.when,
                )
                for message in arm.messages for wording in templates if wording.name == message.template
            ),
        )
        for name, arm in trial.arms.items()
    )  # fmt: skip


def words_to_text(words: Words) -> str:
    """Words as they are kept, sealed, with a send."""
    return json.dumps(asdict(words), ensure_ascii=False)


def words_from_text(text: str) -> Words:
    """The same words back."""
    kept: dict[str, Any] = json.loads(text)
    return Words(**kept)
