"""From people to the units that are randomised: households joined, the protected left out.

Everything here happens before allocation and is blind to arm.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nudge.people.contacts import HOME
from nudge.trial.conditions import Condition, condition
from nudge.trial.problems import Level, Problem, listed
from nudge.trial.records.people import Exclusion, Person, Roll, Unit

if TYPE_CHECKING:
    from nudge.trial.parts.population import Population
    from nudge.trial.problems import Problems

BLANK = "(blank)"
_MANY = 4
"""Other units at one address from which on it is more likely a building than a home: a choice."""


@dataclass(frozen=True, slots=True)
class Join:
    """Two people of different units who share a contact point."""

    person: Person
    other: Person
    channel: str


def form_units(
    people: Sequence[Person],
    population: Population,
    blocks: Sequence[str],
    *,
    sites: bool,
    needs_contact: bool,
    digest: str,
    roll_name: str,
    problems: Problems,
    equal: Sequence[str] = (),
) -> Roll:
    """Units ready for the draw, with counted reasons for everyone left out.

    blocks: columns that must be equal within a unit; rows where they are not are problems.
    sites: units are sites, so a shared phone does not join two of them, and who must be left out
    takes their own household with them and not the site.
    needs_contact: a unit without any safe route is left out.
    equal: other columns that must be equal within a unit.
    """
    merged, joins = ({}, []) if sites else shared_contacts(people)
    problems.extend(_joined_rows(joins, roll_name))
    joined = [replace(person, unit=merged.get(person.unit, person.unit)) for person in people]
    households: defaultdict[str, list[Person]] = defaultdict(list)
    for person in joined:
        households[person.unit].append(person)
    for names, told in ((blocks, "is in blocks"), ([name for name in equal if name not in blocks], "has the values")):
        _check_equal(households, names, told, set(merged.values()), roll_name, problems)
    sieve = _Sieve(population, needs_contact=needs_contact, sites=sites)
    units: list[Unit] = []
    exclusions: list[Exclusion] = []
    for name in sorted(households):
        kept, left_out = sieve.sift(name, households[name])
        exclusions.extend(left_out)
        if kept:
            units.append(Unit(name, kept, block_of(kept[0], blocks)))
    return Roll(len(people), len(households), tuple(units), tuple(exclusions), len(merged), digest)


def block_of(person: Person, blocks: Sequence[str]) -> tuple[str, ...]:
    """The person's values of the block columns, as text; blanks are a group of their own."""
    return tuple(_as_text(person.columns[column]) for column in blocks)


def _as_text(value: object) -> str:
    if value is None:
        return BLANK
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def shared_contacts(people: Iterable[Person]) -> tuple[dict[str, str], list[Join]]:
    """Units to join because they share a phone, an email or a home: unit → the first of its group, and why.

    One phone in two units could receive two arms' words; the household is the unit.
    """
    leader: dict[str, str] = {}

    def find(unit: str) -> str:
        while leader.setdefault(unit, unit) != unit:
            leader[unit] = leader[leader[unit]]
            unit = leader[unit]
        return unit

    first_with: dict[tuple[str, str], Person] = {}
    joins: list[Join] = []
    for person in people:
        for point in person.contacts:
            other = first_with.setdefault((point.channel, point.address.lower()), person)
            one, two = sorted((find(other.unit), find(person.unit)))
            if one != two:
                leader[two] = one
                joins.append(Join(person, other, point.channel))
    return {unit: find(unit) for unit in leader if find(unit) != unit}, joins


def _joined_rows(joins: Sequence[Join], roll_name: str) -> Iterator[Problem]:
    """Every join as advice; a home that joins many units is likely no home."""
    shared = {"sms": "phone", "email": "email", "staff": "way to be called", HOME: "address"}
    for join in joins:
        yield Problem(
            Level.ADVICE, roll_name, join.person.row, 1, shared[join.channel],
            f"unit `{join.person.unit}` has the {shared[join.channel]} of unit `{join.other.unit}` "
            f"(row {join.other.row}), so the two are one household from here",
            "correct the row if they are two families",
        )  # fmt: skip
    for home, number in Counter(join.other.row for join in joins if join.channel == HOME).items():
        if number >= _MANY:
            yield Problem(
                Level.ADVICE, roll_name, home, 1, "address", f"the address of this row joins {number + 1} units",
                "for a hostel, or flats without their numbers, leave the address blank",
            )  # fmt: skip


def _check_equal(
    households: Mapping[str, Sequence[Person]],
    names: Sequence[str],
    told: str,
    joined: Collection[str],
    roll_name: str,
    problems: Problems,
) -> None:
    for name, members in households.items():
        for column in names:
            values = sorted({block_of(person, [column])[0] for person in members})
            if len(values) > 1:
                rows = listed(str(person.row) for person in members)
                why = ", joined by a shared phone, email or address," if name in joined else ""
                problems.add(
                    Problem(
                        Level.ERROR, roll_name, members[0].row, 1, column,
                        f"unit `{name}` (rows {rows}){why} {told} {listed(values)}",
                        "everyone in a unit needs the same value; correct the rows",
                    )
                )  # fmt: skip


class _Sieve:
    """The rules that leave units and people out."""

    def __init__(self, population: Population, *, needs_contact: bool, sites: bool) -> None:
        self.eligible = _compiled(population.eligible, population)
        self.exclude = _compiled(population.exclude, population)
        self.needs_contact = needs_contact
        self.sites = sites

    def sift(self, unit: str, members: Sequence[Person]) -> tuple[tuple[Person, ...], list[Exclusion]]:
        """Who of a unit takes part, and why others do not: everyone is in one of the two, once.

        A reason to protect one member protects the whole household.
        """
        protected = {
            person.id: why
            for household in self._households(members) if (why := self._protected(household)) for person in household
        }  # fmt: skip
        kept: list[Person] = []
        out: list[Exclusion] = []
        for person in members:
            if person.id in protected:
                out.append(Exclusion(unit, person.id, protected[person.id], whole_unit=False))
                continue
            answer = self.eligible.holds(person.columns) if self.eligible else True
            if answer:
                kept.append(person)
            else:
                why = "not eligible" if answer is False else "eligibility not known"
                out.append(Exclusion(unit, person.id, f"{why}: {self._text(self.eligible)}", whole_unit=False))
        if not kept:
            return (), [replace(one, whole_unit=True) for one in out]
        if self.needs_contact and not any(point.safe for person in kept for point in person.contacts):
            why = "no safe route to reach the family"
            return (), [*out, *(Exclusion(unit, person.id, why, whole_unit=True) for person in kept)]
        return tuple(kept), out

    def _households(self, members: Sequence[Person]) -> list[Sequence[Person]]:
        """The unit; of a site, those who share a phone, an email or a home."""
        if not self.sites:
            return [members]
        merged, _ = shared_contacts(replace(person, unit=person.id) for person in members)
        found: defaultdict[str, list[Person]] = defaultdict(list)
        for person in members:
            found[merged.get(person.id, person.id)].append(person)
        return list(found.values())

    def _protected(self, members: Sequence[Person]) -> str:
        """Why a household is left out whole; empty where nothing speaks for it."""
        answers = {self.exclude.holds(person.columns) if self.exclude else False for person in members}
        if answers == {False}:
            return ""
        why = "excluded" if True in answers else "not known whether to exclude"
        return f"{why}: {self._text(self.exclude)}"

    @staticmethod
    def _text(rule: Condition | None) -> str:
        return rule.text if rule else ""


def _compiled(text: str | None, population: Population) -> Condition | None:
    return None if text is None else condition(text, population.columns)
