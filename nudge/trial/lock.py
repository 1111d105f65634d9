"""The lock: what was fixed, before anyone could see what it would give.

Its fingerprint is one hash over the file as parsed, the templates found, the roll, the
law, the commitment of the seed and the decisions made for the analysis.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nudge.trial.model import Trial

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """A trial as it was fixed."""

    trial: str
    number: int
    locked_at: datetime
    locked_by: str
    definition: Mapping[str, Any]
    templates: Mapping[str, str]
    """Digest of each template variant found, by its key."""
    roll_digest: str
    roll_file: str
    law: Mapping[str, Any]
    seed_commitment: str
    decisions: Mapping[str, Any]
    demonstration: bool
    reason: str | None = None
    """Why an earlier lock was replaced or amended."""
    amendment: str | None = None
    """`major` or `minor` for an amendment after launch; None for a lock before it."""
    changes: tuple[str, ...] = ()
    """Paths that an amendment changed, `templates.KEY` among them."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything that was fixed; not over who fixed it when."""
        return digest_of(
            {
                "format": FORMAT, "definition": self.definition, "templates": self.templates,
                "roll": self.roll_digest, "law": self.law, "seed_commitment": self.seed_commitment,
                "decisions": self.decisions, "demonstration": self.demonstration,
            }
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """What stands in `NAME.lock.json` beside the trial file."""
        return {
            "trial": self.trial,
            "fingerprint": self.fingerprint,
            "number": self.number,
            "locked_at": self.locked_at.isoformat(),
            "locked_by": self.locked_by,
            "demonstration": self.demonstration,
            "reason": self.reason,
            "amendment": self.amendment,
            "changes": list(self.changes),
            "seed_commitment": self.seed_commitment,
            "roll": {"file": self.roll_file, "sha256": self.roll_digest},
            "templates": dict(self.templates),
            "law": dict(self.law),
            "decisions": dict(self.decisions),
            "definition": dict(self.definition),
        }


def canonical(trial: Trial) -> dict[str, Any]:
    """The file's parsed values, defaults left out, arms and outcomes in the order of the file."""
    values = trial.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for key in ("arms", "outcomes"):
        values[key] = [{"name": name, **part} for name, part in values[key].items()]
    return values


def trial_of(definition: Mapping[str, Any]) -> Trial:
    """The trial a canonical definition was made from: the lock serves where no file is at hand."""
    from nudge.trial.model import Trial

    named = {
        key: {item["name"]: {k: v for k, v in item.items() if k != "name"} for item in definition[key]}
        for key in ("arms", "outcomes")
    }
    return Trial.model_validate({**definition, **named})


def digest_of(values: Mapping[str, Any]) -> str:
    """SHA-256 of values as JSON with sorted keys."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(old: Any, new: Any) -> list[str]:
    """Paths at which two canonical definitions differ."""
    return [path for path, _, _ in differing(old, new)]


def differing(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two canonical definitions differ and how; a list of named things also where their order does."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = list(dict.fromkeys([*old, *new]))
        return [one for key in keys for one in differing(old.get(key), new.get(key), f"{path}.{key}".strip("."))]
    if isinstance(old, list) and isinstance(new, list) and _named(old + new):
        was, now = ({item["name"]: item for item in items} for items in (old, new))
        orders = [name for name in was if name in now], [name for name in now if name in was]
        return [*([(path, *orders)] if orders[0] != orders[1] else []), *differing(was, now, path)]
    return [] if old == new else [(path, old, new)]


def _named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and "name" in item for item in items)
