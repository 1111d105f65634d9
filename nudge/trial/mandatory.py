"""What a trial file must say before it reaches families.

domain.md §2 lists the blocks; a pilot, which is to learn whether a trial can be run at all,
needs fewer of them. A trial run elsewhere reaches nobody from here and needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.trial.problems import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.model import Trial
    from nudge.trial.problems import Problem
    from nudge.trial.source import Source

ALWAYS = {
    "question": "the question this trial answers",
    "safeguarding": "who reads replies, when, and how fast they act",
    "data_protection": "the lawful basis and the retention",
    "decision": "who decides what by when",
    "coproduction": "which families saw the words, and what changed",
}
BEYOND_A_PILOT = {
    "theory_of_change": "why the words should change what families do",
    "costs": "what it takes, so that a gain can be weighed against it",
    "stopping": "how many opt-outs or complaints pause an arm",
}


def mandatory(trial: Trial, source: Source) -> Iterator[Problem]:
    """Every block that is missing, each at the place where it belongs."""
    if trial.run_elsewhere:
        return
    if trial.setting == "nhs" and trial.ethics is None:
        yield source.problem(
            Level.LAUNCH, ("setting",), "an NHS trial needs the decision of an ethics committee",
            "add `ethics: {reference: …, decided: …}`",
        )  # fmt: skip
    for key, why in ALWAYS.items():
        if getattr(trial, key) is None:
            yield source.problem(Level.LAUNCH, (), f"`{key}` is missing: {why}", f"add `{key}:`")
    if trial.stage == "pilot":
        return
    for key, why in BEYOND_A_PILOT.items():
        if not getattr(trial, key):
            yield source.problem(Level.LAUNCH, (), f"`{key}` is missing: {why}", f"add `{key}:`, or `stage: pilot`")
    yield from _arms(trial, source)
    yield from _outcomes(trial, source)
    yield from _design(trial, source)


def _arms(trial: Trial, source: Source) -> Iterator[Problem]:
    for name, arm in trial.arms.items():
        if arm.control:
            continue
        if not arm.mechanism:
            yield source.problem(
                Level.LAUNCH, ("arms", name), "does not say how it should work",
                "add `mechanism:`, such as `mechanism: [reminder]`",
            )  # fmt: skip
        if not arm.messages and arm.dose is None:
            yield source.problem(
                Level.LAUNCH, ("arms", name), "is given by people, and nothing says how often and how long",
                "add `dose:`, such as `dose: one call of about 10 minutes within 2 working days`",
            )  # fmt: skip


def _outcomes(trial: Trial, source: Source) -> Iterator[Problem]:
    roles = {outcome.role for outcome in trial.outcomes.values()}
    if "harm" not in roles:
        yield source.problem(
            Level.LAUNCH, ("outcomes",), "has no outcome that would show harm",
            "give one `role: harm`, such as complaints",
        )  # fmt: skip
    if "distal" not in roles:
        yield source.problem(
            Level.LAUNCH, ("outcomes",), "stops at what happens soon: nothing says what it should lead to",
            "give one `role: distal` with `expected:`",
        )  # fmt: skip


def _design(trial: Trial, source: Source) -> Iterator[Problem]:
    if trial.population.site is None:
        yield source.problem(
            Level.LAUNCH, ("population",), "does not say which column holds the site",
            "add `site: COLUMN`: the hub, school, team or council a family belongs to",
        )  # fmt: skip
    kinds = {outcome.kind for outcome in trial.outcomes.values() if outcome.role == "primary"}
    if kinds & {"binary", "time_to_event"} and trial.power.baseline is None:
        yield source.problem(
            Level.LAUNCH, ("power",), "does not say how many have the outcome without any message",
            "add `power: {baseline: 62%}`",
        )  # fmt: skip
    if "count" in kinds and trial.power.rate is None and trial.power.sd is None:
        yield source.problem(
            Level.LAUNCH, ("power",), "does not say how often what is counted happens to a person",
            "add `power: {rate: 1.5, dispersion: 0.8}`, or its `sd`",
        )  # fmt: skip
    if "continuous" in kinds and trial.power.sd is None:
        yield source.problem(
            Level.LAUNCH, ("power",), "does not say how much the outcome varies", "add `power: {sd: …}`, in its unit"
        )
