"""From what is stored, or from a file of a trial run elsewhere, to results."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge import __version__
from nudge.analysis.analyse import Analysed
from nudge.analysis.checks import attrition, reconciliation
from nudge.analysis.foreseen import baseline_columns, numbers
from nudge.analysis.frozen import AnalysisData, is_frozen
from nudge.analysis.remarks import as_checks
from nudge.store.audit import actions, record_action
from nudge.store.contamination import shared_across_arms
from nudge.store.engine import reading
from nudge.store.enrolment import Spell, closed_spells
from nudge.store.in_force import strayed_rows
from nudge.store.ledger import ledger_counts, states_by_person, states_by_unit
from nudge.store.outcomes import latest_results, loaded_outcomes, outcome_by_person, save_results
from nudge.store.people import earlier_draws, load_allocation, load_roll
from nudge.store.spending import used_by_unit
from nudge.trial.crossing import crossings_of
from nudge.trial.errors import Refused
from nudge.trial.load import LoadedTrial, load_trial
from nudge.trial.lock import trial_of
from nudge.trial.problems import listed
from nudge.trial.records.analysis import AnalysisRows, Bools, Check, CheckStatus, Floats
from nudge.trial.records.columns import Coded
from nudge.trial.records.delivery import LedgerCount, Status
from nudge.trial.records.outcomes import OutcomeRow, OutcomeState
from nudge.trial.records.report import Approval, DesignSummary, EarlierDraw, OutcomeSummary, Results
from nudge.workflow.allocating.amending import amendments_of, standing_of
from nudge.workflow.allocating.drawn_design import design_of, design_with_law, drawn_together
from nudge.workflow.allocating.locking import balance_of
from nudge.workflow.allocating.placing import (
    IN_TRANSITION,
    period_counts,
    phases_of,
    places,
    sequence_of,
    sequences,
)
from nudge.workflow.allocating.signing import approvals_in_force
from nudge.workflow.checking.drawing import draws_sites, takes_one_by_one
from nudge.workflow.dispatching.words import arm_summaries, locked_templates
from nudge.workflow.guard import Locked, changed_parts, need_locked
from nudge.workflow.law import law_of
from nudge.workflow.reporting.besides import earlier_looks, spent_on, with_beliefs, with_looks, with_money
from nudge.workflow.reporting.concurrency import chances, closed_arms, closed_to
from nudge.workflow.reporting.elsewhere import analyse_elsewhere, design_elsewhere
from nudge.workflow.reporting.few_clusters import few_clusters
from nudge.workflow.reporting.flow import trial_flow
from nudge.workflow.reporting.freezing import analyse_frozen, estimates_of, keep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from nudge.trial.model import Trial
    from nudge.trial.records.design import Allocation
    from nudge.trial.records.people import Roll
    from nudge.trial.records.report import PeriodCount
    from nudge.workflow.desk import Desk


def analyse_trial(path: Path, desk: Desk, data: Path | None = None, folder: Path | None = None) -> Results:
    """Results of a trial: run here from the store, or run elsewhere from its file or `data`.

    data: also a frozen data set of either, which gives its numbers again.
    folder: where the data set is frozen; without one only its hash is kept.
    """
    loaded = load_trial(path)
    allocation = loaded.trial.allocation
    if data is not None and is_frozen(data):
        return analyse_frozen(loaded, desk, data, design_elsewhere(allocation) if allocation else None)
    if loaded.trial.run_elsewhere:
        return analyse_elsewhere(loaded, desk.clock.now(), data, folder)
    if data is not None:
        raise Refused(
            f"{loaded.trial.trial} was drawn here, so its rows are in the database",
            "collect outcomes with `nudge collect FILE`; `--data` is for trials run elsewhere and for frozen data",
        )
    return _analyse_here(loaded, desk, folder)


_SERVED = frozenset({"analyse", "report"})
"""What shows results to somebody, and so is a look."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the store holds of one trial."""

    roll: Roll
    allocation: Allocation
    outcomes: Mapping[str, Mapping[str, OutcomeRow]]
    loads: list[Mapping[str, Any]]
    states: Mapping[str, set[Status]] | None
    own_states: Mapping[str, set[Status]] | None
    """By person, of sites: what became of each one's own messages."""
    ledger: list[LedgerCount]
    strayed: int
    earlier: list[Mapping[str, Any]]
    shared: Mapping[str, int]
    """Units by arm that share a phone or an email with another arm's."""
    spells: list[Spell]
    """When arms took nobody, where families come one by one."""
    served: int
    """How often results were made or shown before."""


def _read(desk: Desk, trial: Trial, locked: Locked) -> _Stored:
    with reading(desk.store).begin() as connection:
        loads = loaded_outcomes(connection, trial.trial)
        return _Stored(
            load_roll(connection, trial.trial, trial.population.columns),
            load_allocation(connection, trial.trial, law_of(trial)),
            {load["outcome"]: outcome_by_person(connection, trial.trial, load["outcome"]) for load in loads},
            loads,
            states_by_unit(connection, trial.trial) if locked.state.launched_at else None,
            states_by_person(connection, trial.trial) if locked.state.launched_at and draws_sites(trial) else None,
            ledger_counts(connection, trial.trial),
            strayed_rows(connection, trial.trial),
            earlier_draws(connection, trial.trial),
            shared_across_arms(connection, trial.trial),
            closed_spells(connection, trial.trial) if takes_one_by_one(trial) else [],
            sum(one["action"] in _SERVED for one in actions(connection, trial.trial)),
        )


def _analyse_here(loaded: LoadedTrial, desk: Desk, folder: Path | None) -> Results:
    trial = loaded.trial
    locked = need_locked(desk.store, trial.trial)
    drawn_at = locked.state.allocated_at
    if drawn_at is None:
        raise Refused(f"{trial.trial} has no arms yet", "draw them: nudge allocate FILE")
    stored = _read(desk, trial, locked)
    if not stored.outcomes:
        raise Refused(f"no outcomes of {trial.trial} are collected", "collect them: nudge collect FILE")
    changed = changed_parts(trial, locked)
    foreseen = {pair: choice["estimator"] for pair, choice in locked.lock.decisions["comparisons"].items()}
    rows_of = {name: _rows(trial, stored, name, drawn_at) for name in trial.outcomes if name in stored.outcomes}
    amendments = amendments_of(desk.store, trial.trial)
    with reading(desk.store).begin() as connection:
        design = design_with_law(connection, trial, stored.roll.units)
        before = latest_results(connection, trial.trial)
        used = used_by_unit(connection, trial.trial)
    data = AnalysisData(
        trial.trial, locked.lock.fingerprint, rows_of, "prespecified", foreseen,
        {name: standing_of(name, amendments, changed) for name in rows_of},
        {name: waiting for name in rows_of if (waiting := _not_yet(stored.outcomes[name]))},
        tuple(str(pair) for pair in trial_of(locked.lock.definition).comparisons),
    )  # fmt: skip
    analysed = estimates_of(trial, data, design)
    now = desk.clock.now()
    signed = approvals_in_force(desk.store, locked)
    results = replace(
        _results(loaded, locked, stored, analysed, rows_of, changed, now.isoformat()),
        amendments=amendments, approvals=tuple(Approval(one.approver, one.at.isoformat()) for one in signed),
        data=keep(data, folder),
    )  # fmt: skip
    results = with_beliefs(with_looks(results, trial, earlier_looks(before), frozenset(_waiting(stored))), trial)
    spent = spent_on(used, [unit.id for unit in stored.roll.units], trial.costs)
    results = with_money(results, trial, rows_of, design, spent)
    with desk.store.begin() as connection:
        save_results(connection, trial.trial, now, locked.lock.fingerprint, asdict(results))
        record_action(connection, now, desk.settings.actor, "analyse", trial.trial, outcomes=list(rows_of))
    return results


def _rows(trial: Trial, stored: _Stored, name: str, drawn_at: datetime) -> AnalysisRows:
    """A row per person allocated, missing outcomes included."""
    outcome, exposure = stored.outcomes[name], trial.outcomes[name].exposure
    people = [(person, unit) for unit in stored.roll.units for person in unit.people]
    unit_code = {unit.id: i for i, unit in enumerate(stored.roll.units)}
    block_of = drawn_together(trial, stored.roll.units, stored.allocation)
    found = places(trial, trial.outcomes[name].window, stored.roll.units, stored.allocation, drawn_at)
    place_of = [found[person.id] for person, _ in people]
    chance_of = chances(stored.allocation, stored.spells)
    values = [outcome[person.id].value if person.id in outcome else None for person, _ in people]
    return AnalysisRows(
        outcome=np.array([np.nan if value is None else value for value in values], dtype=float),
        arm=Coded.of([place.arm for place in place_of]),
        unit=np.array([unit_code[unit.id] for _, unit in people], dtype=np.int64),
        block=np.array([block_of[unit.id] for _, unit in people], dtype=np.int64),
        probability=np.array([chance_of[unit.id] for _, unit in people]),
        covariates=baseline_columns(trial, [person.columns for person, _ in people]),
        types=trial.population.columns,
        received=_received(stored.states, [unit.id for _, unit in people])
        if stored.own_states is None
        else _received(stored.own_states, [person.id for person, _ in people]),
        event=_events(trial, outcome, name, [person.id for person, _ in people]),
        exposure=None if exposure is None else numbers([person.columns[exposure] for person, _ in people]),
        phases=phases_of(trial, place_of),
        waiting=_not_yet_known(outcome, [person.id for person, _ in people]),
        closed=closed_to(stored.spells, stored.allocation, [unit.id for _, unit in people]),
    )


def _not_yet_known(outcome: Mapping[str, OutcomeRow], people: Sequence[str]) -> Bools | None:
    """Whose outcome cannot be known before their window closes; None where all have closed."""
    of = [outcome.get(one) for one in people]
    found = np.array([row is not None and row.state is OutcomeState.NOT_YET and row.value is None for row in of])
    return found if found.any() else None


def _events(trial: Trial, outcome: Mapping[str, OutcomeRow], name: str, people: Sequence[str]) -> Floats | None:
    """Of a time to an event, whether it ends with the event."""
    if trial.outcomes[name].kind != "time_to_event":
        return None
    return np.array([float(one in outcome and outcome[one].state is OutcomeState.EVENT) for one in people])


def _received(states: Mapping[str, set[Status]] | None, who: Sequence[str]) -> Floats | None:
    """Whether a message to each unit, or person of a site, was delivered; without a receipt it may not be known."""
    if states is None:
        return None

    def one(of: set[Status]) -> float:
        if Status.DELIVERED in of:
            return 1.0
        return np.nan if of & {Status.ACCEPTED, Status.UNKNOWN} else 0.0

    return np.array([one(states.get(each, set())) for each in who])


def _not_yet(outcome: Mapping[str, OutcomeRow]) -> int:
    return sum(row.state is OutcomeState.NOT_YET for row in outcome.values())


def _waiting(stored: _Stored) -> dict[str, int]:
    """Outcomes with windows still open, and how many."""
    return {name: number for name, rows in stored.outcomes.items() if (number := _not_yet(rows))}


def _results(
    loaded: LoadedTrial, locked: Locked, stored: _Stored, analysed: Analysed, rows_of: Mapping[str, AnalysisRows],
    changed: list[str], made_at: str,
) -> Results:  # fmt: skip
    trial = loaded.trial
    primary = next(name for name, outcome in trial.outcomes.items() if outcome.role == "primary")
    flow = trial_flow(
        stored.roll, sequence_of(trial, stored.allocation), sequences(trial), stored.states,
        stored.outcomes.get(primary),
    )  # fmt: skip
    drawn_at = locked.state.allocated_at
    if drawn_at is None:
        raise AssertionError("a trial without a draw is refused above")
    checks = [reconciliation(flow), *_checks(trial, locked, stored, rows_of, changed), *as_checks(analysed.remarks)]
    checks += few_clusters(trial, analysed.estimates, rows_of)
    law = stored.allocation.law
    return Results(
        trial=trial.trial,
        title=trial.title or trial.trial,
        fingerprint=locked.lock.fingerprint,
        label="differs from its lock" if changed else "amended" if locked.lock.amendment else "pre-specified",
        demonstration=locked.state.demonstration,
        made_at=made_at,
        version=__version__,
        estimates=analysed.estimates,
        careless=analysed.careless,
        curves=analysed.curves,
        checks=tuple(checks),
        flow=tuple(flow),
        balance=balance_of(trial, stored.roll, stored.allocation, drawn_at),
        delivery=tuple(stored.ledger),
        outcomes=tuple(_outcome_summary(load) for load in stored.loads),
        design=DesignSummary(
            method=law.method, unit=trial.unit_column, blocks=law.blocks, clusters=design_of(trial).clusters,
            units=len(stored.roll.units), people=sum(len(unit.people) for unit in stored.roll.units),
            merged_units=stored.roll.merged_units, ratio=dict(zip(law.arms, law.ratio, strict=True)),
            seed_commitment=locked.lock.seed_commitment, locked_at=locked.lock.locked_at.isoformat(),
            locked_by=locked.lock.locked_by, lock_number=locked.lock.number, published=None,
        ),
        arms=arm_summaries(trial, list(locked_templates(locked).values())),
        earlier_draws=tuple(
            EarlierDraw(draw["lock_number"], draw["drawn_at"].isoformat(), draw["counts"], draw["reason"])
            for draw in stored.earlier
        ),
        periods=tuple(_periods(trial, stored, drawn_at)),
    )  # fmt: skip


def _periods(trial: Trial, stored: _Stored, drawn_at: datetime) -> Iterator[PeriodCount]:
    """Of a stepped wedge, the primary outcomes by step and period."""
    if crossings_of(trial) is None:
        return
    for name, outcome in trial.outcomes.items():
        if outcome.role == "primary" and name in stored.outcomes:
            found = places(trial, outcome.window, stored.roll.units, stored.allocation, drawn_at)
            yield from period_counts(name, found, stored.outcomes[name], stored.roll.units)


def _outcome_summary(load: Mapping[str, Any]) -> OutcomeSummary:
    return OutcomeSummary(
        load["outcome"], load["source"], load["sha256"], load["complete_to"].isoformat(), **load["counts"]
    )


def _checks(
    trial: Trial, locked: Locked, stored: _Stored, rows_of: Mapping[str, AnalysisRows], changed: list[str]
) -> Iterator[Check]:
    if changed:
        yield Check("lock", "problem", f"the trial file differs from its lock at {listed(changed)}")
    else:
        yield Check("lock", "ok", f"the trial file is the one locked on {locked.lock.locked_at:%-d %B %Y}")
    if locked.state.demonstration:
        yield Check("demonstration", "note", "made with a simulated clock and a published seed: not a real trial")
    if stored.strayed:
        yield Check("contamination", "problem", f"{stored.strayed} messages belong to another arm than their unit")
    if stored.shared:
        said = listed(f"{units:,} in {arm}" for arm, units in sorted(stored.shared.items()))
        yield Check(
            "contamination", "note",
            f"{trial.population.called.units} that share a phone or an email with another arm, and may have read its "
            f"words: {said}; they count as allocated",
        )  # fmt: skip
    yield from closed_arms(trial, stored.spells, stored.allocation)
    unknown = {count.arm: count.rows for count in stored.ledger if count.status is Status.UNKNOWN}
    if unknown:
        said = listed(f"{rows:,} in {arm}" for arm, rows in unknown.items())
        yield Check("delivery unknown", "note", f"it is not known whether these messages went out: {said}")
    for name, rows in stored.outcomes.items():
        waiting = _not_yet(rows)
        status: CheckStatus = "note" if waiting else "ok"
        yield Check("maturity", status, f"{name}: {waiting:,} of {len(rows):,} cannot have happened yet")
        yield from _linkage(name, rows, stored, trial, rows_of[name].arm.texts())
    yield from _looked_early(trial, stored)
    for name, analysis_rows in rows_of.items():
        if trial.outcomes[name].role == "primary":
            for pair in trial.comparisons:
                yield attrition(name, analysis_rows, pair, design_of(trial))


def _looked_early(trial: Trial, stored: _Stored) -> Iterator[Check]:
    """Every result made or shown before the end is a look; only planned ones may stop a trial."""
    if not _waiting(stored):
        return
    times = "not been served before" if not stored.served else f"been served {stored.served} times before"
    may = (
        "looks are planned, and each takes its share of the error"
        if trial.analysis.looks
        else "no looks are planned, so nothing here may stop the trial or change it"
    )
    yield Check("looks", "note", f"windows are open and results have {times}; {may}")


def _linkage(
    name: str, rows: Mapping[str, OutcomeRow], stored: _Stored, trial: Trial, arms: Sequence[str | None]
) -> Iterator[Check]:
    """How many of each arm's people have a record at all. arms: in which each person counts."""
    recorded: dict[str, list[bool]] = {arm: [] for arm in (*trial.arms, IN_TRANSITION)}
    people = (person for unit in stored.roll.units for person in unit.people)
    for person, arm in zip(people, arms, strict=True):
        state = rows[person.id].state if person.id in rows else OutcomeState.NO_RECORD
        recorded[arm or IN_TRANSITION].append(state in {OutcomeState.EVENT, OutcomeState.NON_EVENT})
    said = listed(f"{sum(found) / len(found):.1%} of {arm}" for arm, found in recorded.items() if found)
    yield Check("linkage", "ok", f"{name}: a record within the window for {said}")
