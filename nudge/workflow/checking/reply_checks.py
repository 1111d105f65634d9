"""Whether the trial's own words can be told from the words that mean something in every trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.delivery.replies import misread
from nudge.trial.problems import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.problems import Problem


def reply_problems(loaded: LoadedTrial) -> Iterator[Problem]:
    """Words under `replies:` that would be taken for something else, or for two things."""
    first: dict[str, str] = {}
    for name, words in loaded.trial.replies.items():
        for word in words:
            why = misread(word)
            if why:
                yield loaded.source.problem(
                    Level.ERROR, ("replies", name), f"`{word}` {why}", "choose another word, such as YES or a letter"
                )
            elif first.setdefault(word.casefold(), name) != name:
                yield loaded.source.problem(
                    Level.ERROR, ("replies", name), f"`{word}` already means `{first[word.casefold()]}`",
                    "give every answer words of its own",
                )  # fmt: skip
