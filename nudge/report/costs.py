"""What a trial's messages cost and who gains, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report.beside import Beside
from nudge.report.numbers import plain
from nudge.report.words import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.model import Trial
    from nudge.trial.records.companions import Money, PayerBenefit, ReachCost
    from nudge.trial.records.report import Results

_A_THOUSANDTH = 0.0005
"""Less than this is shown as nothing."""
_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}


def costs_in_words(results: Results, trial: Trial) -> list[Beside]:
    """Every primary comparison in money, then what it cost to reach somebody in each arm."""
    said = [
        Beside(f"{readable(one.arm)} compared with {readable(one.control)}".capitalize(), tuple(_compared(one, trial)))
        for one in results.money
    ]
    if results.reach_costs and trial.costs is not None:
        currency = trial.costs.currency
        reached = tuple(_reached(one, currency, trial.population.called.units) for one in results.reach_costs)
        said.append(Beside("Reaching people", reached))
    return said


def _compared(one: Money, trial: Trial) -> Iterator[str]:
    called, outcome = trial.population.called, readable(one.outcome)
    more_is_better = trial.outcomes[one.outcome].better != "lower"
    each_one = f"an extra “{outcome}”" if more_is_better else f"one fewer “{outcome}”"
    more = "more" if one.extra_cost >= 0 else "less"
    each = _money(abs(one.extra_cost), one.currency)
    costs = f"{each} {more}" if abs(one.extra_cost) >= _A_THOUSANDTH else "the same"
    yield f"It costs {costs} for each of the {called.people} allocated ({one.prices} prices)."
    if one.per_extra is None:
        yield f"No cost of {each_one} is given: {one.why}."
    else:
        yield f"{each_one[:1].upper()}{each_one[1:]} costs {_money(one.per_extra, one.currency)}{_intervals(one)}."
    for payer in one.payers:
        yield _gains(payer, one.currency, f"{'each' if more_is_better else 'one fewer'} “{outcome}”", called.people)


def _intervals(one: Money) -> str:
    every = [
        (one.fieller_low, one.fieller_high, "by Fieller's theorem"),
        (one.delta_low, one.delta_high, "by the delta method"),
        (one.bootstrap_low, one.bootstrap_high, "by re-drawing the randomised units"),
    ]
    shown = [
        f"{_money(low, one.currency)} to {_money(high, one.currency)} {how}"
        for low, high, how in every if low is not None and high is not None
    ]  # fmt: skip
    return f" ({'; '.join(shown)})" if shown else ""


def _gains(one: PayerBenefit, currency: str, outcome: str, people: str) -> str:
    kind = "cashable" if one.cashable else "not cashable: worth something, but no budget becomes smaller"
    said = (
        f"For {one.payer} ({kind}), at {_money(one.value, currency)} for {outcome}, the gain less the cost is "
        f"{_money(one.net, currency)} for each of the {people} ({_money(one.net_low, currency)} to "
        f"{_money(one.net_high, currency)})"
    )
    return f"{said}." if one.months is None else f"{said}; the cost is paid back in {plain(one.months)} months."


def _reached(one: ReachCost, currency: str, units: str) -> str:
    all_of_it = f"{readable(one.arm).capitalize()} cost {_money(one.cost, currency)} in all"
    if one.per_reached is None or one.low is None or one.high is None:
        return f"{all_of_it}; no receipt says that anybody was reached."
    return (
        f"{all_of_it}: {_money(one.per_reached, currency)} for each of the {one.reached:,} {units} reached "
        f"({_money(one.low, currency)} to {_money(one.high, currency)})."
    )


def _money(amount: float, currency: str) -> str:
    """`£3.10`; a fraction of a penny keeps three places."""
    sign = "−" if amount < 0 else ""
    size = abs(amount)
    places = 0 if size >= 1000 else 2 if size >= 0.1 or size == 0 else 3  # noqa: PLR2004 - as money is read
    mark = _SIGNS.get(currency)
    return f"{sign}{mark}{size:,.{places}f}" if mark else f"{sign}{size:,.{places}f} {currency}"
