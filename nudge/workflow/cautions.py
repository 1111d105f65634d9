"""What the words an arm uses ask of the arm: reasons for doubtful ones, a source for what others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.trial.lints import norm_missing
from nudge.trial.problems import Level, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.load import LoadedTrial
    from nudge.trial.parts.arms import Arm
    from nudge.trial.problems import Problem
    from nudge.trial.records.messages import Template
    from nudge.trial.source import Step


def cautions(loaded: LoadedTrial, templates: Sequence[Template]) -> Iterator[Problem]:
    """Every arm held against the heads of the templates it sends."""
    for name, arm in loaded.trial.arms.items():
        for i, message in enumerate(arm.messages):
            path: tuple[Step, ...] = ("arms", name, "messages", i, "template")
            variants = [template for template in templates if template.name == message.template]
            yield from _reasons(loaded, path, arm, variants)
            yield from _mechanisms(loaded, path, arm, variants)
            yield from _translations(loaded, path, variants)


def _reasons(loaded: LoadedTrial, path: tuple[Step, ...], arm: Arm, variants: Sequence[Template]) -> Iterator[Problem]:
    if arm.because is not None:
        return
    doubtful = next((one for one in variants if one.research_only), None)
    if doubtful is not None and doubtful.evidence is not None:
        yield loaded.source.problem(
            Level.LAUNCH, path, f"`{doubtful.name}` is for research only: {doubtful.evidence.because.rstrip('.')}",
            "use another template, or say on the arm why this one is tried: `because: …`",
        )  # fmt: skip
    sensitive = next((one for one in variants if one.sensitive), None)
    if sensitive is not None:
        yield loaded.source.problem(
            Level.LAUNCH, path, f"`{sensitive.name}` tells a family something about itself, which may hurt",
            "say on the arm why it is needed and who agreed to the words: `because: …`",
        )  # fmt: skip


def _mechanisms(
    loaded: LoadedTrial, path: tuple[Step, ...], arm: Arm, variants: Sequence[Template]
) -> Iterator[Problem]:
    unnamed = [
        word for word in dict.fromkeys(word for one in variants for word in one.mechanism) if word not in arm.mechanism
    ]
    if "social_norm" in unnamed and arm.norm is None:
        yield norm_missing(loaded.source, path)
    if unnamed:
        yield loaded.source.problem(
            Level.ADVICE, path, f"its words work by {listed(unnamed)}, which the arm does not name",
            "add it to the arm's `mechanism:`",
        )  # fmt: skip


def _translations(loaded: LoadedTrial, path: tuple[Step, ...], variants: Sequence[Template]) -> Iterator[Problem]:
    for one in variants:
        if one.language != "en" and not one.back_translation:
            yield loaded.source.problem(
                Level.ADVICE, path, f"{one.file} does not say who put it back into English",
                "have someone do so who has not seen the English, and add `back_translation:` to its head",
            )  # fmt: skip
