"""When messages go, as far as the file alone says it: dates they hang on, messages they follow, answers they await."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from nudge.trial.conditions import RESERVED
from nudge.trial.problems import Level, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nudge.trial.model import Trial
    from nudge.trial.parts.arms import Message
    from nudge.trial.problems import Problem
    from nudge.trial.quantities import Anchor
    from nudge.trial.source import Source, Step

TAKEN = RESERVED | {"allocation", "first_planned_send", "row", "link", "plural"}
"""Words with a meaning of their own, so no column and no message is called so."""
_DAY = timedelta(days=1)


def unknown_name(source: Source, path: tuple[Step, ...], word: str, known: Iterable[str], what: str) -> Problem:
    """A name that is not among those known, with the nearest that is."""
    names = list(known)
    guess = nearest(word, names)
    remedy = f"did you mean `{guess}`?" if guess else f"name {listed(names, 'or')}" if names else f"declare {what}"
    return source.problem(Level.ERROR, path, f"`{word}` is not {what}", remedy)


def date_anchor(
    source: Source, path: tuple[Step, ...], anchor: Anchor, columns: Mapping[str, str], messages: Sequence[str] = ()
) -> Iterator[Problem]:
    """What a window or a send counts from is a date of the roll. messages: what a send may follow instead."""
    if anchor.kind != "column":
        return
    dates = [name for name, kind in columns.items() if kind == "date"]
    if anchor.name not in columns:
        known = [*dates, *messages, "allocation"]
        what = "a date column or an earlier message" if messages else "a date column"
        yield unknown_name(source, path, anchor.name, known, what)
    elif columns[anchor.name] != "date":
        yield source.problem(
            Level.ERROR, path, f"`{anchor.name}` is a {columns[anchor.name]}, not a date",
            f"name {listed(dates, 'or')}" if dates else "declare a date column",
        )  # fmt: skip


def sequence(
    trial: Trial, source: Source, path: tuple[Step, ...], earlier: Sequence[Message], message: Message
) -> Iterator[Problem]:
    """One message of an arm, and those that stand before it."""
    names = [one.name for one in earlier if one.name is not None]
    yield from _name(trial, source, path, names, message)
    yield from _follows(trial, source, path, names, message)
    for i, channel in enumerate(message.by):
        if trial.population.contact.column_of(channel) is None and not trial.run_elsewhere:
            yield source.problem(
                Level.ERROR, (*path, "by", i), f"goes by {channel}, and no column holds what that needs",
                f"add `contact: {{{channel}: COLUMN}}`, or name another channel",
            )  # fmt: skip
        elif channel not in trial.population.contact.prefer:
            yield source.problem(
                Level.ERROR, (*path, "by", i), f"goes by {channel}, which `contact.prefer` leaves out",
                f"add {channel} to `prefer`",
            )  # fmt: skip
    if message.only_if is not None and message.only_if.keyword and message.only_if.keyword not in trial.replies:
        yield unknown_name(
            source, (*path, "only_if"), message.only_if.keyword, trial.replies, "one of the answers in `replies`"
        )


def _name(
    trial: Trial, source: Source, path: tuple[Step, ...], names: Sequence[str], message: Message
) -> Iterator[Problem]:
    here = (*path, "name")
    if message.name in names:
        yield source.problem(
            Level.ERROR, here, f"`{message.name}` is the name of an earlier message too", "give each a name of its own"
        )
    elif message.name is not None and message.name in TAKEN | set(trial.population.columns):
        yield source.problem(
            Level.ERROR, here, f"`{message.name}` means something else in this file", "give the message another name"
        )


def _follows(
    trial: Trial, source: Source, path: tuple[Step, ...], names: Sequence[str], message: Message
) -> Iterator[Problem]:
    """A message that follows another stands after it in the file, which leaves no room for a circle, and goes later."""
    send, here = message.send, (*path, "send")
    arm = trial.arms[str(path[1])]
    if send.anchor.kind == "column" and send.anchor.name not in trial.population.columns:
        later = {one.name for one in arm.messages} - set(names)
        if send.anchor.name in later:
            itself = send.anchor.name == message.name
            yield source.problem(
                Level.ERROR, here,
                f"follows {'itself' if itself else f'`{send.anchor.name}`, which does not stand before it'}",
                "list messages in the order in which they go, and let each follow one above it",
            )  # fmt: skip
            return
    yield from date_anchor(source, here, send.anchor, trial.population.columns, names)
    if send.anchor.kind != "message":
        return
    length = send.offset.delta() if send.offset else timedelta()
    if send.back or not length or (send.at is not None and length < _DAY):
        yield source.problem(
            Level.ERROR, here, f"may go before `{send.anchor.name}`, which it follows",
            f"write `7 days after {send.anchor.name} at 10:00`, at least a day later where a time of day is named",
        )  # fmt: skip
