"""Items 21 to 27 of the protocol: the draw, data and analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report.numbers import percent
from nudge.report.protocol.content import Answer, Fill, Table, said
from nudge.report.protocol.design import drawn_how
from nudge.report.words import ADJUSTMENTS, readable
from nudge.trial.problems import listed

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.records.protocol import ProtocolFacts


def _sequence(trial: Trial, facts: ProtocolFacts) -> Answer:
    if trial.randomise is None:
        return said(None)
    counts = ", ".join(f"{readable(arm)} {number:,}" for arm, number in facts.allocated.items())
    return said(
        "The computer draws, from a seed that comes from the system's randomness at the first lock. The draw is made "
        "of keyed hashes (HMAC-SHA256) of seed, trial and unit, so that whoever has the seed can replay it.",
        f"The arms have been drawn: {counts} {trial.population.called.units}." if counts
        else "The arms have not been drawn yet.",
    )  # fmt: skip


def _kind(trial: Trial, _facts: ProtocolFacts) -> Answer:
    part = trial.randomise or trial.allocation
    drawn = drawn_how(trial)
    if part is None or drawn is None:
        return said(None)
    blocks = ", ".join(readable(column) for column in part.blocks)
    return said(f"{drawn[:1].upper()}{drawn[1:]}.", f"Blocks: {blocks}." if blocks else "There are no blocks.")


def _concealed(_trial: Trial, facts: ProtocolFacts) -> Answer:
    if facts.seed_commitment is None:
        return said("The seed is committed by its hash when the trial is locked, and kept encrypted.", also=False)
    return said(
        f"The seed was committed by its hash ({facts.seed_commitment}) at the lock of {facts.locked_at} by "
        f"{facts.locked_by}, is kept encrypted, and is revealed when the trial is closed."
    )


def _enrolling(_trial: Trial, facts: ProtocolFacts) -> Answer:
    how = (
        "Units are enrolled as they come, and their order is logged. Whoever enrols them cannot read the seed, and "
        "learns an arm only once its unit is entered."
        if facts.rolling else
        "Nobody enrols families one by one: the roll is fixed by the lock before the draw, and nobody can read the "
        "seed. Who takes part cannot depend on the arm."
    )  # fmt: skip
    return said(how, also=facts.fingerprint is not None)


def _measured(trial: Trial) -> list[tuple[str, Outcome]]:
    return [(name, one) for name, one in trial.outcomes.items() if one.role != "distal"]


def _place(outcome: Outcome) -> str:
    source = outcome.source
    if source is None:
        return "not said"
    package = f"{source.package.name} {source.package.table}" if source.package else ""
    answered = f"families' answers ({readable(source.replies)})" if source.replies else ""
    database = f"{source.database.table} in {source.database.at}" if source.database else ""
    return source.csv_file or source.parquet_file or package or database or answered or "the file of the draw"


def _collected(trial: Trial, _facts: ProtocolFacts) -> Answer:
    rows = tuple(
        (
            readable(name), _place(one), one.source.covers or "not said" if one.source else "not said",
            one.source.date or "–" if one.source else "–", one.source.value or "–" if one.source else "–",
        )
        for name, one in _measured(trial)
    )  # fmt: skip
    table = Table("Where outcomes are recorded", ("Outcome", "Records", "Whom they cover", "Day", "Value"), rows)
    return said(table, also=all(one.source for _, one in _measured(trial)))


def _followed(trial: Trial, _facts: ProtocolFacts) -> Answer:
    if not all(one.source for _, one in _measured(trial)):
        return said(None)
    return said(
        "Outcomes come from records that are kept anyway: no family has to answer, and one that opts out of messages "
        "stays in the count. How many could not be linked is reported by arm."
    )


def _kept(trial: Trial, _facts: ProtocolFacts) -> Answer:
    law = trial.data_protection
    return said(
        "Contact details stand in a table of their own, encrypted; every other table holds pseudonyms. Every action by "
        "a person is a row of an append-only log.",
        f"Linked data are kept for {law.retention}." if law and law.retention else None,
    )


def _compared(trial: Trial, facts: ProtocolFacts) -> Answer:
    if not trial.comparisons:
        return said(None)
    rows = tuple(
        (
            str(pair),
            readable(decided["estimator"]) if decided else "by the rule the draw allows, fixed at the lock",
            decided["vcov"] if decided else "fixed at the lock",
            decided["because"] if decided else "–",
        )
        for pair in trial.comparisons
        for decided in (facts.decisions.get(str(pair)),)
    )
    plan = trial.analysis
    covariates = ", ".join(readable(one) for one in plan.covariates) or "none"
    adjusted = "not adjusted" if plan.multiplicity == "none" else f"adjusted ({ADJUSTMENTS[plan.multiplicity]})"
    named = [f"{readable(name)} by {readable(one.estimator)}" for name, one in trial.outcomes.items() if one.estimator]
    held = [
        f"{readable(name)} ({readable(one.hypothesis)}, {one.margin})"
        for name, one in trial.outcomes.items() if one.hypothesis and one.margin
    ]  # fmt: skip
    return said(
        Table("Comparisons", ("Comparison", "Estimator", "Standard error", "Because"), rows),
        f"Covariates: {covariates}. Every {plan.average} counts alike. P-values of a role's comparisons are "
        f"{adjusted}; intervals are at {percent(1 - trial.power.alpha, 0)}, with t and Satterthwaite degrees of "
        "freedom. Harms are compared in the same way and held against their margin.",
        *([f"Estimated by name: {listed(named)}."] if named else []),
        *([f"Held to a margin by the interval: {listed(held)}."] if held else []),
    )


def _analysed(trial: Trial, _facts: ProtocolFacts) -> Answer:
    if not trial.comparisons:
        return said(None)
    if trial.randomise is not None and trial.randomise.method == "stepped_wedge":
        return said(
            f"All {trial.population.called.people} of every unit drawn, each in the arm that the drawn schedule has in "
            "force on the day their window opens, whatever became of their messages (intention to treat)."
        )
    return said(
        f"All {trial.population.called.people} of every unit drawn, in the arm they were given, whatever became of "
        "their messages (intention to treat)."
    )


def _missing(trial: Trial, _facts: ProtocolFacts) -> Answer:
    meaning = {"did_not_happen": "no record means that it did not happen", "missing": "no record means missing"}
    lines = [
        f"{readable(name).capitalize()}: "
        + (meaning[one.source.no_record] if one.source and one.source.no_record else "not said what no record means")
        + "."
        for name, one in _measured(trial)
    ]
    complete = all(one.source and one.source.no_record for _, one in _measured(trial))
    return said(
        " ".join(lines),
        "Missing outcomes are counted by arm. Above 5 % missing, or where arms differ by more than 2 points, bounds "
        "show how far they could move the answer.",
        also=complete,
    )


def _further(trial: Trial, _facts: ProtocolFacts) -> Answer:
    plan = trial.analysis
    groups = ", ".join(readable(one) for one in plan.subgroups)
    fits = "; ".join(
        ", ".join(f"{readable(key)} {value}" for key, value in fit.model_dump(mode="json", exclude_none=True).items())
        for fit in plan.sensitivity
    )
    if not groups and not fits:
        return said("None is planned beside the comparisons above; any other will be labelled exploratory.")
    return said(f"Subgroups: {groups or 'none'}. Sensitivity: {fits or 'none'}. They never set the verdict.")


PLAN: dict[str, Fill] = {
    "21a": _sequence, "21b": _kind, "22": _concealed, "23": _enrolling,
    "24a": lambda trial, _facts: said(trial.protocol.blinding.who),
    "24b": lambda trial, _facts: said(trial.protocol.blinding.how),
    "24c": lambda trial, _facts: said(trial.protocol.blinding.unblinding),
    "25a": _collected, "25b": _followed, "26": _kept, "27a": _compared, "27b": _analysed, "27c": _missing,
    "27d": _further,
}  # fmt: skip
