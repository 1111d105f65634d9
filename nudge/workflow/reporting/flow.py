"""The flow of participants, drawn from what is stored: every unit and person is in one box of each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from nudge.trial.records.delivery import OPEN, Status
from nudge.trial.records.outcomes import OutcomeRow, OutcomeState
from nudge.trial.records.report import FlowStep

if TYPE_CHECKING:
    from nudge.trial.records.people import Roll

_SENT = frozenset({Status.ACCEPTED, Status.DELIVERED})

OUTCOME_WORDS = {
    OutcomeState.EVENT: "outcome known",
    OutcomeState.NON_EVENT: "outcome known",
    OutcomeState.OUTSIDE: "outside what the records cover",
    OutcomeState.NOT_YET: "window not yet closed",
    OutcomeState.UNDATED: "no date to open a window on",
}


def trial_flow(
    roll: Roll,
    arm_of: Mapping[str, str],
    arms: Iterable[str],
    states: Mapping[str, set[Status]] | None,
    outcome: Mapping[str, OutcomeRow] | None,
) -> list[FlowStep]:
    """Assessed, excluded with reasons, allocated, delivery, outcome.

    arm_of: arm by unit. states: the states of each unit's rows, None before launch.
    outcome: the first primary outcome by person, None before it was collected. A household
    whose people differ in outcome counts as a unit under the best known of them.
    """
    steps = [FlowStep("assessed", None, "", roll.assessed_units, roll.assessed_people)]
    steps += _excluded(roll)
    for arm in arms:
        units = [unit for unit in roll.units if arm_of[unit.id] == arm]
        steps.append(FlowStep("allocated", arm, "", len(units), sum(len(unit.people) for unit in units)))
        if states is not None:
            tally: Counter[str] = Counter()
            people: Counter[str] = Counter()
            for unit in units:
                words = delivery_words(states.get(unit.id, set()))
                tally[words] += 1
                people[words] += len(unit.people)
            steps += [FlowStep("delivery", arm, words, tally[words], people[words]) for words in sorted(tally)]
        if outcome is not None:
            steps += _outcomes(arm, [[outcome.get(person.id) for person in unit.people] for unit in units])
    return steps


def _excluded(roll: Roll) -> list[FlowStep]:
    """People left out by reason; a unit counts where the whole of it was."""
    people = Counter(out.reason for out in roll.exclusions)
    units: Counter[str] = Counter()
    whole: dict[str, str] = {out.unit: out.reason for out in roll.exclusions if out.whole_unit}
    units.update(whole.values())
    return [FlowStep("excluded", None, reason, units[reason], people[reason]) for reason in sorted(people)]


def delivery_words(states: set[Status]) -> str:
    """What became of a unit's messages, in the words of the flow."""
    if not states:
        return "no message could be planned"
    if states <= {Status.VIRTUAL}:
        return "nothing to send"
    if states & _SENT:
        return "sent"
    if Status.UNKNOWN in states or Status.CLAIMED in states:
        return "not known whether sent"
    return "still to be sent" if states & set(OPEN) else "not sent"


def outcome_words(row: OutcomeRow | None) -> str:
    """Whether a person's outcome is known, in the words of the flow."""
    if row is None:
        return "not collected"
    if row.state is OutcomeState.NO_RECORD:
        return "outcome known" if row.value is not None else "no record"
    return OUTCOME_WORDS[row.state]


def _outcomes(arm: str, units: list[list[OutcomeRow | None]]) -> list[FlowStep]:
    people: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for members in units:
        words = [outcome_words(row) for row in members]
        people.update(words)
        whole["outcome known" if "outcome known" in words else words[0]] += 1
    return [FlowStep("outcome", arm, words, whole[words], people[words]) for words in sorted(people)]
