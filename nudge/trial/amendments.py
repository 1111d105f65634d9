"""What changed between two definitions of a trial, how much it matters, and what may not change at all.

Registries class edits as major or minor (the AEA's registry asks it of every edit). Here the
path decides: what could alter an estimate or what a family reads is major, the rest minor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nudge.trial.lock import differing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["major", "minor"]

_MAJOR = (
    "question", "stage", "setting", "arms", "outcomes", "analysis", "stopping", "decision.rule", "ethics",
    "underpowered", "templates", "links",
)  # fmt: skip
_FIXED = {
    "trial": "the name is part of the draw",
    "timezone": "messages are planned in it",
    "population": "who takes part was settled before the draw",
    "randomise": "the draw is made",
    "allocation": "the draw is made",
    "channels": "messages are planned for them",
}
_FIXED_IN_ARMS = {
    "control": "the draw is made", "levels": "the draw is made",
    "messages": "messages stand in the ledger with their times and templates",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One place where two definitions differ."""

    path: str
    before: Any
    after: Any

    @property
    def kind(self) -> Kind:
        """How much it matters."""
        return "major" if any(_within(self.path, place) for place in _MAJOR) else "minor"

    @property
    def fixed(self) -> str | None:
        """Why it may not change once families may have been written to; None where it may."""
        for place, why in _FIXED.items():
            if _within(self.path, place):
                return why
        steps = self.path.split(".")
        if steps[0] == "arms" and len(steps) < 3:  # noqa: PLR2004 - an arm as a whole, or their order
            return "the draw is made"
        return _FIXED_IN_ARMS.get(steps[2]) if steps[0] == "arms" else None


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}.")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every place where two canonical definitions differ."""
    return [Change(path, old, new) for path, old, new in differing(before, after)]


def template_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """Templates, by key, whose words differ; values are digests."""
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield Change(f"templates.{key}", before.get(key), after.get(key))


def touches(paths: list[str], outcome: str) -> bool:
    """Whether changes at these paths bear on an outcome's estimates."""
    return any(_within(path, "analysis") or _within(path, f"outcomes.{outcome}") for path in paths)
