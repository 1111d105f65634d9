"""Problems of anything a person writes: trial files, templates, rolls, outcome files.

Each names its place, what is wrong and what to do. All are reported at once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nudge.trial.errors import ProblemsFound

if TYPE_CHECKING:
    from collections.abc import Iterable


class Level(enum.StrEnum):
    """How much a problem stands in the way."""

    ERROR = "error"
    """The file cannot be used (exit code 2)."""

    LAUNCH = "launch"
    """Stands between this file and families (`check --launch` exits 1)."""

    ADVICE = "advice"
    """Worth knowing; nothing is stopped."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, at one place.

    `line` and `column` count from 1; 0 means the file as a whole.
    """

    level: Level
    file: str
    line: int
    column: int
    path: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """`file:line:column: path: what is wrong; what to do`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        subject = f" {self.path}:" if self.path else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}:{subject} {self.what}{remedy}"

    def as_json(self) -> dict[str, str | int]:
        """The problem as plain values, for editors."""
        return asdict(self)


@dataclass(slots=True)
class Problems:
    """The problems found so far in one file or stage."""

    found: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Note one more problem."""
        self.found.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note several."""
        self.found.extend(problems)

    def __iter__(self) -> Iterator[Problem]:
        """All problems, in the order of their places."""
        return iter(sorted(self.found, key=lambda p: (p.file, p.line, p.column)))

    def __len__(self) -> int:
        """How many were found."""
        return len(self.found)

    def at(self, level: Level) -> list[Problem]:
        """Those of one level."""
        return [problem for problem in self if problem.level == level]

    @property
    def fatal(self) -> bool:
        """Whether any is an error."""
        return any(problem.level == Level.ERROR for problem in self.found)

    def raise_if_fatal(self) -> None:
        """Raise ProblemsFound with every error there is."""
        if self.fatal:
            raise ProblemsFound(self.at(Level.ERROR))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be, or an empty string."""
    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    items = list(words)
    if len(items) < 2:  # noqa: PLR2004 - one word needs no joining
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
