"""The sizes an outcome is held to: in its own unit, and there where its hypothesis needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.trial.problems import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.problems import Problem
    from nudge.trial.source import Source, Step


def sizes(source: Source, path: tuple[Step, ...], outcome: Outcome) -> Iterator[Problem]:
    """`worthwhile`, `margin` and `hypothesis`; what a named estimator gives is checked where estimators are known."""
    if not outcome.sized_by_estimator:
        yield from _in_its_unit(source, path, outcome)
    yield from _held_to(source, path, outcome)


def _in_its_unit(source: Source, path: tuple[Step, ...], outcome: Outcome) -> Iterator[Problem]:
    for key, size in (("worthwhile", outcome.worthwhile), ("margin", outcome.margin)):
        expected = "points" if outcome.kind == "binary" else outcome.unit
        if size is not None and size.unit != expected:
            yield source.problem(
                Level.ERROR, (*path, key), f"`{size}` is not in the outcome's unit",
                "write `5 points` for percentage points" if outcome.kind == "binary"
                else f"write it in `{outcome.unit}`" if outcome.unit else "say the outcome's `unit:`",
            )  # fmt: skip


def _held_to(source: Source, path: tuple[Step, ...], outcome: Outcome) -> Iterator[Problem]:
    if outcome.hypothesis in {"non_inferiority", "equivalence"} and outcome.margin is None:
        yield source.problem(
            Level.ERROR, (*path, "hypothesis"), f"`{outcome.hypothesis}` has no margin to be held to",
            "add `margin:`, the change that would be too much",
        )  # fmt: skip
    if outcome.role == "harm" and outcome.hypothesis == "superiority":
        yield source.problem(
            Level.ERROR, (*path, "hypothesis"), "a harm is held to its margin, not to being better",
            "leave `hypothesis` out",
        )  # fmt: skip
    if outcome.role == "primary" and outcome.aim == "superiority" and outcome.worthwhile is None:
        yield source.problem(
            Level.LAUNCH, path, "does not say the smallest change that would alter the decision",
            "add `worthwhile: 5 points`",
        )  # fmt: skip
    if outcome.role == "harm" and outcome.margin is None:
        yield source.problem(
            Level.LAUNCH, path, "is a harm without the margin that would be too much", "add `margin: 0.5 points`"
        )
