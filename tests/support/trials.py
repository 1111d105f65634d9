"""A small trial written to disk, as a service designer would have it."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from nudge.design.seed import PublishedSeed
from nudge.store.vault import new_keys
from nudge.trial.clock import SimulatedClock
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import launch_trial
from nudge.workflow.settings import Settings
from tests.support.databases import database_url

START = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)  # a Monday


def family(i: int, **changes: str) -> dict[str, str]:
    """One row of a roll: a family with a drama mobile (every second one) and an email."""
    row = {
        "person_ref": f"P{i:04d}", "household_ref": f"H{i:04d}", "area": "north" if i % 3 else "south",
        "visit": "2027-01-25", "mobile": f"07700900{i % 1000:03d}" if i % 2 == 0 else "",
        "email": f"family{i}@example.org", "safe_to_text": "yes", "safe_to_email": "yes", "refuge": "no",
    }  # fmt: skip
    return row | changes


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """A CSV file with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def trial_values(**changes: Any) -> dict[str, Any]:
    """The parsed values of a trial file that may be launched; changes replace whole blocks."""
    values: dict[str, Any] = {
        "trial": "small", "title": "A small trial", "question": "Do reminders help?", "stage": "pilot",
        "population": {
            "people": "people/small.csv", "id": "person_ref", "unit": "household_ref",
            "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
            "contact": {"sms": "mobile", "email": "email", "prefer": ["sms", "email"]},
            "safe_to_contact": {"sms": "safe_to_text", "email": "safe_to_email"},
            "exclude": "refuge",
        },
        "channels": {"sms": "outbox", "email": "outbox"},
        "arms": {
            "usual": {"control": "true", "receives": "the usual letter"},
            "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
        },
        "randomise": {"method": "blocked", "blocks": ["area"], "ratio": {"usual": 1, "reminder": 1}},
        "outcomes": {
            "came": {
                "role": "primary", "kind": "binary", "better": "higher", "question": "Did they come?",
                "source": {"csv_file": "outcomes/came.csv", "id": "person_ref", "date": "day", "value": "present",
                           "no_record": "did_not_happen", "covers": "all clinics"},
                "window": "28 days from first_planned_send", "worthwhile": "5 points",
            },
            "settled": {"role": "distal", "kind": "binary", "expected": "2029-06",
                        "question": "Is the child at a good level of development at five?"},
        },
        "analysis": {"comparisons": ["reminder - usual"]},
        "safeguarding": {"replies_to": "duty team", "hours": "Mon-Fri 09:00-17:00", "escalate_within": "4 hours"},
        "data_protection": {"basis": "public_task", "message_class": "public_task",
                            "function": "Childcare Act 2006 s.1", "retention": "12 months"},
        "coproduction": "Read by 4 parents.",
        "decision": {"owner": "Head", "by": "2027-06-01", "rule": "adopt if worthwhile"},
        "costs": {"currency": "GBP", "prices": "2027", "sms": "0.04"},
    }  # fmt: skip
    return values | changes


SMS = "---\nsender: Council\n---\nCouncil: your visit is on {{ visit }}. To stop, call 01632 960123.\n"
EMAIL = (
    "---\nsender: Council <council@example.org>\nsubject: Your visit on {{ visit }}\n---\n"
    "Hello,\n\nYour visit is on {{ visit }}.\n\nTo stop, call 01632 960123.\n"
)


def write_trial(folder: Path, families: int = 40, rows: list[dict[str, str]] | None = None, **changes: Any) -> Path:
    """A trial file with its roll and templates; returns the file."""
    values = trial_values(**changes)
    write_rows(folder / "people" / "small.csv", rows or [family(i) for i in range(families)])
    templates = folder / "message_templates" / "visit"
    templates.mkdir(parents=True, exist_ok=True)
    (templates / "sms.j2").write_text(SMS)
    (templates / "email.j2").write_text(EMAIL)
    path = folder / f"{values['trial']}.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def write_rolling_trial(folder: Path, **randomise: Any) -> Path:
    """A trial file that takes families as they come."""
    values = trial_values()
    population = {key: value for key, value in values["population"].items() if key != "people"}
    arms = {
        name: {**arm, "messages": [{"template": "visit", "send": "2 days after allocation at 10:00"}]}
        if "messages" in arm else arm
        for name, arm in values["arms"].items()
    }  # fmt: skip
    plan = values["analysis"] | {"covariates": [*randomise.get("balance_on", [])]}
    drawn = {"method": "permuted_blocks"} | randomise
    return write_trial(folder, population=population, arms=arms, randomise=drawn, analysis=plan)


def lock_draw_and_launch(file: Path, desk: Desk) -> None:
    """Every step up to the ledger, the second signature included."""
    lock_trial(file, desk)
    allocate_trial(file, desk)
    approve_trial(file, desk, "Sam Second")
    launch_trial(file, desk)


@dataclass
class Bench:
    """A desk in a folder of its own, on a simulated clock and a published seed."""

    folder: Path
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(START))

    def __post_init__(self) -> None:
        keys = self.folder / "keys" / "keys.json"
        if not keys.exists():
            new_keys(keys)

    def settings(self, **changes: Any) -> Settings:
        """Settings that point into the folder."""
        values: dict[str, Any] = {
            "database_url": database_url(self.folder),
            "keys_file": self.folder / "keys" / "keys.json", "outbox": self.folder / "outbox",
            "actor": "tester", "lease_seconds": 30,
        }  # fmt: skip
        return Settings(**(values | changes))

    def desk(self, **changes: Any) -> Desk:
        """A desk on these settings."""
        return Desk(self.settings(**changes), self.clock, PublishedSeed("test"))

    @property
    def outbox(self) -> list[Path]:
        """The messages that went into the outbox."""
        folder = self.folder / "outbox"
        return sorted(file for file in folder.iterdir() if not file.name.startswith(".")) if folder.exists() else []
