"""A stepped wedge written to disk: twelve schools that cross at three steps, families with a visit each."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.trials import family, trial_values, write_trial

STEPS = ["2027-03-01", "2027-04-01", "2027-05-03"]
FIRST, WEEKS = date(2027, 2, 3), 19
"""Visits are on Wednesdays, from this one on; texts go a week before."""
SCHOOLS, FAMILIES = 12, 10
PLAN = (
    "---\nsender: Council\n---\n"
    "Council: plan your visit on {{ visit }}. How will you come? To stop, call 01632 960123.\n"
)
PLAN_EMAIL = (
    "---\nsender: Council <council@example.org>\nsubject: Plan your visit on {{ visit }}\n---\n"
    "Hello,\n\nHow will you get there on {{ visit }}?\n\nTo stop, call 01632 960123.\n"
)


def wedge_family(i: int, school: int, day: date) -> dict[str, str]:
    """One row of the roll; the mobile, for every second family, is theirs alone."""
    return family(i, school_ref=f"S{school:02d}", visit=day.isoformat(), prior=str(i % 4))


def wedge_rows(schools: int = SCHOOLS, families: int = FAMILIES, seed: int = 1) -> list[dict[str, str]]:
    """So many families of each school, their visits in any of the weeks."""
    weeks = np.random.default_rng(seed).integers(0, WEEKS, schools * families)
    return [wedge_family(i, i // families, FIRST + timedelta(weeks=int(week))) for i, week in enumerate(weeks)]


def write_wedge(folder: Path, rows: list[dict[str, str]] | None = None, **changes: Any) -> Path:
    """The trial file with its roll and words; `randomise` and `analysis` are laid over its own."""
    values = trial_values()
    population = values["population"] | {"unit": "school_ref", "site": "school_ref"}
    population["columns"] = {"visit": "date", "refuge": "yes_no", "prior": "number"}
    send = "7 days before visit at 10:00"
    arms = {
        "usual": {"control": "true", "messages": [{"template": "visit", "send": send}]},
        "plan": {"messages": [{"template": "plan", "send": send}]},
    }
    randomise = {"method": "stepped_wedge", "steps": STEPS} | changes.pop("randomise", {})
    analysis = {"comparisons": ["plan - usual"], "covariates": ["prior"]} | changes.pop("analysis", {})
    power = {"baseline": "50%", "icc": 0.03, "cac": 0.8}
    came = values["outcomes"]["came"] | {"window": "28 days from visit - 7 days"}
    outcomes = values["outcomes"] | {"came": came}
    given = {
        "population": population, "arms": arms, "power": power, "randomise": randomise, "analysis": analysis,
        "outcomes": outcomes,
    }  # fmt: skip
    path = write_trial(folder, rows=rows or wedge_rows(), **(given | changes))
    words = folder / "message_templates" / "plan"
    words.mkdir(parents=True, exist_ok=True)
    (words / "sms.j2").write_text(PLAN)
    (words / "email.j2").write_text(PLAN_EMAIL)
    return path


def write_visits(folder: Path, arm_of: dict[str, str], seed: int = 2) -> None:
    """Who came: 40 % in the control and 60 % in the arm, on the day after the text. arm_of: by person."""
    rng = np.random.default_rng(seed)
    with (folder / "people" / "small.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    target = folder / "outcomes" / "came.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["person_ref", "day"])
        for row in rows:
            chance = 0.6 if arm_of.get(row["person_ref"]) == "plan" else 0.4
            if rng.random() < chance:
                writer.writerow([row["person_ref"], date.fromisoformat(row["visit"]) - timedelta(days=6)])
