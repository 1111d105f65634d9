"""Items 1 to 11 of the protocol: title, people, openness, introduction, families' part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report.protocol.content import Answer, Fill, Table, said
from nudge.report.words import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from nudge.trial.model import Trial
    from nudge.trial.records.protocol import ProtocolFacts


def _text(read: Callable[[Trial], str | None]) -> Fill:
    """An item that is one text of the file."""
    return lambda trial, _facts: said(read(trial))


def _title(trial: Trial, _facts: ProtocolFacts) -> Answer:
    if not trial.title:
        return said(None)
    return said(f"{trial.title}: protocol of a randomised trial with {len(trial.arms)} arms")


def _version(trial: Trial, facts: ProtocolFacts) -> Answer:
    texts = trial.protocol
    fingerprint = f" Fingerprint of the lock: {facts.fingerprint}." if facts.fingerprint else ""
    return said(
        f"Version {texts.version}." if texts.version else None,
        f"Dated {texts.dated:%Y-%m-%d}." if texts.dated else None,
        f"{facts.said}{fingerprint}",
    )


def _sponsor(trial: Trial, _facts: ProtocolFacts) -> Answer:
    roles = trial.protocol.roles
    return said(
        f"Sponsor: {roles.sponsor}." if roles.sponsor else None, f"Contact: {roles.contact}." if roles.contact else None
    )


def _contributors(trial: Trial, _facts: ProtocolFacts) -> Answer:
    roles = trial.protocol.roles
    found = [f"Lead: {roles.lead}." if roles.lead else "", f"Evaluator: {roles.evaluator}." if roles.evaluator else ""]
    return said(*(one for one in found if one), roles.contributors)


def _background(trial: Trial, _facts: ProtocolFacts) -> Answer:
    theory = f"Why it should work: {trial.theory_of_change}" if trial.theory_of_change else None
    return said(trial.protocol.background, theory)


def _comparator(trial: Trial, _facts: ProtocolFacts) -> Answer:
    control = trial.arms[trial.control] if trial.control else None
    receives = f"{readable(trial.control or '')} receives {control.receives}." if control and control.receives else None
    return said(receives, trial.protocol.comparator)


def _objectives(trial: Trial, _facts: ProtocolFacts) -> Answer:
    return said(trial.question, trial.protocol.objectives)


def summary_rows(trial: Trial, facts: ProtocolFacts) -> list[tuple[str, str]]:
    """The WHO Trial Registration Data Set (version 1.3.1) as far as a trial of messages has its items."""
    texts, roles = trial.protocol, trial.protocol.roles
    population = trial.population

    def outcomes(*wanted: str) -> str:
        return "; ".join(one.question or readable(name) for name, one in trial.outcomes.items() if one.role in wanted)

    conditions = [f"eligible: {population.eligible}" if population.eligible else "",
                  f"left out: {population.exclude}" if population.exclude else ""]  # fmt: skip
    size = facts.units or trial.power.units
    ethics = f"{trial.ethics.reference}, {trial.ethics.decided}" if trial.ethics else ""
    return [
        ("Registry, number and day", texts.registration or ""),
        ("Sources of support", texts.funding or ""),
        ("Sponsor", roles.sponsor or ""),
        ("Contact for questions", roles.contact or ""),
        ("Public title", trial.title or ""),
        ("Scientific title", f"{trial.trial}: {trial.question}" if trial.question else ""),
        ("Countries and places", texts.locations or ""),
        ("What the trial is about", trial.question or ""),
        ("What the arms receive", "; ".join(f"{readable(name)}: {_received(trial, name)}" for name in trial.arms)),
        ("Who can take part", "; ".join(one for one in conditions if one)),
        ("Kind of study", "randomised trial of messages"),
        ("First enrolment", f"{texts.starts:%Y-%m-%d}" if texts.starts else ""),
        ("Size", f"{size:,} {population.called.units}" if size else ""),
        ("Primary outcomes", outcomes("primary")),
        ("Other outcomes", outcomes("secondary", "distal", "process", "harm") or "none"),
        ("Ethics review", ethics),
        ("Completion", f"{texts.ends:%Y-%m-%d}" if texts.ends else ""),
        ("Sharing of data", texts.data_sharing or ""),
    ]


def _received(trial: Trial, arm: str) -> str:
    spec = trial.arms[arm]
    sent = ", ".join(f"{message.template} {message.when}" for message in spec.messages)
    return "; ".join(part for part in (spec.receives or "", sent) if part) or "not said"


def _summary(trial: Trial, facts: ProtocolFacts) -> Answer:
    rows = summary_rows(trial, facts)
    shown = tuple((name, value or "not said yet") for name, value in rows)
    table = Table("The trial in the order of the WHO's registration data", ("What", "This trial"), shown)
    return said(table, also=all(value for _, value in rows))


OPENING: dict[str, Fill] = {
    "1a": _title,
    "1b": _summary,
    "2": _version,
    "3a": _contributors,
    "3b": _sponsor,
    "3c": _text(lambda trial: trial.protocol.roles.sponsor_role),
    "3d": _text(lambda trial: trial.protocol.roles.oversight),
    "4": _text(lambda trial: trial.protocol.registration),
    "5": _text(lambda trial: trial.protocol.access),
    "6": _text(lambda trial: trial.protocol.data_sharing),
    "7a": _text(lambda trial: trial.protocol.funding),
    "7b": _text(lambda trial: trial.protocol.conflicts),
    "8": _text(lambda trial: trial.protocol.dissemination),
    "9a": _background,
    "9b": _comparator,
    "10": _objectives,
    "11": _text(lambda trial: trial.coproduction),
}
