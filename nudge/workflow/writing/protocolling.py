"""The protocol and the registration of a trial: what the file, its words, its roll and its lock say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nudge import __version__
from nudge.delivery.plan import Planner
from nudge.design.priors import PRIORS
from nudge.report.protocol.content import Document, protocol_content
from nudge.report.protocol.page import protocol_page
from nudge.report.protocol.registration import Field, Registry, registration_fields, registration_text
from nudge.report.protocol.word import write_word
from nudge.store.engine import reading
from nudge.store.outcomes import loaded_outcomes
from nudge.store.people import allocation_counts, step_counts
from nudge.trial.crossing import crossings_of
from nudge.trial.errors import LockBroken, ProblemsFound
from nudge.trial.problems import Level
from nudge.trial.records.protocol import ProtocolFacts, ScheduleRow
from nudge.workflow.checking.drawing import takes_one_by_one
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.dispatching.words import arm_summaries, locked_templates
from nudge.workflow.guard import Locked, find_locked, need_unchanged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.model import Trial
    from nudge.workflow.desk import Desk

_SQLITE = "sqlite:///"


def write_protocol(path: Path, desk: Desk, folder: Path) -> tuple[Document, Path, Path]:
    """`NAME.protocol.html` and `NAME.protocol.docx` in a folder. Raises ProblemsFound for errors in the file."""
    _, _, document = _read(path, desk)
    folder.mkdir(parents=True, exist_ok=True)
    page, word = (folder / f"{document.trial}.protocol.{ending}" for ending in ("html", "docx"))
    page.write_text(protocol_page(document), encoding="utf-8")
    write_word(document, word)
    return document, page, word


def write_registration(path: Path, desk: Desk, folder: Path, registry: Registry) -> tuple[list[Field], Path]:
    """`NAME.REGISTRY.md` in a folder: the fields that the registry asks for."""
    trial, facts, document = _read(path, desk)
    fields = registration_fields(registry, trial, facts, document)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{document.trial}.{registry}.md"
    target.write_text(registration_text(registry, document, fields), encoding="utf-8")
    return fields, target


def _read(path: Path, desk: Desk) -> tuple[Trial, ProtocolFacts, Document]:
    now = desk.clock.now()
    examined = examine(path, now)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    facts = protocol_facts(examined, desk, now)
    return examined.trial, facts, protocol_content(examined.trial, facts)


def protocol_facts(examined: Examined, desk: Desk, now: datetime) -> ProtocolFacts:
    """What the protocol is written from, beside the file's own values."""
    trial, roll = examined.trial, examined.roll
    locked = _find_locked(desk, trial)
    label, said = _standing(examined, locked)
    unchanged = locked is not None and label != "draft" and "differs" not in label
    templates = list(locked_templates(locked).values()) if unchanged and locked else examined.templates
    counts: dict[str, Any] = {}
    if roll is not None:
        counts |= {"assessed": roll.assessed_people, "units": len(roll.units),
                   "people": sum(len(unit.people) for unit in roll.units)}  # fmt: skip
    if unchanged and locked is not None:
        with reading(desk.store).begin() as connection:
            allocated = allocation_counts(connection, trial.trial)
            steps = step_counts(connection, trial.trial) if crossings_of(trial) else {}
            collected = bool(loaded_outcomes(connection, trial.trial))
        lock = locked.lock
        counts |= {
            "fingerprint": lock.fingerprint, "locked_at": f"{lock.locked_at:%Y-%m-%d}", "locked_by": lock.locked_by,
            "seed_commitment": lock.seed_commitment, "decisions": lock.decisions.get("comparisons", {}),
            "allocated": {f"step {step}": sites for step, sites in sorted(steps.items())}
            or {arm: allocated[arm] for arm in trial.arms if arm in allocated},
            "collected": collected,
        }  # fmt: skip
    prior = PRIORS[trial.power.prior]
    return ProtocolFacts(
        label=label, said=said, made_at=f"{now:%Y-%m-%d}", version=__version__,
        arms=arm_summaries(trial, templates), schedule=tuple(_schedule(examined, now)),
        prior=f"{prior.mean * 100:+.1f} points on average, give or take {prior.sd * 100:.1f} ({prior.because})",
        rolling=takes_one_by_one(trial),
        **counts,
    )  # fmt: skip


def _find_locked(desk: Desk, trial: Trial) -> Locked | None:
    """The lock in force; a database that is not there yet holds none, and is not made for asking."""
    url = desk.settings.database_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        return None
    return find_locked(desk.store, trial.trial)


def _standing(examined: Examined, locked: Locked | None) -> tuple[str, str]:
    """The protocol's label, and the sentence that explains it."""
    if examined.trial.run_elsewhere:
        return "replication (no lock)", "The trial was run elsewhere; nothing was fixed here before it."
    if locked is None:
        return "draft", "This is a draft: nothing is locked, and everything may still change."
    lock = locked.lock
    try:
        need_unchanged(examined, locked)
    except LockBroken as broken:
        return "differs from its lock", (
            f"This is not what was locked: {broken.what} (lock {lock.number} of {lock.locked_at:%Y-%m-%d})."
        )
    demonstration = " It is a demonstration, with a published seed." if lock.demonstration else ""
    return "locked", (
        f"Locked on {lock.locked_at:%Y-%m-%d} by {lock.locked_by} (lock {lock.number}); the file, its words and its "
        f"roll are as they were then.{demonstration}"
    )


def _schedule(examined: Examined, now: datetime) -> Iterator[ScheduleRow]:
    """Enrolment, each message of each arm, the close of each window; with days where a roll gives them."""
    trial = examined.trial
    planner = Planner(trial, examined.variants, now)
    units = examined.roll.units if examined.roll is not None else ()
    people = [(unit, person) for unit in units for person in unit.people]
    yield ScheduleRow("Enrolment and draw of the arms", "all", "at allocation, once the trial is locked")
    for arm, spec in trial.arms.items():
        for number, message in enumerate(spec.messages, 1):
            dues = [due for unit, person in people if (due := planner.due(unit, person, message)) is not None]
            which = f"Message {number}" if len(spec.messages) > 1 else "Message"
            yield ScheduleRow(f"{which}: {message.template}", arm, message.when, *_days(dues, planner.zone))
    for name, outcome in trial.outcomes.items():
        closing: list[datetime] = []
        if outcome.window and outcome.window.anchor.kind == "first_planned_send":
            sends = (planner.first_planned(unit) for unit in units)
            closing = [outcome.window.closes(sent.astimezone(planner.zone)) for sent in sends if sent is not None]
        when = f"{outcome.window} closes" if outcome.window else f"expected {outcome.expected or 'at a time not said'}"
        yield ScheduleRow(f"Outcome: {name.replace('_', ' ')}", "all", when, *_days(closing, planner.zone))


def _days(moments: Sequence[datetime], zone: ZoneInfo) -> tuple[str, str]:
    if not moments:
        return "", ""
    first, last = min(moments).astimezone(zone), max(moments).astimezone(zone)
    return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
