"""Every message of every arm, rendered for the people of the roll: errors, length and cost before any draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from nudge.messages.render import RenderError, render
from nudge.trial.records.people import Person
from nudge.workflow.dispatching.words import chosen_template

if TYPE_CHECKING:
    from datetime import datetime

    from nudge.delivery.plan import Planner
    from nudge.messages.links import Manner
    from nudge.trial.model import Trial
    from nudge.trial.records.messages import Template, Words
    from nudge.trial.records.people import Roll, Unit, Value


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as one unit would get it in one arm."""

    arm: str
    message: int
    unit: str
    language: str
    due: datetime
    words: Words


@dataclass(frozen=True, slots=True)
class Unrendered:
    """A message that cannot be made for one unit."""

    arm: str
    message: int
    unit: str
    why: str


def render_arm(
    planner: Planner, templates: Mapping[str, Template], unit: Unit, arm: str, manner: Manner
) -> Iterator[Rendered | Unrendered]:
    """What a unit would get in an arm."""
    for number, message in enumerate(planner.trial.arms[arm].messages):
        for person, route, due in planner.recipients(unit, message):
            try:
                template = chosen_template(templates, message.template, route.channel, person.language)
                words = render(template, person.columns, unit.id, manner)
            except RenderError as error:
                yield Unrendered(arm, number, unit.id, error.what)
                continue
            yield Rendered(arm, number, unit.id, template.language, due, words)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What sending would take, arm by arm, if the roll were drawn by its shares."""

    messages: dict[str, float]
    segments: dict[str, float]
    cost: dict[str, float]
    unrendered: tuple[Unrendered, ...]


def forecast(planner: Planner, templates: Sequence[Template], roll: Roll, manner: Manner) -> Forecast:
    """Render every arm for every unit; each message counts by its arm's share of the draw.

    In a stepped wedge that share is of the sites that are in the arm when the message is due.
    """
    by_key = {template.key: template for template in templates}
    trial = planner.trial
    price = trial.costs.sms if trial.costs and trial.costs.sms else 0.0
    messages, parts = dict.fromkeys(trial.arms, 0.0), dict.fromkeys(trial.arms, 0.0)
    failed: list[Unrendered] = []
    for arm in trial.arms:
        for unit in roll.units:
            for one in render_arm(planner, by_key, unit, arm, manner):
                if isinstance(one, Unrendered):
                    failed.append(one)
                    continue
                share = share_of(planner, arm, one.due)
                messages[arm] += share
                parts[arm] += share * one.words.segments if one.words.channel == "sms" else 0
    return Forecast(
        {arm: round(number) for arm, number in messages.items() if number},
        {arm: round(number) for arm, number in parts.items() if number},
        {arm: round(number * price, 2) for arm, number in parts.items() if number},
        tuple(failed),
    )


def share_of(planner: Planner, arm: str, due: datetime) -> float:
    """The share of units that are in an arm when a message is due."""
    trial, crossings = planner.trial, planner.crossings
    if crossings is not None:
        crossed = crossings.complete(due) / len(crossings.begins)
        return 1 - crossed if arm == trial.control else crossed
    ratio = trial.randomise.ratio if trial.randomise else {}
    return ratio.get(arm, 1) / sum(ratio.get(name, 1) for name in trial.arms)


def example_person(trial: Trial, now: datetime) -> Person:
    """A made-up person with a plausible value in every column, where there is no roll or it must not be used."""
    values: dict[str, Value] = {
        name: _EXAMPLES[kind] if kind != "date" else (now + timedelta(days=14)).date()
        for name, kind in trial.population.columns.items()
    }
    return Person("example", "example", 0, values, "en", ())


_EXAMPLES: dict[str, float | str | bool | date] = {
    "number": 24.0, "category": "example", "yes_no": True, "text": "Alex",
}  # fmt: skip
