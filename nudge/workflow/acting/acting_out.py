"""`nudge simulate FILE --run`: any trial file acted out once, from file to report, on made-up families."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import exp
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from nudge.delivery.plan import Planner
from nudge.design.seed import PublishedSeed
from nudge.design.simulation import unequal_sizes
from nudge.messages.templates import find_template
from nudge.outcomes.synthetic import Process
from nudge.people.made_up import MadeUp, made_up_roll
from nudge.people.synthetic import write_csv
from nudge.report.words import effect as effect_in_words
from nudge.trial.clock import SimulatedClock
from nudge.trial.errors import ProblemsFound, Refused
from nudge.trial.library import template_folders
from nudge.trial.problems import Level
from nudge.workflow.acting.example_records import EXAMPLES
from nudge.workflow.acting.examples import make_outcomes, make_roll
from nudge.workflow.acting.playing import Played, Progress, fresh_folder, play, settings_in
from nudge.workflow.checking.drawing import draws_sites
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.desk import Desk
from nudge.workflow.planning.plans import icc_of
from nudge.workflow.planning.simulating import arm_effects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome

_MARK = ".made-by-nudge-simulate"
_START = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
_LEAD = timedelta(days=3)
_UNITS, _SITES, _SITE_PEOPLE = 400, 24, 25
_MOBILES = 900
_HARM = 0.002
_USUAL = 0.5
_EVENTS, _SPREADS = 2.0, 10


@dataclass(frozen=True, slots=True)
class ActedOut:
    """One made-up trial, and whose roll it was."""

    trial: str
    played: Played
    roll: str
    folder: Path


def act_out(path: Path, folder: Path, effect: float | None, seed: int, progress: Progress) -> ActedOut:
    """Copy the file into `folder`, make up what is missing, and run the trial there from lock to report.

    effect: the true effect of the primary outcomes; None for that of a shipped example, or the
    worthwhile one. Contact details of
    real people are never copied: a roll that holds any is replaced by a made-up one.
    """
    examined = examine(path, _START)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    _may_act(examined.trial)
    fresh_folder(folder, _MARK, "nudge simulate --run")
    target, whose = _files(examined, path, folder / "trial", seed)
    clock = SimulatedClock(_start(target))
    desk = Desk(settings_in(folder, "simulation"), clock, PublishedSeed(f"nudge simulate {seed}"))

    def process(trial: Trial) -> Mapping[str, float]:
        primary = next(name for name, outcome in trial.outcomes.items() if outcome.role == "primary")
        sign = -1 if trial.outcomes[primary].better == "lower" else 1
        stated = None if trial.trial in EXAMPLES and effect is None else _processes(trial, effect)
        effects = make_outcomes(target, desk, seed, stated).effects[primary]
        return {pair: sign * size + 0.0 for pair, size in effects.items()}

    played = play(target, desk, clock, process, folder / "reports", progress)
    return ActedOut(examined.trial.trial, played, whose, folder)


def _may_act(trial: Trial) -> None:
    """Only into the outbox, and only with files of its own."""
    if trial.run_elsewhere:
        raise Refused(f"{trial.trial} was run elsewhere", "only a trial to come can be acted out")
    for channel, name in trial.channels.items():
        if name != "outbox":
            raise Refused(f"{trial.trial} sends {channel} by `{name}`", "write `outbox` there to act it out")
    for name, outcome in trial.outcomes.items():
        if outcome.source is not None and outcome.kind in {"ordinal", "time_to_event"}:
            raise Refused(
                f"{name} is a {outcome.kind.replace('_', ' ')} outcome, which cannot be made up",
                "act the trial out with a yes or no instead, such as whether it happened within the window",
            )
    people = trial.population.people
    named = [people, *(outcome.source for outcome in trial.outcomes.values())]
    for source in named:
        if source is None:
            continue
        file = source.csv_file
        if file is None or PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise Refused(
                f"{trial.trial} reads {file or 'a table that is no CSV file'}, which cannot be made up beside it",
                "name CSV files at or below the trial file",
            )


def _files(examined: Examined, path: Path, target: Path, seed: int) -> tuple[Path, str]:
    """The trial file, the templates it uses and a roll, in a folder of their own; and whose roll it is."""
    trial = examined.trial
    target.mkdir(parents=True)
    shutil.copy(path, target / path.name)
    folders = template_folders(examined.loaded.folder, Path.cwd())
    for name in {message.template for arm in trial.arms.values() for message in arm.messages}:
        found = find_template(name, folders)
        if found is not None:
            shutil.copytree(found, target / "message_templates" / name)
    source = trial.population.people
    if source is None or source.csv_file is None:
        raise AssertionError("a roll that is no CSV file has been refused")
    roll = target / source.csv_file
    if examined.roll is not None and _is_made_up(examined):
        roll.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(examined.loaded.folder / source.csv_file, roll)
        return target / path.name, "the file's own roll, whose contact details reach nobody"
    if trial.trial in EXAMPLES:
        make_roll(trial.trial, target, seed=seed)
        return target / path.name, "the example's own made-up families"
    blocks = trial.randomise.blocks if trial.randomise else ()
    wanted = MadeUp(_sizes(examined, seed), _START.date(), seed, draws_sites(trial), blocks)
    write_csv(made_up_roll(trial.population, wanted), roll)
    return target / path.name, "a made-up roll"


def _is_made_up(examined: Examined) -> bool:
    """Whether every address on the roll is one that reaches nobody; a roll without any may be of real people."""
    units = examined.roll.units if examined.roll is not None else ()
    points = [point for unit in units for person in unit.people for point in person.contacts]
    return bool(points) and all(point.reserved for point in points)


def _sizes(examined: Examined, seed: int) -> list[int]:
    """People in each made-up unit: as many as the roll or the `power` block says, else a plausible number."""
    trial, given = examined.trial, examined.trial.power
    if examined.roll is not None and examined.roll.units:
        return [len(unit.people) for unit in examined.roll.units]
    sites = draws_sites(trial)
    units = given.units or (_SITES if sites else _UNITS)
    if trial.population.contact.email is None and trial.population.contact.sms is not None:
        units = min(units, _MOBILES)
    people = given.people or (_SITE_PEOPLE if sites else 1.0)
    return [int(n) for n in unequal_sizes(units, people, given.cv or 0.0, np.random.default_rng(seed))]


def _start(path: Path) -> datetime:
    """Some days before the first planned send, so that nothing is too late when it begins."""
    examined = examine(path, _START)
    if examined.roll is None:
        raise ProblemsFound(examined.problems)
    planner = Planner(examined.trial, examined.variants, _START)
    first = min((due for unit in examined.roll.units if (due := planner.first_planned(unit))), default=_START)
    if first >= _START:
        return _START
    return datetime.combine((first - _LEAD).date(), time(9), tzinfo=UTC)


def _processes(trial: Trial, effect: float | None) -> dict[str, Process]:
    """How every outcome with a source comes about: its level without a message, and what each arm adds."""
    measured = {name: outcome for name, outcome in trial.outcomes.items() if outcome.source is not None}
    return {name: _process(trial, outcome, effect, number) for number, (name, outcome) in enumerate(measured.items())}


def _process(trial: Trial, outcome: Outcome, effect: float | None, seed: int) -> Process:
    """To primary outcomes the arms add the effect, to others nothing; people of one unit are as alike as planned."""
    given = trial.power
    primary = outcome.role == "primary"
    size = 0.0
    if primary and outcome.worthwhile is not None:
        size = outcome.worthwhile.value if effect is None else effect
    events = given.rate if primary and given.rate is not None else _EVENTS
    if primary and outcome.worthwhile is not None and outcome.worthwhile.unit == "times":
        size = events * abs((outcome.worthwhile.value if effect is None else exp(effect)) - 1)
    signed = -size if outcome.better == "lower" else size
    amount = (given.sd or 1.0) if outcome.kind == "continuous" else None
    if outcome.role == "harm":
        level = _HARM
    elif outcome.kind == "binary":
        level = given.baseline if primary and given.baseline is not None else _USUAL
    else:
        level = events if amount is None else _SPREADS * amount
    added = dict(zip(trial.arms, arm_effects(trial, signed).tolist(), strict=True))
    missing = outcome.source is not None and outcome.source.no_record == "missing"
    return Process(
        level, added, seed, icc=icc_of(trial).value, sd=amount, counted=outcome.kind == "count",
        known=given.known if missing else 1.0,
    )  # fmt: skip


def acted_in_lines(acted: ActedOut) -> list[str]:
    """What happened, against what was true."""
    played = acted.played
    lines = [
        f"{acted.trial}, acted out on {acted.roll} (synthetic; simulated clock; published seed)",
        f"  {played.sent:,} messages sent, {played.outbox_files:,} files in {acted.folder / 'outbox'}",
    ]
    for line in played.results.estimates:
        if line.role != "primary" or line.label == "sensitivity":
            continue
        truth = played.truth[f"{line.arm} - {line.control}"]
        shown = f"{truth * 100:+.1f} points" if line.scale == "probability" else f"{truth:+.3g}"
        said = f", {line.verdict}" if line.verdict else ""
        lines.append(
            f"  {line.outcome}, {line.arm} - {line.control}: truth {shown}; found {effect_in_words(line)}{said}"
        )
    return [*lines, f"report   {played.report}"]
