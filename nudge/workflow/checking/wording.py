"""The words of a trial held to the rules, as every made-up family would read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.messages.characters import dear_characters
from nudge.messages.checks import Remark, remarks
from nudge.messages.lexicon import LEXICON
from nudge.messages.render import RenderError, render
from nudge.trial.problems import Level, Problem
from nudge.workflow.checking.edge_cases import TYPICAL, asked_of, families

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nudge.messages.links import Manner
    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.trial.parts.arms import Arm
    from nudge.trial.records.messages import Template

_OF_THE_WORDS = frozenset({"reading_age", "long_sentence"})
"""What is measured of the wording, whatever the family's name or day."""
_LISTED = frozenset(LEXICON["threat"])


def wording_problems(loaded: LoadedTrial, templates: Sequence[Template], manner: Manner) -> Iterator[Problem]:
    """What is wrong with each wording, at its file and line, and with the arms' dose of it."""
    trial = loaded.trial
    for template in templates:
        arms = [arm for arm in trial.arms.values() if any(one.template == template.name for one in arm.messages)]
        found = list(_remarks(trial, template, manner))
        for remark in found:
            if remark.kind == "norm" and all(arm.norm is not None for arm in arms):
                continue
            line, column = _place(template, remark.phrase)
            yield Problem(remark.level, template.file, line, column, "", remark.what, remark.remedy)
        yield from _spoken(trial, template)
        yield from _unlisted(template)
    yield from _dose(loaded, templates, manner)


def _remarks(trial: Trial, template: Template, manner: Manner) -> Iterator[Remark]:
    """Each kind of remark once: of the typical family, or of the first odd one that calls for it."""
    seen: set[str] = set()
    for family in asked_of(template, families(trial, template.language)):
        try:
            words = render(template, family.columns, family.label, manner)
        except RenderError as error:
            if family.label == TYPICAL:
                yield Remark("unrendered", Level.LAUNCH, f"cannot be made for {TYPICAL}: {error.what}", error.remedy)
            continue  # a blank that the words need shows in the preview, and for the roll's families in `check`
        for one in (*remarks(template, words), *dear_characters(template, words, manner.sent_by)):
            if one.kind in seen or (one.kind in _OF_THE_WORDS and family.label != TYPICAL):
                continue
            seen.add(one.kind)
            said = one.what if family.label == TYPICAL else f"{one.what}, for a family with {family.label}"
            yield Remark(one.kind, one.level, said, one.remedy, one.phrase)


def _place(template: Template, phrase: str) -> tuple[int, int]:
    """Line and column of a phrase in the template's file; its first line where it is not found as it is."""
    for number, line in enumerate(template.body.split("\n")):
        at = line.replace("’", "'").casefold().find(phrase.replace("’", "'").casefold()) if phrase else -1
        if at >= 0:
            return template.first_line + number, at + 1
    return template.first_line, 1


def _spoken(trial: Trial, template: Template) -> Iterator[Problem]:
    """Texts say nothing that the roll holds of one family, but days and numbers."""
    if template.channel != "sms":
        return
    for name, line in template.spoken.items():
        kind = trial.population.columns.get(name)
        if kind in {"text", "category"} and name not in template.allows:
            yield Problem(
                Level.LAUNCH, template.file, line, 1, "",
                f"says `{name}`, which may be a child's name or a place, and others read texts on a shared phone",
                f"leave it out of texts, or say in the head who agreed to it: `allows: {{{name}: …}}`",
            )  # fmt: skip


def _unlisted(template: Template) -> Iterator[Problem]:
    if template.language not in _LISTED:
        yield Problem(
            Level.ADVICE, template.file, template.first_line, 1, "",
            f"is in `{template.language}`, of which no words are listed here for threat, shame, services or needs, "
            "and no reading age is measured",
            "have someone who reads it look for them",
        )  # fmt: skip


def _dose(loaded: LoadedTrial, templates: Sequence[Template], manner: Manner) -> Iterator[Problem]:
    """Arms that are compared send texts of the same length, in segments."""
    by_key = {template.key: template for template in templates}
    trial = loaded.trial
    for pair in trial.comparisons:
        arm, other = trial.arms[pair.arm], trial.arms[pair.control]
        if arm.dose or other.dose or len(arm.messages) != len(other.messages):
            continue  # lints tells of a different number
        for language in sorted({template.language for template in templates}):
            sizes = [_size(trial, one, by_key, language, manner) for one in (arm, other)]
            if None in sizes or sizes[0] == sizes[1]:
                continue
            yield loaded.source.problem(
                Level.ADVICE, ("arms", pair.arm, "messages"),
                f"sends {sizes[0]} segments in `{language}` and {pair.control} {sizes[1]}, so the arms differ in "
                "length as well as in words",
                "make them as long as each other, or name the difference in `dose:`",
            )  # fmt: skip


def _size(
    trial: Trial, arm: Arm, templates: Mapping[str, Template], language: str, manner: Manner
) -> int | None:  # fmt: skip
    """Segments a typical family gets in an arm; None where it gets no texts in this language."""
    typical = families(trial, language)[0]
    count = 0
    for message in arm.messages:
        template = templates.get(f"{message.template}/sms.{language}")
        if template is None:
            return None
        try:
            count += render(template, typical.columns, typical.label, manner).segments
        except RenderError:
            return None
    return count or None
