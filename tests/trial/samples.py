"""A small trial file that has nothing wrong with it, and ways to break it in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nudge.trial.errors import ProblemsFound
from nudge.trial.load import load_trial
from nudge.trial.problems import Level, Problem

TRIAL = """\
trial: small
question: Do reminders help?
population:
  people: people.csv
  id: person_ref
  columns: {age: number, visit: date, hub: category, refuge: yes_no, notes: text}
  contact: {sms: mobile}
  safe_to_contact: {sms: safe_to_text}
  eligible: age >= 2
channels: {sms: outbox}
arms:
  usual: {control: yes, receives: the usual letter}
  reminder:
    messages: [{template: visit, send: 7 days before visit at 10:00}]
randomise: {method: complete}
outcomes:
  came:
    role: primary
    kind: binary
    better: higher
    source: {csv_file: came.csv, date: day, value: present, no_record: missing}
    window: 28 days from first_planned_send
    worthwhile: 5 points
analysis: {comparisons: [reminder - usual]}
safeguarding: {replies_to: duty team, hours: Mon-Fri, escalate_within: 4 hours}
data_protection: {basis: public_task, retention: 12 months}
coproduction: Read by four parents.
decision: {owner: Head, by: 2027-06-01, rule: adopt if worthwhile}
stage: pilot
"""

ELSEWHERE = """\
trial: published
population:
  columns: {hub: category, age: number}
arms:
  usual: {control: yes}
  default: {receives: opting out}
allocation: {from: rows.csv, arm: arm, codes: {usual: 0, default: 1}, ratio: {usual: 1, default: 1}}
outcomes:
  took: {role: primary, kind: binary, better: higher, source: {value: took, no_record: missing}, worthwhile: 5 points}
"""

Says = Callable[[str], list[str]]
"""What is said of a trial file with this text: each problem as it is shown, less the file's name."""


def changed(old: str, new: str, text: str = TRIAL) -> str:
    """The sample with one piece of it, which stands there once, replaced."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the sample"
    return text.replace(old, new)


def place(text: str, piece: str) -> str:
    """`line:column` of a piece that stands in a text once, counted as an editor does."""
    assert text.count(piece) == 1, f"{piece!r} stands {text.count(piece)} times"
    before = text[: text.index(piece)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def told(at: str, path: str, what: str, remedy: str) -> str:
    """A problem as it is shown, less the file's name."""
    return f"{at}: {path}: {what}; {remedy}"


def errors_of(path: Path) -> list[str]:
    """Why a trial file cannot be used; where it can, there must be nothing else to say of it."""
    try:
        lesser = load_trial(path).problems
    except ProblemsFound as error:
        found = error.problems
    else:
        assert _shown(path, lesser) == []
        return []
    assert {problem.level for problem in found} == {Level.ERROR}
    return _shown(path, found)


def before_launch_of(path: Path) -> list[str]:
    """What stands between a trial file that can be used and families."""
    problems = load_trial(path).problems
    assert {problem.level for problem in problems} <= {Level.LAUNCH}
    return _shown(path, problems)


def _shown(path: Path, problems: Iterable[Problem]) -> list[str]:
    return [str(problem).removeprefix(f"{path}:").strip() for problem in problems]
