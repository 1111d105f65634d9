"""Everything that can be said of a trial file and what it names, before anything is written."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nudge.delivery.plan import Planner
from nudge.outcomes.sources import read_source
from nudge.people.roll import named_columns, read_people, roll_digest
from nudge.people.units import form_units
from nudge.trial.errors import InputError
from nudge.trial.lints import lints
from nudge.trial.load import LoadedTrial, load_trial
from nudge.trial.problems import Level, Problem, Problems
from nudge.trial.records.people import Roll
from nudge.trial.tables import EMPTY
from nudge.workflow.acting.example_records import EXAMPLES
from nudge.workflow.checking.adjusting import adjustment_problems
from nudge.workflow.checking.cautions import cautions, household_cap
from nudge.workflow.checking.crossing import mixed_periods
from nudge.workflow.checking.drawing import draws_sites, takes_one_by_one, undrawable
from nudge.workflow.checking.foreseeing import foreseen_problems
from nudge.workflow.checking.naming import named_templates, named_things, unused_columns
from nudge.workflow.checking.rendering import Forecast, Unrendered, forecast
from nudge.workflow.checking.reply_checks import reply_problems
from nudge.workflow.checking.too_few import too_few
from nudge.workflow.checking.waiting import early_crossings
from nudge.workflow.checking.wording import wording_problems
from nudge.workflow.dispatching.linking import link_problems, rehearsed
from nudge.workflow.law import equal_within_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from nudge.trial.model import Trial
    from nudge.trial.parts.population import DataSource
    from nudge.trial.records.messages import Template
    from nudge.trial.records.tables import Table
    from nudge.trial.source import Step


@dataclass(frozen=True, slots=True)
class Examined:
    """A trial file with the templates and roll it names, and every problem found."""

    loaded: LoadedTrial
    templates: tuple[Template, ...]
    roll: Roll | None
    roll_file: str
    problems: tuple[Problem, ...]
    forecast: Forecast | None = None

    @property
    def trial(self) -> Trial:
        """The file's own values."""
        return self.loaded.trial

    @property
    def variants(self) -> dict[str, set[str]]:
        """The channels each template has words for."""
        found: dict[str, set[str]] = {}
        for template in self.templates:
            found.setdefault(template.name, set()).add(template.channel)
        return found

    def at(self, level: Level) -> list[Problem]:
        """The problems of one level."""
        return [problem for problem in self.problems if problem.level == level]

    def facts(self) -> dict[str, Any]:
        """What the roll and the words amount to."""
        counted = {name: len(self.at(level)) for level, name in _COUNTED.items()}
        facts: dict[str, Any] = {"trial": self.trial.trial, **counted}
        if self.roll is NOBODY_YET:
            facts["people"] = "join one by one: nudge enrol"
        elif self.roll is not None:
            left_out = Counter(out.reason for out in self.roll.exclusions)
            facts |= {
                "people on the roll": self.roll.assessed_people,
                "units taking part": len(self.roll.units),
                "people left out": dict(left_out),
                "units joined by a shared phone, email or address": self.roll.merged_units,
            }
        elif not self.trial.run_elsewhere:
            facts["not checked"] = "the roll, and what depends on it"
        if self.forecast is not None:
            facts |= {
                "messages by arm, about": self.forecast.messages,
                "SMS segments by arm, about": self.forecast.segments,
                "cost of texts by arm, about": self.forecast.cost,
            }
        return facts


def examine(path: Path, now: datetime, link_base: str = "") -> Examined:
    """Read a trial file, its templates and its roll, and collect what stands in the way.

    now: stands in for the moment of allocation. link_base: what short links begin with, from
    the settings. Raises ProblemsFound only where the trial
    file itself cannot be used; other errors are in `problems`.
    """
    loaded = load_trial(path)
    problems = Problems(list(loaded.problems))
    problems.extend(named_things(loaded))
    templates = named_templates(loaded, problems)
    problems.extend(unused_columns(loaded, templates))
    problems.extend(lints(loaded.trial, loaded.source, now.date()))
    problems.extend(cautions(loaded, templates))
    problems.extend(link_problems(loaded, templates, link_base))
    manner = rehearsed(loaded.trial, link_base)
    if not problems.fatal:
        problems.extend(wording_problems(loaded, templates, manner))
    problems.extend(reply_problems(loaded))
    roll, roll_file = (None, "") if loaded.trial.run_elsewhere else _people(loaded, problems)
    examined = Examined(loaded, tuple(templates), roll, roll_file, ())
    expected = None
    if roll is not None and not problems.fatal:
        planner = Planner(loaded.trial, examined.variants, now)
        problems.extend(_reach(examined, roll, planner))
        problems.extend(household_cap(loaded, roll, planner))
        problems.extend(early_crossings(loaded, roll, planner))
        problems.extend(mixed_periods(loaded, roll, planner))
        expected = forecast(planner, templates, roll, manner)
        problems.extend(_unrendered(loaded, expected))
    if not problems.fatal:
        problems.extend(foreseen_problems(loaded, roll))
        problems.extend(adjustment_problems(loaded, roll))
        problems.extend(too_few(loaded, roll))
    return Examined(loaded, tuple(templates), roll, roll_file, tuple(problems), expected)


_COUNTED = {Level.ERROR: "errors", Level.LAUNCH: "to settle before launch", Level.ADVICE: "advice"}


NOBODY_YET = Roll(0, 0, (), (), 0, "")
"""The roll of a trial whose families join one by one."""


def _people(loaded: LoadedTrial, problems: Problems) -> tuple[Roll | None, str]:
    """The roll the file names, and its name; None where there is none that can be used."""
    people = loaded.trial.population.people
    rolling = not problems.fatal and takes_one_by_one(loaded.trial)
    if rolling and people is None:
        return NOBODY_YET, ""
    if people is None:
        problems.add(
            loaded.source.problem(
                Level.LAUNCH, ("population",), "does not say where the roll of people is",
                "add `people: people/roll.csv`",
            )
        )  # fmt: skip
        return None, ""
    if rolling:
        problems.add(
            loaded.source.problem(
                Level.ERROR, ("population", "people"), "is a roll, and this method takes families as they come",
                "leave `people` out, and after launch enrol rows with `nudge enrol`",
            )
        )  # fmt: skip
        return None, ""
    if _is_absent(people, loaded.folder):
        problems.add(_absent_roll(loaded, people))
        return None, ""
    read = dict.fromkeys(named_columns(loaded.trial.population), "text")
    table = read_source(people, loaded.folder, problems, read)
    return (_roll(loaded, table, problems) if table is not EMPTY else None), table.name


def _is_absent(people: DataSource, folder: Path) -> bool:
    file = people.csv_file or people.parquet_file
    return file is not None and not (folder / file).exists()


def _absent_roll(loaded: LoadedTrial, people: DataSource) -> Problem:
    """Without its roll a file can be written and checked, but not locked."""
    file = people.csv_file or people.parquet_file
    name = loaded.trial.trial
    make = f", or make one up: nudge example make {name}" if name in EXAMPLES else ""
    return loaded.source.problem(
        Level.LAUNCH, ("population", "people"), f"there is no roll at {file}, so nothing about people could be checked",
        f"put it there; the path is relative to the trial file{make}",
    )  # fmt: skip


def write_problem_file(examined: Examined) -> Path | None:
    """The roll's problems as a CSV beside the roll, readable by its owner only; None where it has none."""
    if not examined.roll_file or examined.loaded.trial.population.people is None:
        return None
    rows = [problem for problem in examined.problems if problem.file == examined.roll_file]
    roll = examined.loaded.folder / examined.roll_file
    target = roll.with_name(f"{roll.stem}.problems.csv")
    if not rows or not roll.exists():
        target.unlink(missing_ok=True)
        return None
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "column", "level", "what is wrong", "what to do"])
        writer.writerows([p.line or "", p.path, p.level, p.what, p.remedy] for p in rows)
    return target


def _unrendered(loaded: LoadedTrial, expected: Forecast) -> Iterator[Problem]:
    """Messages that cannot be made, counted per message, the first one named."""
    failed: dict[tuple[str, int], list[Unrendered]] = {}
    for one in expected.unrendered:
        failed.setdefault((one.arm, one.message), []).append(one)
    for (arm, message), ones in failed.items():
        yield loaded.source.problem(
            Level.LAUNCH, ("arms", arm, "messages", message, "template"),
            f"cannot be rendered for {len(ones)} units; the first: {ones[0].why}",
            "fill the blanks, make them part of `eligible`, or write `{% if COLUMN is defined %}`",
        )  # fmt: skip


def _roll(loaded: LoadedTrial, table: Table, problems: Problems) -> Roll | None:
    trial = loaded.trial
    before = len(problems)
    people = read_people(table, trial.population, problems)
    if any(problem.level == Level.ERROR for problem in problems.found[before:]):
        return None
    randomise = trial.randomise
    try:
        sites = draws_sites(trial)
    except InputError:
        return None
    roll = form_units(
        people, trial.population, randomise.blocks if randomise else (), sites=sites,
        equal=equal_within_units(trial), needs_contact=any(arm.messages for arm in trial.arms.values()),
        digest=roll_digest(table, trial.population), roll_name=table.name, problems=problems,
    )  # fmt: skip
    if not roll.units:
        problems.add(
            Problem(
                Level.ERROR, table.name, 0, 0, "", "leaves nobody to take part",
                "see the reasons for exclusion above, and check `eligible`, `exclude` and `safe_to_contact`",
            )
        )  # fmt: skip
    if problems.fatal:
        return None
    problems.extend(undrawable(loaded, roll))
    return roll


def _reach(examined: Examined, roll: Roll, planner: Planner) -> Iterator[Problem]:
    """What the roll makes of messages and windows: missing variants, blank dates, windows that close early."""
    trial, loaded = examined.trial, examined.loaded
    languages = Counter(person.language for unit in roll.units for person in unit.people)
    routes = Counter(
        (person.language, point.channel)
        for unit in roll.units for person in unit.people for point in person.contacts if point.safe
    )  # fmt: skip
    existing = {(template.name, template.channel, template.language) for template in examined.templates}
    for arm, spec in trial.arms.items():
        for i, message in enumerate(spec.messages):
            path: tuple[Step, ...] = ("arms", arm, "messages", i)
            for language in sorted(languages):
                for channel in _meant(message.by or trial.channels, message.template, existing):
                    number = routes[language, channel]
                    if number and (message.template, channel, language) not in existing:
                        yield _variant_missing(loaded, path, message.template, channel, language, number, existing)
            blank = sum(
                all(planner.due(unit, person, message) is None for person in unit.people) for unit in roll.units
            )
            if blank:
                yield loaded.source.problem(
                    Level.LAUNCH, (*path, "send"),
                    f"{blank} units have no `{message.send.root}`, so no time to send can be worked out",
                    f"fill it in, or make it part of `eligible`: {message.send.root} is not missing",
                )  # fmt: skip
    yield from _windows(examined, roll, planner)


def _meant(channels: Iterable[str], template: str, existing: set[tuple[str, str, str]]) -> list[str]:
    """A script for staff needs no words for a phone, nor the other way round."""
    has = {channel for name, channel, _ in existing if name == template}
    return sorted(channel for channel in channels if channel in has or (channel == "staff") == (has == {"staff"}))


def _variant_missing(
    loaded: LoadedTrial, path: tuple[Step, ...], template: str, channel: str, language: str, number: int,
    existing: set[tuple[str, str, str]],
) -> Problem:  # fmt: skip
    ending = "" if language == "en" else f".{language}"
    if (template, channel, "en") in existing:
        return loaded.source.problem(
            Level.ADVICE, (*path, "template"),
            f"{number} people who read `{language}` will get `{template}` by {channel} in English",
            f"add {template}/{channel}{ending}.j2",
        )  # fmt: skip
    return loaded.source.problem(
        Level.LAUNCH, (*path, "template"),
        f"`{template}` has no words for {channel} in `{language}`, which leaves that route of {number} people unused",
        f"add {template}/{channel}{ending}.j2",
    )  # fmt: skip


def _windows(examined: Examined, roll: Roll, planner: Planner) -> Iterator[Problem]:
    zone = ZoneInfo(examined.trial.timezone)
    randomise = examined.trial.randomise
    if randomise is not None and randomise.method == "waitlist":
        return  # those who wait are written to after their window, and `early_crossings` sees to it
    for name, outcome in examined.trial.outcomes.items():
        if outcome.window is None or outcome.window.anchor.kind != "first_planned_send":
            continue
        early = 0
        for unit in roll.units:
            first, last = planner.first_planned(unit), planner.last_planned(unit)
            if first is not None and last is not None:
                early += outcome.window.closes(first.astimezone(zone)) < last
        if early:
            yield examined.loaded.source.problem(
                Level.LAUNCH, ("outcomes", name, "window"),
                f"{early} units have a window that closes before their last planned send",
                "lengthen the window, or send earlier",
            )  # fmt: skip
