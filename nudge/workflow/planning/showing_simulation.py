"""The figures of `nudge simulate` in lines for a terminal."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from nudge.report.numbers import percent, signed
from nudge.trial.errors import InputError
from nudge.trial.grammar import difference, proportion
from nudge.trial.quantities import GrammarError
from nudge.workflow.planning.plans import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.analysis.operating import Share
    from nudge.workflow.planning.simulating import Line, Logistics, Simulated


def effects_named(given: Sequence[str]) -> dict[str, float | None]:
    """Effects by name, from `3 points`, `1.2 times`, `nothing` or `worthwhile`; of a ratio its logarithm.

    Raises InputError with how to write one.
    """
    effects: dict[str, float | None] = {}
    for text in given:
        if text in {"nothing", "worthwhile"}:
            effects[text] = 0.0 if text == "nothing" else None
            continue
        try:
            size = difference(text)
            effects[text] = log(size.value) if size.unit == "times" and size.value > 0 else size.value
        except GrammarError as error:
            raise InputError(error.what, f"{error.remedy}, or `nothing` or `worthwhile`") from None
    return effects


def share_named(text: str) -> float:
    """A share from `1%`. Raises InputError with how to write it."""
    try:
        return proportion(text)
    except GrammarError as error:
        raise InputError(error.what, error.remedy) from None


def simulation_in_lines(made: Simulated) -> list[str]:
    """Everything, an outcome and comparison after the other under each effect."""
    lines = [
        f"{made.trial}, {made.runs:,} times (seed {made.seed}): {made.units:,} units with {made.people:,} people",
        "In brackets: Monte Carlo standard error.",
        *(f"  {note}" for note in made.notes),
    ]
    for name, ones in made.scenarios.items():
        for one in ones:
            lines += ["", *_comparison(name, one)]
    if made.logistics is not None:
        lines += ["", "Each run takes, on average", *_logistics(made.logistics)]
    return lines


def _comparison(name: str, one: Line) -> Iterator[str]:
    found = one.operating

    def shown(effect: float) -> str:
        return amount(effect, one.scale, one.unit, one.turn)

    factor = 100 if one.scale == "probability" else 1
    ratio = one.scale == "log_ratio"
    digits = 3 if ratio else 2
    unit = "points" if factor > 1 else "of the log ratio" if ratio else one.unit
    said, true = (
        f"{size:.3g} {unit}" if ratio else shown(size) for size in (found.mean_error, found.spread)
    )  # fmt: skip
    yield f"{one.outcome}, {one.comparison}, true effect: {name} ({shown(found.truth)} on average over everyone)"
    yield (
        f"  bias                    {signed(found.bias.value * factor, digits)} "
        f"({found.bias.mc_error * factor:.{digits}f}) {unit}"
    )
    yield f"  standard error          {said} said, {true} true"
    yield f"  95 % interval holds it  {_share(found.coverage)}"
    what = "false positives" if found.truth == 0 else "p below 5 %"
    yield f"  {what:24}{_share(found.rejected)}"
    yield f"  found, family's level   {_share(found.found)}"
    for verdict, share in found.verdicts.items():
        if share:
            yield f"    {verdict.removeprefix('undecided: '):46}{percent(share, 1):>6}"
    if found.truth == 0 and found.uniform_p is None:
        yield "  p-values uniform        too few different ones are possible to tell"
    elif found.uniform_p is not None:
        yield f"  p-values uniform        Kolmogorov-Smirnov p {found.uniform_p:.2f}"


def _logistics(one: Logistics) -> Iterator[str]:
    yield f"  messages                {one.messages.value:,.0f} ({one.messages.mc_error:.1f})"
    yield f"  SMS segments            {one.segments.value:,.0f} ({one.segments.mc_error:.1f})"
    yield f"  cost of texts           {one.cost.value:,.2f} ({one.cost.mc_error:.2f}) {one.currency}"
    yield f"  not delivered           {one.not_delivered.value:,.0f} ({one.not_delivered.mc_error:.1f})"
    yield f"  opted out before        {one.opted_out.value:,.0f} ({one.opted_out.mc_error:.1f})"
    if one.first_send is not None and one.windows_close is not None and one.days is not None:
        yield (
            f"  duration                {one.days:,.0f} days, from the first send on {one.first_send:%d %B %Y} "
            f"to the last window's end on {one.windows_close:%d %B %Y}"
        )


def _share(share: Share) -> str:
    return f"{percent(share.value, 1)} ({percent(share.mc_error, 1)})"


def self_test_verdict(made: Simulated) -> tuple[bool, str]:
    """Whether the A/A test passed: false positives within three Monte Carlo errors of the level, p uniform."""
    bad = []
    for one in made.scenarios["nothing"]:
        rate, uniform = one.operating.rejected, one.operating.uniform_p
        error = max(rate.mc_error, (0.05 * 0.95 / made.runs) ** 0.5)
        if rate.value > 0.05 + 3 * error or (uniform is not None and uniform < 0.001):  # noqa: PLR2004 - bands said above
            bad.append(f"{one.outcome}, {one.comparison} ({percent(rate.value, 1)})")
    if bad:
        return False, f"The A/A test failed: too many false positives or uneven p-values in {'; '.join(bad)}."
    return True, "The A/A test passed: labels that mean nothing are taken for an effect about as often as they should."
