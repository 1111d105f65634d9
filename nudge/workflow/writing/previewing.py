"""Every arm's words as made-up families read them: every language, channel and odd case, with segments and cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nudge.delivery.plan import Planner
from nudge.messages.characters import named
from nudge.messages.links import Manner
from nudge.messages.reading import reading
from nudge.messages.segments import counted_by
from nudge.report.preview import preview_page
from nudge.trial.errors import InputError, ProblemsFound
from nudge.trial.problems import Level
from nudge.trial.records.messages import Previewed, Template
from nudge.trial.records.people import ContactPoint, Person, Unit
from nudge.workflow.checking.edge_cases import asked_of, families, two_children
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.checking.rendering import Rendered, Unrendered, example_person, render_arm
from nudge.workflow.dispatching.linking import rehearsed

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from nudge.trial.model import Trial


def preview_words(path: Path, now: datetime, chosen: Sequence[str], link_base: str = "") -> list[Previewed]:
    """Each arm's words for made-up families of every kind, or for the chosen units of the roll."""
    examined = usable(path, now, link_base)
    planner = Planner(examined.trial, examined.variants, now)
    templates = {template.key: template for template in examined.templates}
    trying = _Trying(planner, templates, rehearsed(examined.trial, link_base))
    if not chosen:
        made = [row for arm in examined.trial.arms for row in trying.made_up(arm, _languages(examined))]
        return [replace(row, families=(*row.families, *_when(planner, row.arm))) for row in made]
    units = {unit.id: unit for unit in units_to_try(examined, now)}
    unknown = sorted(set(chosen) - set(units))
    if unknown:
        raise InputError(f"no unit `{unknown[0]}` takes part in {examined.trial.trial}", "name a unit of the roll")
    return [
        trying.row(one, units[unit].people[0].language, (unit,))
        for arm in examined.trial.arms for unit in chosen for one in trying.of(units[unit], arm)
    ]  # fmt: skip


def _when(planner: Planner, arm: str) -> tuple[str, ...]:
    """In a stepped wedge every family may get either arm's words: which, hangs on the day."""
    if planner.crossings is None:
        return ()
    return ("until its site has crossed",) if arm == planner.trial.control else ("once its site has crossed",)


def write_preview(path: Path, rows: Sequence[Previewed], target: Path) -> Path:
    """The preview as one accessible HTML page."""
    from nudge.trial.load import load_trial

    target.write_text(preview_page(load_trial(path).trial, rows), encoding="utf-8")
    return target


def usable(path: Path, now: datetime, link_base: str = "") -> Examined:
    """A trial file without errors. Raises ProblemsFound with them."""
    examined = examine(path, now, link_base)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    return examined


def _languages(examined: Examined) -> list[str]:
    """Those with words, and those that families of the roll read; English first."""
    read = {person.language for unit in examined.roll.units for person in unit.people} if examined.roll else set()
    found = read | {template.language for template in examined.templates}
    return sorted(found, key=lambda language: (language != "en", language))


@dataclass(frozen=True, slots=True)
class _Trying:
    """Words tried on families through the plan that would send them."""

    planner: Planner
    templates: Mapping[str, Template]
    manner: Manner

    def of(self, unit: Unit, arm: str) -> Iterator[Rendered | Unrendered]:
        """What a unit would get in an arm."""
        return render_arm(self.planner, self.templates, unit, arm, self.manner)

    def made_up(self, arm: str, languages: Sequence[str]) -> Iterator[Previewed]:
        """Each wording of an arm once, with the odd families that read exactly it."""
        for number, message in enumerate(self.planner.trial.arms[arm].messages):
            for language in languages:
                for channel in self.planner.trial.channels:
                    yield from self._wordings(arm, number, message.template, channel, language)

    def _wordings(self, arm: str, number: int, name: str, channel: str, language: str) -> Iterator[Previewed]:
        template = self.templates.get(f"{name}/{channel}.{language}") or self.templates.get(f"{name}/{channel}.en")
        if template is None:
            return
        found: dict[tuple[str, ...], Previewed] = {}
        for label, unit in self._units(template, channel, language):
            said = [one for one in self.of(unit, arm) if one.message == number]
            rows = [self.row(one, language, (label,), template) for one in said] or [self._none(arm, number, template)]
            for row in rows:
                row = replace(row, language=language, families=(label,))  # noqa: PLW2901 - the same row, named
                key = (row.subject, row.text, row.refused)
                known = found.get(key)
                named_before = known.families if known else ()
                found[key] = replace(row, families=tuple(dict.fromkeys((*named_before, label))))
        yield from found.values()

    def _units(self, template: Template, channel: str, language: str) -> Iterator[tuple[str, Unit]]:
        contact = (ContactPoint(channel, "made up", safe=True, reserved=True),)
        made = families(self.planner.trial, template.language)
        for family in asked_of(template, made):
            person = Person("1", family.label, 1, family.columns, language, contact)
            yield family.label, Unit(family.label, (person,), ())
        label, rows = two_children(self.planner.trial, made[0])
        people = tuple(Person(str(i), label, i, row, language, contact) for i, row in enumerate(rows, 1))
        yield label, Unit(label, people, ())

    def _none(self, arm: str, number: int, template: Template) -> Previewed:
        send = self.planner.trial.arms[arm].messages[number].send
        why = f"no message: without {send.anchor} there is no time to send it"
        return self._refused(arm, number, template, why)

    def _refused(self, arm: str, number: int, template: Template, why: str) -> Previewed:
        return Previewed(
            arm, number + 1, template.name, template.channel, template.language, fallback=False, families=(), sender="",
            subject="", text="", html="", characters=0, segments=0, encoding="", dear=(), cost=None, reading_age=None,
            longest_sentence=0, refused=why, when=self.planner.trial.arms[arm].messages[number].when,
        )  # fmt: skip

    def row(
        self, one: Rendered | Unrendered, language: str, who: tuple[str, ...], template: Template | None = None
    ) -> Previewed:
        """One message as it is shown."""
        if isinstance(one, Unrendered):
            name = self.planner.trial.arms[one.arm].messages[one.message].template
            chosen = template or next(one for one in self.templates.values() if one.name == name)
            return replace(self._refused(one.arm, one.message, chosen, one.why), families=who, language=language)
        words = one.words
        text = words.channel == "sms"
        cut = counted_by(words.text, self.manner.sent_by)
        measured = reading(words.text, one.language)
        return Previewed(
            one.arm, one.message + 1, words.template.rpartition("/")[0], words.channel, language,
            fallback=one.language != language, families=who, sender=words.sender, subject=words.subject,
            text=words.text, html=words.html, characters=cut.characters if text else len(words.text),
            segments=words.segments if text else 0, encoding=cut.encoding if text else "",
            dear=(named(list(cut.forcing_unicode)),) if text and cut.forcing_unicode else (),
            cost=_cost(self.planner.trial, words.channel, words.segments), reading_age=measured.age,
            longest_sentence=measured.words, when=self.planner.trial.arms[one.arm].messages[one.message].when,
        )  # fmt: skip


def _cost(trial: Trial, channel: str, segments: int) -> float | None:
    """The price of one message, in the file's currency; None where the file gives none."""
    price = {"sms": trial.costs.sms, "email": trial.costs.email}.get(channel) if trial.costs else None
    return None if price is None else price * segments


def units_to_try(examined: Examined, now: datetime) -> list[Unit]:
    """The roll's units; without a roll, one made-up family per language and channel there are words for."""
    if examined.roll is not None:
        return list(examined.roll.units)
    person = example_person(examined.trial, now)
    pairs = sorted({(template.channel, template.language) for template in examined.templates})
    return [
        Unit(
            f"example-{channel}-{language}",
            (replace(person, language=language, contacts=(ContactPoint(channel, "", safe=True, reserved=True),)),), (),
        )
        for channel, language in pairs
    ]  # fmt: skip
