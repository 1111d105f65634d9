"""Every error a person can cause, in one tree.

NudgeError
├── InputError        what was given is wrong (exit code 2)
│   └── ProblemsFound     a file with problems, all of them listed
└── Refused           what was given is right, but must not happen now (exit code 1)
    ├── KeysMissing       a verb that touches contact details has no keys
    ├── LockBroken        file, templates or roll differ from what was locked
    └── EstimationRefused an estimator that would give a wrong number
        ├── ColumnsAlike      columns of its model cannot be told apart
        └── OneUnitDecides    a unit fits itself, so nothing is left to tell its error

An error says what is wrong, shows the value, and gives the remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.problems import Problem


class NudgeError(Exception):
    """Base of every error with a sentence for the person who caused it."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}" if remedy else what)


class InputError(NudgeError):
    """What was given is wrong."""

    exit_code = 2


class ProblemsFound(InputError):
    """A file has problems; all of them are listed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(NudgeError):
    """The request is well formed, but the trial's state or rules forbid it."""


class KeysMissing(Refused):
    """No keys to read or write contact details with."""


class LockBroken(Refused):
    """The file, a template or the roll is not what was locked."""


class EstimationRefused(Refused):
    """The estimator asked for would give a wrong number here."""


class ColumnsAlike(EstimationRefused):
    """Columns of a model cannot be told apart."""


class OneUnitDecides(EstimationRefused):
    """A unit fits itself, and the estimate leans on it."""
