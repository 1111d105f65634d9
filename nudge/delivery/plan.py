"""The plan of sends: who is written to, when, with which message.

Computed from the file, the roll and the draw alone. A unit whose arm sends nothing gets a
virtual row at each moment at which another arm would have written to it, so that limits and
outcome windows treat arms alike. In a stepped wedge the arm hangs on the moment as well: until
its crossing is complete a cluster gets the control's messages, from then on those it crosses to,
and whatever the other arm would have sent stays as a virtual row.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nudge.trial.crossing import crossings_of
from nudge.trial.quantities import shifted
from nudge.trial.records.delivery import PlannedSend

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.parts.arms import Message
    from nudge.trial.records.design import Seed
    from nudge.trial.records.people import Person, Unit

_POSITION_BYTES = 7


@dataclass(frozen=True, slots=True)
class Route:
    """Where one person can be reached for one template."""

    channel: str
    address: str


class Planner:
    """Computes planned sends for the units of one trial."""

    def __init__(
        self,
        trial: Trial,
        variants: Mapping[str, Collection[str]],
        allocated_at: datetime,
        seed: Seed | None = None,
        *,
        sites: bool = False,
    ) -> None:
        """variants: the channels each template has words for. seed: orders and names the rows.

        sites: a unit is a site, where virtual rows belong to its people, who are no household together.
        """
        self.trial = trial
        self.variants = variants
        self.allocated_at = allocated_at
        self.zone = ZoneInfo(trial.timezone)
        self.seed = seed
        self.sites = sites
        self.crossings = crossings_of(trial)

    def sends(self, unit: Unit, arm: str, step: int | None = None) -> Iterator[PlannedSend]:
        """The rows of one unit; several adults of a household each get their own.

        step: in a stepped wedge, the step at which the unit crosses to `arm`; of a waiting arm, its day.
        """
        if self.crossings is not None and step is not None:
            yield from self._crossing(unit, arm, step)
            return
        messages = self.trial.arms[arm].messages
        if not messages:
            yield from self._virtual(unit, arm)
            return
        for number, message in enumerate(messages, 1):
            for person, route, due in self.recipients(unit, message):
                yield self._row(unit, arm, f"{arm}.{number}", message, due, person.id, route.channel)
        if self.trial.randomise is not None and self.trial.randomise.method == "waitlist":
            yield from self._would_have(unit, arm)

    def _crossing(self, unit: Unit, crosses_to: str, step: int) -> Iterator[PlannedSend]:
        """A cluster's rows: each message of either arm is sent where its arm is in force when it is due.

        A virtual row belongs to one person, since a cluster is no household whose messages add up.
        """
        if self.crossings is None:
            raise AssertionError("only a stepped wedge has steps at which clusters cross")
        written: set[tuple[Route, datetime]] = set()
        others: dict[tuple[Route, datetime], tuple[Message, Person, str]] = {}
        for arm, spec in self.trial.arms.items():
            for number, message in enumerate(spec.messages, 1):
                for person, route, due in self.recipients(unit, message):
                    if (arm == crosses_to) == self.crossings.has_crossed(step, due):
                        written.add((route, due))
                        yield self._row(unit, arm, f"{arm}.{number}", message, due, person.id, route.channel)
                    else:
                        others.setdefault((route, due), (message, person, f"{arm}.{number}"))
        for (route, due), (message, person, name) in others.items():
            if (route, due) not in written:
                arm = crosses_to if self.crossings.has_crossed(step, due) else self.trial.control or ""
                yield self._row(unit, arm, name, message, due, person.id, route.channel, virtual=True)

    def recipients(self, unit: Unit, message: Message) -> list[tuple[Person, Route, datetime]]:
        """Who of a unit gets a message, by which route, due when.

        Once per contact adult, with the columns of the person whose date comes first;
        once per person where the file says `for_each: person`.
        """
        reached: dict[Route | str, tuple[Person, Route, datetime]] = {}
        for person in unit.people:
            route = self.route(person, message.template)
            due = self.due(unit, person, message)
            if route is None or due is None:
                continue
            key = person.id if message.for_each == "person" else route
            known = reached.get(key)
            if known is None or (due, person.id) < (known[2], known[0].id):
                reached[key] = (person, route, due)
        return list(reached.values())

    def route(self, person: Person, template: str) -> Route | None:
        """The first channel in `prefer` that is safe, has an address, and has words."""
        for channel in self.trial.population.contact.prefer:
            for point in person.contacts:
                if point.channel == channel and point.safe and channel in self.variants.get(template, ()):
                    return Route(channel, point.address)
        return None

    def due(self, unit: Unit, person: Person, message: Message) -> datetime | None:
        """When a message is due for one person; None where the date it hangs on is blank."""
        return message.send.due(_dates(person), unit.enrolled_at or self.allocated_at, self.zone)

    def first_planned(self, unit: Unit) -> datetime | None:
        """The earliest planned send of any arm for this unit: the same whichever arm it is in."""
        return min(self._moments(unit), default=None)

    def last_planned(self, unit: Unit) -> datetime | None:
        """The latest planned send of any arm for this unit."""
        return max(self._moments(unit), default=None)

    def _moments(self, unit: Unit) -> set[datetime]:
        everyone = (self.due(unit, person, message) for person in unit.people for message in self._all_messages())
        return {moment for moment in everyone if moment is not None}

    def _all_messages(self) -> Iterator[Message]:
        for arm in self.trial.arms.values():
            yield from arm.messages

    def _virtual(self, unit: Unit, arm: str) -> Iterator[PlannedSend]:
        yield from self._at_moments(unit, arm, self._all_messages(), set())

    def _would_have(self, unit: Unit, arm: str) -> Iterator[PlannedSend]:
        """Of a waiting list: the moments at which the others were written to and this unit was not."""
        own = self.trial.arms[arm].messages
        written = {self._moment(route, due) for message in own for _, route, due in self.recipients(unit, message)}
        yield from self._at_moments(unit, arm, (one for one in self._all_messages() if one not in own), written)

    def _at_moments(
        self, unit: Unit, arm: str, messages: Iterable[Message], written: set[tuple[Route | None, datetime]]
    ) -> Iterator[PlannedSend]:
        seen: set[tuple[Route | None, datetime]] = set()
        for message in messages:
            for person, route, due in self.recipients(unit, message):
                moment = self._moment(route, due)
                if moment not in seen and moment not in written:
                    seen.add(moment)
                    whose = person.id if self.sites else ""
                    yield self._row(unit, arm, f"virtual.{len(seen)}", message, due, whose, route.channel, virtual=True)

    def _moment(self, route: Route, due: datetime) -> tuple[Route | None, datetime]:
        """What counts as being written to once: a household's moment, or that of one address of a site."""
        return (route if self.sites else None), due

    def _row(
        self, unit: Unit, arm: str, name: str, message: Message, due: datetime, person: str, channel: str,
        *, virtual: bool = False,
    ) -> PlannedSend:  # fmt: skip
        key = f"{unit.id}\0{name}\0{person}\0{channel}"
        return PlannedSend(
            id=self._keyed("send", key)[:16].hex(),
            unit=unit.id,
            person=person,
            arm=arm,
            message=name,
            template="" if virtual else message.template,
            channel=channel,
            via="" if virtual else self.trial.channels.get(channel, ""),  # type: ignore[call-overload]  # a str
            due_at=due,
            not_after=shifted(due, message.send_within),
            position=int.from_bytes(self._keyed("order", key)[:_POSITION_BYTES]),
            virtual=virtual,
        )

    def _keyed(self, purpose: str, key: str) -> bytes:
        """Names and orders that nobody can guess without the trial's seed and salt."""
        secret = self.seed.salt + self.seed.value if self.seed else b""
        return hmac.digest(secret, f"{self.trial.trial}\0{purpose}\0{key}".encode(), hashlib.sha256)


def _dates(person: Person) -> dict[str, date | None]:
    return {name: value for name, value in person.columns.items() if value is None or isinstance(value, date)}


def unplanned(planner: Planner, units: Sequence[Unit], arm_of: Mapping[str, str]) -> list[str]:
    """Units whose arm sends messages but to whom none can be planned (no date, no route)."""
    return [
        unit.id
        for unit in units
        if (messages := planner.trial.arms[arm_of[unit.id]].messages)
        and not any(planner.recipients(unit, message) for message in messages)
    ]
