"""The register of a rolling trial as it stands in the store, replayed before it is added to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from nudge.design.methods import Register, RollingMethod, method
from nudge.design.methods.adaptive import AdaptiveRegister, batch_probabilities
from nudge.design.thompson import FLOOR
from nudge.store.enrolment import batch_chances, closed_spells, matured_outcomes, open_batch
from nudge.store.people import load_allocation, load_draw_units
from nudge.trial.errors import Refused
from nudge.workflow.checking.drawing import takes_one_by_one
from nudge.workflow.law import law_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.model import Trial
    from nudge.trial.records.design import Allocated, DrawUnit, Law, Seed


class StoredRegister:
    """Takes units in the order in which they come, after everyone who came before."""

    def __init__(self, connection: Connection, trial: Trial, register: Register, already: int) -> None:
        self.connection, self.trial, self.register, self.already = connection, trial, register, already

    def enter_all(self, units: Sequence[DrawUnit], now: datetime) -> list[Allocated]:
        """The arms of new units; an adaptive draw opens its next batch when one is full."""
        rows: list[Allocated] = []
        for unit in units:
            if isinstance(self.register, AdaptiveRegister) and self.register.waits:
                self._open_batch(self.register, now)
            rows.append(self.register.enter(unit))
        return rows

    def _open_batch(self, register: AdaptiveRegister, now: datetime) -> None:
        """Work out a batch's chances from matured outcomes, and log them before anyone is drawn by them."""
        law = register.law
        primary = next(name for name, outcome in self.trial.outcomes.items() if outcome.role == "primary")
        good = 0.0 if self.trial.outcomes[primary].better == "lower" else 1.0
        known = matured_outcomes(self.connection, self.trial.trial, primary, law.arms, good)
        control = None if law.control is None else law.arms.index(law.control)
        chances = batch_probabilities(known.successes, known.matured, control, law.parameters.get("floor", FLOOR))
        open_batch(self.connection, self.trial.trial, len(register.batches) + 1, now, chances, known)
        register.open_batch(chances)


def law_in_force(connection: Connection, trial: Trial) -> Law:
    """The law of the file, with the batches an adaptive draw has logged and the arms that took nobody for a while."""
    law = law_of(trial)
    if not takes_one_by_one(trial):
        return law
    logged = batch_chances(connection, trial.trial)
    closed = [[one.arm, one.first, one.end] for one in closed_spells(connection, trial.trial)]
    more = ({"batches": logged} if logged else {}) | ({"closed": closed} if closed else {})
    return replace(law, parameters={**law.parameters, **more}) if more else law


def open_register(connection: Connection, trial: Trial, seed: Seed) -> StoredRegister:
    """A register that has taken everyone enrolled so far.

    Raises Refused where a stored arm is not the one it gives: someone changed the database.
    """
    law = law_in_force(connection, trial)
    register = cast("RollingMethod", method(law.method)).register(law, seed)
    stored = load_allocation(connection, trial.trial, law).rows
    for row, unit in zip(stored, load_draw_units(connection, trial.trial), strict=True):
        if register.enter(unit).arm != row.arm:
            raise Refused(
                f"the arm stored for `{row.unit}` is not the one that was drawn",
                "someone changed the database; stop the trial and read its audit log",
            )
    return StoredRegister(connection, trial, register, len(stored))
