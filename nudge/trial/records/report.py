"""Telling it: everything results.json and the report are made of."""

from __future__ import annotations

from dataclasses import dataclass

from nudge.trial.records.analysis import Careless, Check, Estimate, SurvivalCurve
from nudge.trial.records.companions import Belief, Exaggeration, Look, Money, ReachCost
from nudge.trial.records.delivery import LedgerCount
from nudge.trial.records.design import BalanceRow


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One line of the flow of participants. The lines of a step add up to the step before."""

    step: str
    """assessed, excluded, allocated, delivery or outcome."""
    arm: str | None
    """Null before allocation."""
    reason: str
    """Why units or people left here, or what happened to them."""
    units: int
    """Randomised units."""
    people: int
    """People in them."""


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """In a stepped wedge, the clusters of one step in one period, for one primary outcome."""

    outcome: str
    step: int
    """At which these clusters cross, from 1."""
    period: int
    """In which people's windows opened: 0 before the first step."""
    arm: str
    """The arm in force, or `in transition`."""
    clusters: int
    people: int
    known: int
    """People with an outcome."""
    mean: float | None
    """Their mean outcome, as recorded."""


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
    """The template's own words, placeholders included."""
    send: str
    """When it is due, as the file says it."""


@dataclass(frozen=True, slots=True)
class OutcomeSummary:
    """Where an outcome's records came from and how they matched."""

    outcome: str
    source: str
    """The file or table the records came from."""
    sha256: str
    """Its hash when it was read."""
    complete_to: str | None
    """The moment up to which the records are complete."""
    records: int
    """Rows in it."""
    matched: int
    """Rows that belong to someone in the trial."""
    outside_window: int
    """Matched rows dated outside their person's window."""
    states: dict[str, dict[str, int]]
    """Persons by arm and state: event, non_event, no_record, outside, not_yet, undated."""


@dataclass(frozen=True, slots=True)
class DesignSummary:
    """How arms were drawn."""

    method: str | None
    """As in `randomise.method`; null where it is not known."""
    unit: str
    """The column of the randomised unit."""
    blocks: tuple[str, ...]
    clusters: bool
    """Whether sites were drawn."""
    units: int
    people: int
    merged_units: int
    """Units joined to another before the draw, for a shared phone, email or address."""
    ratio: dict[str, int]
    seed_commitment: str | None
    """SHA-256 that fixes the seed without telling it."""
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
    """Units by arm in that draw."""
    reason: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """A change of the locked file after launch."""

    number: int
    """Of the lock it made."""
    at: str
    by: str
    kind: str
    """`major`: could alter an estimate or what a family reads; else `minor`."""
    reason: str
    changes: tuple[str, ...]
    """Paths of the trial file that changed, and `templates.KEY`."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person's signature on the lock in force."""

    approver: str
    at: str


@dataclass(frozen=True, slots=True)
class FrozenData:
    """The rows that were analysed, frozen beside the results; `nudge analyse FILE --data` gives the numbers again."""

    file: str
    sha256: str
    rows: int


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
    """When the results were made, with its offset from UTC."""
    version: str
    """The version of nudge that made them."""
    estimates: tuple[Estimate, ...]
    """One line per outcome and comparison, sensitivity lines included."""
    careless: tuple[Careless, ...]
    """What an analysis that ignores the design would have claimed."""
    checks: tuple[Check, ...]
    flow: tuple[FlowStep, ...]
    """The flow of participants, reconciling to zero."""
    balance: tuple[BalanceRow, ...]
    """Baseline balance, comparison by comparison."""
    delivery: tuple[LedgerCount, ...]
    """Rows of the ledger by arm, message and state."""
    outcomes: tuple[OutcomeSummary, ...]
    design: DesignSummary
    arms: tuple[ArmSummary, ...]
    earlier_draws: tuple[EarlierDraw, ...]
    """Draws set aside before launch, with the reason."""
    approvals: tuple[Approval, ...] = ()
    """Who signed the lock in force."""
    amendments: tuple[Amendment, ...] = ()
    """Changes after launch."""
    curves: tuple[SurvivalCurve, ...] = ()
    """How a time-to-event outcome grew in each arm."""
    data: FrozenData | None = None
    """What was analysed; null in results of an earlier version."""
    periods: tuple[PeriodCount, ...] = ()
    """Of a stepped wedge: who was counted when, by step."""
    beliefs: tuple[Belief, ...] = ()
    """What to believe of each primary effect, from each belief held before; never the verdict."""
    exaggerations: tuple[Exaggeration, ...] = ()
    """How far a p-value below alpha would mislead in a trial of this precision."""
    looks: tuple[Look, ...] = ()
    """Every look taken at each primary comparison, where the file plans looks."""
    money: tuple[Money, ...] = ()
    """What each primary comparison costs and who gains."""
    reach_costs: tuple[ReachCost, ...] = ()
    """What it cost to reach somebody, by arm."""
