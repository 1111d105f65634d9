"""What a trial file says of how an outcome is estimated: the estimator named, its units, what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.estimators import estimator_names
from nudge.analysis.named import MOMENTS, estimator_of, named, named_names, turned
from nudge.trial.parts.outcomes import PRESENT
from nudge.trial.problems import Level, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.problems import Problem
    from nudge.trial.quantities import Difference
    from nudge.trial.source import Step

Path = tuple["Step", ...]
_TWO = 2


def estimators_named(loaded: LoadedTrial) -> Iterator[Problem]:
    """Every disagreement between an outcome, its estimator and the draw."""
    yield from _moments(loaded)
    for name, outcome in loaded.trial.outcomes.items():
        if outcome.role == "distal" and outcome.source is None:
            continue
        path: Path = ("outcomes", name)
        yield from _exposure(loaded, path, outcome)
        yield from _times(loaded, path, outcome)
        chosen = estimator_of(loaded.trial, outcome)
        if chosen is None:
            continue
        if outcome.estimator is not None and (outcome.estimator == MOMENTS) != (chosen == MOMENTS == _drawn(loaded)):
            yield _not_of_moments(loaded, path, outcome.estimator)
            continue
        if chosen not in named_names():
            yield _unknown(loaded, path, chosen)
            continue
        if outcome.kind not in named(chosen).KINDS:
            kinds = listed(named(chosen).KINDS, "or")
            fits = [one for one in named_names() if outcome.kind in named(one).KINDS and one != MOMENTS]
            yield loaded.source.problem(
                Level.ERROR, (*path, "estimator"), f"`{chosen}` takes {kinds} outcomes, and this is {outcome.kind}",
                f"name {listed(fits, 'or')}, or leave it out" if fits else "leave it out",
            )  # fmt: skip
            continue
        yield from _draw(loaded, path, chosen)
        for key, size in (("worthwhile", outcome.worthwhile), ("margin", outcome.margin)):
            if size is not None:
                yield from _size(loaded, path, key, size, chosen)


def _drawn(loaded: LoadedTrial) -> str:
    """What the draw asks of every outcome, if it was one of moments."""
    allocation = loaded.trial.allocation
    return MOMENTS if allocation is not None and allocation.decision is not None else ""


def _not_of_moments(loaded: LoadedTrial, path: Path, named_here: str) -> Problem:
    if _drawn(loaded):
        return loaded.source.problem(
            Level.ERROR, (*path, "estimator"), f"`{named_here}` does not follow a draw at every decision point",
            "leave `estimator` out",
        )  # fmt: skip
    return loaded.source.problem(
        Level.ERROR, (*path, "estimator"), "nothing here draws a micro-randomised trial",
        "one run elsewhere is analysed where its file gives `allocation: {decision, unit, probability}`",
    )  # fmt: skip


def _moments(loaded: LoadedTrial) -> Iterator[Problem]:
    """A trial drawn anew at every decision point says whose they are, and with what chance (statistics.md 20)."""
    allocation = loaded.trial.allocation
    if allocation is None:
        return
    path: Path = ("allocation",)
    if allocation.decision is None:
        if allocation.available is not None:
            yield loaded.source.problem(
                Level.ERROR, (*path, "available"), "is of decision points, and no column says which",
                "add `decision: COLUMN`",
            )  # fmt: skip
        return
    absent = [key for key in ("unit", "probability") if getattr(allocation, key) is None]
    if absent:
        yield loaded.source.problem(
            Level.ERROR, path, f"has decision points without {listed(absent)}",
            "add the column of the person as `unit`, and of each row's chance of its own arm as `probability`",
        )  # fmt: skip
    spare = [key for key in ("method", "blocks", "clusters", "ratio") if getattr(allocation, key)]
    if spare:
        yield loaded.source.problem(
            Level.ERROR, (*path, spare[0]), "is not part of a draw at every decision point", "leave it out"
        )
    if len(loaded.trial.arms) > _TWO:
        yield loaded.source.problem(
            Level.ERROR, ("arms",), "more than two arms at a decision point cannot be analysed", "compare two of them"
        )


def _unknown(loaded: LoadedTrial, path: Path, chosen: str) -> Problem:
    if chosen in estimator_names():
        return loaded.source.problem(
            Level.ERROR, (*path, "estimator"), f"`{chosen}` follows from how the arms were drawn",
            "leave `estimator` out, and the one the draw allows is used",
        )  # fmt: skip
    guess = nearest(chosen, named_names())
    return loaded.source.problem(
        Level.ERROR, (*path, "estimator"), f"there is no estimator `{chosen}`",
        f"did you mean `{guess}`?" if guess else f"name {listed(named_names(), 'or')}",
    )  # fmt: skip


def _draw(loaded: LoadedTrial, path: Path, chosen: str) -> Iterator[Problem]:
    """Draws and averages that a named estimator does not follow."""
    if chosen == MOMENTS:
        return
    trial = loaded.trial
    drawn = trial.randomise or trial.allocation
    method = drawn.method if drawn else None
    refused = {"adaptive", "stepped_wedge"} | (set() if getattr(named(chosen), "PAIRS", True) else {"matched_pairs"})
    if method in refused:
        yield loaded.source.problem(
            Level.ERROR, (*path, "estimator"), f"`{chosen}` does not follow a `{method}` draw",
            "leave `estimator` out, and the one the draw allows is used" if trial.outcomes[str(path[1])].estimator
            else "make the outcome a yes or no, such as whether it happened within the window",
        )  # fmt: skip
    if trial.analysis.average == "cluster":
        yield loaded.source.problem(
            Level.ERROR, (*path, "estimator"), f"`{chosen}` averages over people, and `analysis.average` is cluster",
            "leave one of the two out",
        )  # fmt: skip


def _size(loaded: LoadedTrial, path: Path, key: str, size: Difference, chosen: str) -> Iterator[Problem]:
    """`worthwhile` and `margin` in what the estimator gives."""
    outcome = loaded.trial.outcomes[str(path[1])]
    unit = named(chosen).UNIT or outcome.unit
    if size.unit != unit:
        example = {"points": "5 points", "times": "1.2 times", "days": "2 days"}.get(unit or "", "")
        yield loaded.source.problem(
            Level.ERROR, (*path, key), f"`{size}` is not in what `{chosen}` gives",
            f"write it as `{example}`" if example else f"write it in `{unit}`" if unit else "say the outcome's `unit:`",
        )  # fmt: skip
        return
    if unit != "times":
        return
    more = (outcome.better == "higher") == (key == "worthwhile")
    if turned(chosen) < 0:
        more = not more
    if size.value <= 0 or size.value == 1 or (size.value > 1) != more:
        yield loaded.source.problem(
            Level.ERROR, (*path, key),
            f"`{size}` is not a change for the {'better' if key == 'worthwhile' else 'worse'}",
            f"{outcome.better} is better here: write a number {'above 1' if more else 'between 0 and 1'}",
        )  # fmt: skip


def _exposure(loaded: LoadedTrial, path: Path, outcome: Outcome) -> Iterator[Problem]:
    if outcome.exposure is None:
        return
    columns = loaded.trial.population.columns
    if columns.get(outcome.exposure) != "number":
        yield loaded.source.problem(
            Level.ERROR, (*path, "exposure"), f"`{outcome.exposure}` is not a number column of the roll",
            f"add `{outcome.exposure}: number` to `population.columns`",
        )  # fmt: skip
    if outcome.kind != "count" or outcome.estimator is None:
        yield loaded.source.problem(
            Level.ERROR, (*path, "exposure"), "is only used for counts, by an estimator of rates",
            "add `estimator: rate_ratio`, or leave it out",
        )  # fmt: skip


def _times(loaded: LoadedTrial, path: Path, outcome: Outcome) -> Iterator[Problem]:
    """When it happened, and until when it was looked for."""
    record = outcome.source
    if record is None:
        return
    elsewhere = loaded.trial.run_elsewhere
    if record.event is not None and (outcome.kind != "time_to_event" or not elsewhere):
        yield loaded.source.problem(
            Level.ERROR, (*path, "source", "event"), "is read of times to an event in a trial run elsewhere, only",
            "leave it out",
        )  # fmt: skip
    if outcome.kind != "time_to_event":
        return
    if elsewhere and record.event is None:
        yield loaded.source.problem(
            Level.ERROR, (*path, "source"), "does not say which times end with the event", "add `event: COLUMN`"
        )
    if not elsewhere and record.value is not None and record.value != PRESENT:
        yield loaded.source.problem(
            Level.ERROR, (*path, "source", "value"), "a time is counted here from the window to the day of the record",
            "write `value: present` and name the day in `date:`",
        )  # fmt: skip
    if not elsewhere and outcome.window is None:
        yield loaded.source.problem(
            Level.ERROR, path, "has no window to count the time from", "add `window: 56 days from allocation`"
        )
