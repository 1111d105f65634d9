"""How a file's outcome comes about where it is more than a level and a spread, from what `power:` says of it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.named import named_for, scale_of, turned
from nudge.design.power_laws import Answers, Days, Hazards, OutcomeLaw, Rates
from nudge.trial.errors import InputError

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.records.analysis import Floats
    from nudge.trial.records.people import Roll

PLAIN_DRAWS = frozenset({"stepped_wedge", "adaptive"})
"""Draws that no named estimator follows: their outcomes have a level and a spread."""
_WHOLE = 1e-6
_DAY = 86_400


def law_for(trial: Trial, name: str, roll: Roll | None) -> OutcomeLaw | None:
    """The law of one outcome; None where its level and its spread say everything the formulas and runs need.

    Raises InputError with what the file does not say.
    """
    outcome, given = trial.outcomes[name], trial.power
    chosen = named_for(outcome)
    if trial.randomise is not None and trial.randomise.method in PLAIN_DRAWS:
        return None
    if outcome.kind == "binary" and chosen is not None:
        ratio = scale_of(chosen, "binary") == "log_ratio"
        return Rates(level_without(trial, name), _turn(outcome), ratio=ratio, once=True)
    if outcome.kind == "time_to_event":
        followed = (level_without(trial, name), _days(outcome), _turn(outcome) * turned(chosen or ""))
        return Hazards(*followed) if chosen == "cox" else Days(*followed)
    if chosen == "ordinal":
        return Answers(_answers(given.answers), _turn(outcome))
    if outcome.kind == "count" and (given.rate is not None or chosen is not None):
        ratio = chosen is not None and scale_of(chosen, "count") == "log_ratio"
        return rates_of(trial, name, outcome, roll, ratio=ratio)
    return None


def _turn(outcome: Outcome) -> int:
    return -1 if outcome.better == "lower" else 1


def level_without(trial: Trial, name: str) -> float:
    """How often it happens without a message. Raises InputError where the file does not say."""
    given, timed = trial.power.baseline, trial.outcomes[name].kind == "time_to_event"
    if given is None:
        when = " within its window" if timed else ""
        raise InputError(
            f"the file does not say how often {name} happens{when} without a message",
            "add `baseline: 62%` to the `power` block",
        )
    if timed and not 0 < given < 1:
        raise InputError(
            f"`baseline` says that {name} happens to {'everyone' if given else 'nobody'} within its window",
            "write the share to whom it happens, above 0% and below 100%",
        )
    return given


def rates_of(trial: Trial, name: str, outcome: Outcome, roll: Roll | None, *, ratio: bool) -> Rates:
    """Counts with the file's rate and dispersion, or with the one that `sd` implies; exposures as on the roll."""
    given = trial.power
    if given.rate is None:
        raise InputError(
            f"the file does not say how often {name} happens to a person without a message",
            "add `rate: 1.5` (events per person, or per unit of `exposure`) to the `power` block",
        )
    dispersion = given.dispersion
    if dispersion is None and given.sd is not None:
        dispersion = max(given.sd**2 - given.rate, 0.0) / given.rate**2
    if not dispersion and named_for(outcome) == "negative_binomial":
        raise InputError(
            f"the file does not say how much more {name} varies than Poisson's law allows",
            "add `dispersion: 0.8` to the `power` block (variance = rate + dispersion × rate²), or name `rate_ratio`",
        )
    exposure = exposures(trial, name, roll)
    known = np.ones(1) if exposure is None else exposure[exposure > 0]
    mean = float(known.mean()) if known.size else 1.0
    uneven = float(known.std() / mean) if known.size else 0.0
    return Rates(given.rate, _turn(outcome), ratio, dispersion or 0.0, exposure=mean, uneven=uneven)


def exposures(trial: Trial, name: str, roll: Roll | None) -> Floats | None:
    """(people,) what each person's count is counted over, in the order of the roll; 0 where blank. None without any."""
    column = trial.outcomes[name].exposure
    if column is None or roll is None or not roll.units:
        return None
    values = [person.columns[column] for unit in roll.units for person in unit.people]
    return np.array([0.0 if value is None else float(str(value)) for value in values])


def _days(outcome: Outcome) -> int:
    if outcome.window is None:
        raise AssertionError("check refuses a time without a window")
    return max(ceil(outcome.window.length.delta().total_seconds() / _DAY), 1)


def _answers(shares: tuple[float, ...] | None) -> tuple[float, ...]:
    if shares is None:
        return ()
    if abs(sum(shares) - 1) > _WHOLE or min(shares) <= 0:
        raise InputError(
            f"`power.answers` add up to {100 * sum(shares):g} %, each being above 0 %"
            if abs(sum(shares) - 1) > _WHOLE
            else "`power.answers` holds an answer that nobody gives",
            "write the share of each answer that some give, lowest first, adding up to 100%",
        )
    return shares


def said_of_law(law: OutcomeLaw | None, name: str, *, exposed: bool) -> list[str]:
    """What `nudge power` takes for granted of one outcome."""
    if isinstance(law, Rates) and not law.once:
        per = "unit of exposure" if exposed else "person"
        spread = (
            f"their variance is rate + {law.dispersion:.3g} × rate²" if law.dispersion
            else "vary as Poisson's law has it; `power.dispersion` would say how much more"
        )  # fmt: skip
        return [f"{name}: {law.rate:.3g} events per {per} without a message; {spread}"]
    if isinstance(law, Days | Hazards):
        return [f"{name}: happens to {100 * law.share:.3g} % within {law.days} days, at the same hazard every day"]
    if isinstance(law, Answers):
        if not law.shares:
            return [f"{name}: no two answers are taken to be alike; `power.answers` would say how many share one"]
        return [f"{name}: {len(law.shares)} answers, which a message moves by the same odds at every step"]
    return []
