"""Telling it: everything results.json and the report are made of."""

from __future__ import annotations

from dataclasses import dataclass

from nudge.trial.records.analysis import Careless, Check, Estimate
from nudge.trial.records.delivery import LedgerCount
from nudge.trial.records.design import BalanceRow


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One line of the flow of participants. The lines of a step add up to the step before."""

    step: str
    """assessed, excluded, allocated, delivery or outcome."""
    arm: str | None
    reason: str
    units: int
    people: int


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """What one arm received, word for word."""

    arm: str
    control: bool
    receives: str
    mechanism: tuple[str, ...]
    messages: tuple[MessageSummary, ...]


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """One wording of one message, as locked."""

    template: str
    channel: str
    language: str
    sender: str
    subject: str
    text: str
    send: str


@dataclass(frozen=True, slots=True)
class OutcomeSummary:
    """Where an outcome's records came from and how they matched."""

    outcome: str
    source: str
    sha256: str
    complete_to: str | None
    """The moment up to which the records are complete."""
    records: int
    matched: int
    outside_window: int
    states: dict[str, dict[str, int]]
    """Persons by arm and state: event, non_event, no_record, outside, not_yet, undated."""


@dataclass(frozen=True, slots=True)
class DesignSummary:
    """How arms were drawn."""

    method: str | None
    unit: str
    blocks: tuple[str, ...]
    clusters: bool
    units: int
    people: int
    merged_units: int
    ratio: dict[str, int]
    seed_commitment: str | None
    locked_at: str | None
    locked_by: str | None
    lock_number: int | None
    published: str | None
    """The publication a replication re-analyses."""


@dataclass(frozen=True, slots=True)
class EarlierDraw:
    """A draw that was set aside because its lock was replaced before launch."""

    lock_number: int
    drawn_at: str
    counts: dict[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class Results:
    """Everything results.json holds. Proportions are 0 to 1; effects are oriented: positive is better."""

    trial: str
    title: str
    fingerprint: str | None
    """SHA-256 of everything that was locked; null where nothing was."""
    label: str
    """`pre-specified`, `differs from its lock` or `replication (no lock)`."""
    demonstration: bool
    """Made with a simulated clock and a published seed: not a real trial."""
    made_at: str
    version: str
    estimates: tuple[Estimate, ...]
    careless: tuple[Careless, ...]
    """What an analysis that ignores the design would have claimed."""
    checks: tuple[Check, ...]
    flow: tuple[FlowStep, ...]
    balance: tuple[BalanceRow, ...]
    delivery: tuple[LedgerCount, ...]
    outcomes: tuple[OutcomeSummary, ...]
    design: DesignSummary
    arms: tuple[ArmSummary, ...]
    earlier_draws: tuple[EarlierDraw, ...]
