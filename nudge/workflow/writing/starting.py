"""`nudge new`: ask, check each answer as the checker would, and write a file that can be used as a draft."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nudge.design.priors import PRIORS
from nudge.messages.templates import find_template, read_template, template_names
from nudge.trial import grammar
from nudge.trial.errors import InputError, ProblemsFound, Refused
from nudge.trial.library import template_folders
from nudge.trial.load import load_text
from nudge.trial.problems import Problem, Problems
from nudge.trial.quantities import GrammarError
from nudge.workflow.checking.naming import named_templates, named_things
from nudge.workflow.writing.drafting import Wording, trial_text, words
from nudge.workflow.writing.questions import QUESTIONS, Question
from nudge.workflow.writing.schema import write_schema

Ask = Callable[[Question, str, str], str]
"""Puts a question with its default and its reason, and gives back what was typed."""

_FOLDER = Path("experiments")
_PER_ARM = 100


def draft_path(given: str) -> Path:
    """`school-attendance` is experiments/school-attendance.yaml; a path is itself."""
    return Path(given) if given.endswith((".yaml", ".yml")) else _FOLDER / f"{given}.yaml"


def known_wordings(folder: Path) -> dict[str, Wording]:
    """The templates a trial file in this folder can name, without those that cannot be used."""
    folders = template_folders(folder, Path.cwd())
    found: dict[str, Wording] = {}
    for name in template_names(folders):
        place = find_template(name, folders)
        problems = Problems()
        variants = read_template(name, place, problems) if place else []
        if variants and not problems.fatal:
            found[name] = Wording(
                name,
                tuple(dict.fromkeys(one for variant in variants for one in variant.mechanism)),
                tuple(sorted({one for variant in variants for one in variant.variables})),
                tuple(sorted({variant.channel for variant in variants})),
            )
    return found


@dataclass
class Draft:
    """The answers so far; what has not been asked yet stands at its default."""

    path: Path
    wordings: Mapping[str, Wording]
    given: dict[str, str] = field(default_factory=dict)

    @property
    def answers(self) -> dict[str, str]:
        """Every question's answer, in the order of the steps."""
        found: dict[str, str] = {}
        for key, question in QUESTIONS.items():
            if question.only_if and not found[question.only_if]:
                found[key] = ""
            else:
                found[key] = self.given[key] if key in self.given else self.filled(question.default, found)
        return found

    def default(self, question: Question) -> str:
        """What is taken where nothing is answered."""
        return self.filled(question.default, self.answers)

    def why(self, question: Question) -> str:
        """The reason shown beside a question."""
        return self.filled(question.why, self.answers)

    def filled(self, text: str, answers: Mapping[str, str]) -> str:
        """A default or a reason with what earlier answers make of it."""
        for word, make in _MADE.items():
            if f"{{{word}}}" in text:
                text = text.replace(f"{{{word}}}", make(self, answers))
        return text

    def take(self, key: str, typed: str) -> list[str]:
        """Take an answer, or say what is wrong with it as the checker would, and keep the earlier one."""
        before = dict(self.given)
        self.given[key] = self._read(key, typed)
        said = [f"{flaw.what}; {flaw.remedy}" for flaw in self.flaws()]
        if said:
            self.given = before
        return list(dict.fromkeys(said))

    def _read(self, key: str, typed: str) -> str:
        """An answer on one line; a single hyphen is none; templates may be given by number."""
        text = " ".join(typed.split())
        if text == "-":
            return ""
        if key == "templates":
            names = list(self.wordings)
            return ", ".join(
                names[int(word) - 1] if word.isdecimal() and 0 < int(word) <= len(names) else word
                for word in words(text)
            )
        return text

    def roll_columns(self) -> list[str]:
        """The columns of the roll, where it is there already."""
        roll = self.path.parent / self.answers["people"]
        if not roll.is_file():
            return []
        with roll.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return next(csv.reader(file), [])

    @property
    def text(self) -> str:
        """The trial file as the answers make it."""
        return trial_text(self.path.stem, self.answers, self.wordings)

    def flaws(self) -> list[Problem]:
        """Why the file could not be used: what `nudge check` calls errors, less those of the roll."""
        problems = Problems()
        try:
            loaded = load_text(self.text, self.path)
        except ProblemsFound as found:
            return list(found.problems)
        problems.extend(named_things(loaded))
        named_templates(loaded, problems)
        return [problem for problem in problems if problem.level == "error"]


def _date_column(draft: Draft, answers: Mapping[str, str]) -> str:
    asked = [one for name in words(answers["templates"]) if name in draft.wordings
             for one in draft.wordings[name].variables]  # fmt: skip
    return next((name for name in asked if "date" in name or "appointment" in name), "")


def _send_time(draft: Draft, answers: Mapping[str, str]) -> str:
    column = _date_column(draft, answers)
    return f"3 days before {column} at 10:00" if column else "1 day after allocation at 10:00"


def _carried(channel: str, column: str) -> Callable[[Draft, Mapping[str, str]], str]:
    """A contact column where the chosen messages have words for that channel, or none are known."""

    def made(draft: Draft, answers: Mapping[str, str]) -> str:
        chosen = [draft.wordings[name] for name in words(answers["templates"]) if name in draft.wordings]
        return column if not chosen or any(channel in wording.channels for wording in chosen) else ""

    return made


def _prior(draft: Draft, answers: Mapping[str, str]) -> str:
    """The prior of domain knowledge nearest to this trial; never one of an academic study."""
    if answers["setting"] == "school":
        return "parent_texts"
    chosen = [draft.wordings[name] for name in words(answers["templates"]) if name in draft.wordings]
    plain = bool(chosen) and all(wording.mechanism == ("reminder",) for wording in chosen)
    return "first_reminder" if plain else "nudge_unit"


def _prior_because(_draft: Draft, _answers: Mapping[str, str]) -> str:
    return "; ".join(f"`{one.name}` {one.mean * 100:+.1f} points, {one.because}" for one in PRIORS.values())


def units_needed(answers: Mapping[str, str]) -> int | None:
    """Units in all for a power of 80 % at the smallest worthwhile change, each counted alone.

    Each new arm is held against `usual`; alpha is shared over these comparisons, as Holm's first
    step does. None where no number of units shows it.
    """
    from nudge.design.power import Block, Plan, factor_needed

    try:
        baseline, effect = grammar.proportion(answers["baseline"]), grammar.difference(answers["worthwhile"]).value
    except GrammarError:
        return None
    comparisons = max(len(words(answers["templates"])), 1)
    plan = Plan((Block(_PER_ARM, _PER_ARM),), alpha=0.05 / comparisons, baseline=baseline)
    factor = factor_needed(plan, effect, 0.8)
    return None if factor is None else math.ceil(_PER_ARM * factor) * (comparisons + 1)


def _units_needed(_draft: Draft, answers: Mapping[str, str]) -> str:
    needed = units_needed(answers)
    return "" if needed is None else str(needed)


def _size_needed(_draft: Draft, answers: Mapping[str, str]) -> str:
    needed = units_needed(answers)
    if needed is None:
        return "No number of families can show a change that small."
    return (
        f"To find {answers['worthwhile']} from {answers['baseline']} with 80% power takes about {needed:,} in all, if "
        "each counts alone; siblings and sites make it more. With fewer, say how many there are."
    )


_MADE: dict[str, Callable[[Draft, Mapping[str, str]], str]] = {
    "name": lambda draft, _: draft.path.stem,
    "readable": lambda draft, _: draft.path.stem.replace("-", " ").replace("_", " ").capitalize(),
    "first_template": lambda draft, _: next(iter(draft.wordings), ""),
    "harm_word": lambda _, answers: "" if answers["outcome"] == "complaint" else "complaint",
    "harm": lambda _, answers: answers["harm"],
    "method": lambda _, answers: "blocked" if answers["blocks"] else "complete",
    "send_time": _send_time,
    "sms_column": _carried("sms", "mobile"),
    "email_column": _carried("email", "email"),
    "prior": _prior,
    "prior_because": _prior_because,
    "units_needed": _units_needed,
    "size_needed": _size_needed,
}


def interview(draft: Draft, flags: Mapping[str, str], ask: Ask | None, complain: Callable[[str], None]) -> None:
    """Go through the steps: flags first, then questions; without `ask`, defaults.

    Raises InputError, naming the flag, where a flag's value cannot stand.
    """
    for key, question in QUESTIONS.items():
        if key in flags:
            said = draft.take(key, flags[key])
            if said:
                raise InputError(f"--{key.replace('_', '-')}: {said[0]}")
        elif ask and not (question.only_if and not draft.answers[question.only_if]):
            said = draft.take(key, ask(question, draft.default(question), draft.why(question)))
            while said:
                for sentence in said:
                    complain(sentence)
                said = draft.take(key, ask(question, draft.default(question), draft.why(question)))
    left = draft.flaws()
    if left:
        raise ProblemsFound(left)


def begin(path: Path, *, force: bool) -> Draft:
    """An empty draft for this path. Raises Refused over a file that exists, InputError for an unusable name."""
    if path.exists() and not force:
        raise Refused(f"{path} exists", "choose another name, write on in it, or replace it with --force")
    draft = Draft(path, known_wordings(path.parent))
    flaw = next(iter(draft.flaws()), None)
    if flaw is not None:
        raise InputError(flaw.what, flaw.remedy)
    return draft


def write_draft(draft: Draft, *, force: bool) -> Path:
    """Write the file, whole or not at all, and the schema beside it; returns the schema's path."""
    draft.path.parent.mkdir(parents=True, exist_ok=True)
    part = draft.path.with_name(f".{draft.path.name}.part")
    try:
        part.write_text(draft.text, encoding="utf-8")
        schema = write_schema(draft.path.parent)
        if not force:
            draft.path.touch(exist_ok=False)  # whoever comes second is refused
        part.replace(draft.path)
    except FileExistsError:
        raise Refused(f"{draft.path} exists by now", "choose another name, or replace it with --force") from None
    finally:
        part.unlink(missing_ok=True)
    return schema
