"""Items 28 to 34 of the protocol: watching over the trial, ethics, care."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report.numbers import percent
from nudge.report.protocol.content import Answer, Fill, Table, said
from nudge.report.words import readable

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.protocol import ProtocolFacts


def _stopping(trial: Trial, _facts: ProtocolFacts) -> Answer:
    if not trial.stopping:
        return said(None)
    rows = tuple(
        (readable(name), f"above {percent(rule.limit, 2)}", f"after {rule.after}")
        for name, rule in trial.stopping.items()
    )
    return said(
        Table("Bounds at which an arm pauses", ("What", "Limit", "Counted"), rows),
        "No rule of the trial file stops it for benefit.",
    )


def _ethics(trial: Trial, _facts: ProtocolFacts) -> Answer:
    return said(f"{trial.ethics.reference}: {trial.ethics.decided}." if trial.ethics else None)


def _amendments(trial: Trial, _facts: ProtocolFacts) -> Answer:
    return said(
        "The lock fixes file, words, roll and seed. Whatever differs from it afterwards is named in the report, and "
        "estimates are labelled by it.",
        trial.protocol.amendments,
    )


def _confidential(trial: Trial, _facts: ProtocolFacts) -> Answer:
    law = trial.data_protection
    basis = (
        f"Lawful basis: {readable(law.basis)}{f' ({law.function})' if law.function else ''}."
        f"{f' Impact assessment: {law.dpia}.' if law.dpia else ''}"
        if law else None
    )  # fmt: skip
    return said(
        basis,
        "Contact details are encrypted and kept apart from outcomes, which are linked by pseudonym.",
        trial.protocol.confidentiality,
    )


def _aftercare(trial: Trial, _facts: ProtocolFacts) -> Answer:
    team = trial.safeguarding
    duty = (
        f"Replies are read by {team.replies_to} ({team.hours}), who act within {team.escalate_within}."
        if team
        else None
    )
    return said(*((duty,) if duty else ()), trial.protocol.aftercare)


CONDUCT: dict[str, Fill] = {
    "28a": lambda trial, _facts: said(trial.protocol.data_monitoring),
    "28b": _stopping,
    "29": lambda trial, _facts: said(trial.protocol.monitoring),
    "30": _ethics,
    "31": _amendments,
    "32a": lambda trial, _facts: said(trial.protocol.consent),
    "32b": lambda trial, _facts: said(trial.protocol.ancillary),
    "33": _confidential,
    "34": _aftercare,
}
