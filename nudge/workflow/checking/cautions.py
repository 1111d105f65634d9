"""What templates and roll ask of an arm: reasons for doubtful words, and no household written to too often."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from nudge.trial.lints import norm_missing, too_often
from nudge.trial.problems import Level, listed
from nudge.workflow.checking.drawing import draws_sites

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from nudge.delivery.plan import Planner
    from nudge.trial.load import LoadedTrial
    from nudge.trial.parts.arms import Arm
    from nudge.trial.problems import Problem
    from nudge.trial.records.messages import Template
    from nudge.trial.records.people import Roll, Unit
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


def household_cap(loaded: LoadedTrial, roll: Roll, planner: Planner) -> Iterator[Problem]:
    """Households that an arm's plan would write to more than weekly, or more than three times a month.

    The file alone shows it where all sends hang on one day; several children, or several
    appointments of one child, show only in the roll.
    """
    sites = draws_sites(loaded.trial)
    for name in loaded.trial.arms:
        homes = [
            unit.id
            for unit in roll.units
            for home, moments in _moments(planner, unit, name, sites=sites).items()
            if too_often(moments)
        ]
        if homes:
            yield loaded.source.problem(
                Level.LAUNCH, ("arms", name, "messages"),
                f"would write to {len(homes)} households more often than one may, the first of them {homes[0]}",
                "send one a week and three a month at most, such as once per family (`for_each: unit`)",
            )  # fmt: skip


def _moments(planner: Planner, unit: Unit, arm: str, *, sites: bool) -> dict[str, list[timedelta]]:
    """How long after the first each message follows, by the clock on the wall: a week is a week when it changes.

    By household, which is the unit, and has no name of its own; in a school or a clinic it is the
    address. Two adults who get one message at once are written to once.
    """
    dues: defaultdict[str, set[datetime]] = defaultdict(set)
    for message in planner.trial.arms[arm].messages:
        for _, route, due in planner.recipients(unit, message):
            dues[route.address if sites else ""].add(due)
    local = {home: sorted(due.astimezone(planner.zone) for due in theirs) for home, theirs in dues.items()}
    # Within one zone Python subtracts what the clocks show.
    return {home: [moment - moments[0] for moment in moments] for home, moments in local.items()}
