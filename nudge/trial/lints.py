"""Advice on a trial file that could be used as it stands, but might not answer, or might not be kind.

Each finding is advice, unless domain.md §4 makes it a rule that protects families: then it
stands before a launch. Nothing but the file is read.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from nudge.trial.mechanisms import MECHANISMS
from nudge.trial.problems import Level, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.model import Trial
    from nudge.trial.parts.arms import Arm, Message
    from nudge.trial.problems import Problem
    from nudge.trial.quantities import SendTime
    from nudge.trial.source import Source, Step

MOST_SUBGROUPS = 3
HALF = 0.5
NORM_FADES = 3  # years
EARLIEST, LATEST = time(9), time(19)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
A_MONTH_AT_MOST = 3
LONG = timedelta(days=365)
"""An outcome a year on is no longer the first thing that happens."""
_SUNDAY = 6


def lints(trial: Trial, source: Source, today: date) -> Iterator[Problem]:
    """What is worth saying of a file that has no errors. today: the age of a norm is counted from it."""
    if trial.run_elsewhere:
        return
    for one in (_dose, _several_mechanisms, _vocabulary, _outcomes, _subgroups, _law, _recipients, _times, _often):
        yield from one(trial, source)
    yield from _norms(trial, source, today)


def _dose(trial: Trial, source: Source) -> Iterator[Problem]:
    """Arms are told apart by their words only where number and timing are the same."""
    for pair in trial.comparisons:
        arm, other = trial.arms[pair.arm], trial.arms[pair.control]
        if not (arm.messages and other.messages) or arm.dose or other.dose:
            continue
        same_words = {message.template for message in arm.messages} == {m.template for m in other.messages}
        if same_words or _sends(arm) == _sends(other):
            continue
        yield source.problem(
            Level.ADVICE, ("arms", pair.arm, "messages"),
            f"differs from {pair.control} in number or timing of messages as well as in words "
            f"({listed(_sends(arm))} against {listed(_sends(other))}), so the trial cannot tell which of them worked",
            "send both the same number at the same times, or name the difference in `dose:`",
        )  # fmt: skip


def _sends(arm: Arm) -> list[str]:
    return sorted(message.when for message in arm.messages)


def _several_mechanisms(trial: Trial, source: Source) -> Iterator[Problem]:
    """An arm held against no other that differs from it in one mechanism."""
    for name, arm in trial.arms.items():
        others = [pair.control for pair in trial.comparisons if pair.arm == name]
        added = [[word for word in arm.mechanism if word not in trial.arms[other].mechanism] for other in others]
        if not added or min(len(words) for words in added) < 2:  # noqa: PLR2004 - one change at a time is what is asked
            continue
        yield source.problem(
            Level.ADVICE, ("arms", name, "mechanism"),
            f"changes {listed(added[0])} at once, so the trial cannot tell which of them worked",
            "compare it with an arm that differs in one, or give each an arm of its own",
        )  # fmt: skip


def _vocabulary(trial: Trial, source: Source) -> Iterator[Problem]:
    for name, arm in trial.arms.items():
        for i, word in enumerate(arm.mechanism):
            if word in MECHANISMS:
                continue
            guess = nearest(word, MECHANISMS)
            yield source.problem(
                Level.ADVICE, ("arms", name, "mechanism", i),
                f"`{word}` is not among the mechanisms that trials here are compared by",
                f"did you mean `{guess}`?" if guess else f"use {listed(MECHANISMS, 'or')}",
            )  # fmt: skip


def _norms(trial: Trial, source: Source, today: date) -> Iterator[Problem]:
    for name, arm in trial.arms.items():
        path: tuple[Step, ...] = ("arms", name)
        if arm.norm is None:
            if "social_norm" in arm.mechanism:
                yield norm_missing(source, path)
            continue
        if arm.norm.share < HALF:
            yield source.problem(
                Level.LAUNCH, (*path, "norm", "share"),
                f"{arm.norm.share:.0%} is not most families: saying so teaches people to stay away",
                "drop the norm, or use words that need none",
            )  # fmt: skip
        year, month = map(int, arm.norm.dated.split("-"))
        if (today.year - year, today.month - month) > (NORM_FADES, 0):
            yield source.problem(
                Level.ADVICE, (*path, "norm", "dated"), f"{arm.norm.dated} is more than {NORM_FADES} years ago",
                "find this year's figure, and check that it is still above half",
            )  # fmt: skip


def norm_missing(source: Source, path: tuple[Step, ...]) -> Problem:
    """A claim about other families that nobody could check."""
    return source.problem(
        Level.LAUNCH, path, "tells families what others do, and nothing shows that it is true",
        "add `norm: {share: 82%, source: …, dated: 2026-03}`",
    )  # fmt: skip


def _outcomes(trial: Trial, source: Source) -> Iterator[Problem]:
    for name, outcome in trial.outcomes.items():
        record = outcome.source
        if record is not None and record.covers is None and outcome.denominator is None:
            yield source.problem(
                Level.ADVICE, ("outcomes", name), "does not say of whom it is counted",
                "add `covers:` to its source, or `denominator:`, such as `denominator: children due a review`",
            )  # fmt: skip
    roles = {outcome.role for outcome in trial.outcomes.values()}
    soon = [
        name for name, outcome in trial.outcomes.items()
        if outcome.role == "primary" and outcome.window is not None and outcome.window.length.delta() < LONG
    ]  # fmt: skip
    if trial.stage == "pilot" and soon and "distal" not in roles:  # beyond a pilot it is mandatory
        yield source.problem(
            Level.ADVICE, ("outcomes", soon[0]), "is only the first thing that happens, and no outcome looks further",
            "add an outcome with `role: distal` and `expected:`: narrow, early outcomes flatter",
        )  # fmt: skip


def _subgroups(trial: Trial, source: Source) -> Iterator[Problem]:
    number = len(trial.analysis.subgroups)
    if number > MOST_SUBGROUPS:
        yield source.problem(
            Level.LAUNCH, ("analysis", "subgroups"), f"names {number} subgroups: of so many, one will differ by chance",
            f"keep the {MOST_SUBGROUPS} that the decision depends on",
        )  # fmt: skip


def _law(trial: Trial, source: Source) -> Iterator[Problem]:
    data = trial.data_protection
    if data is None:
        return  # mandatory says so
    path: tuple[Step, ...] = ("data_protection",)
    if data.message_class is None:
        yield source.problem(
            Level.LAUNCH, path, "does not say what kind of message this is in law",
            "add `message_class: public_task` (or service, or marketing)",
        )  # fmt: skip
    if "public_task" in {data.basis, data.message_class} and data.function is None:
        yield source.problem(
            Level.LAUNCH, path, "rests on a public task without naming it",
            "add `function:` with the Act and section, such as Childcare Act 2006 s.1",
        )  # fmt: skip
    if data.message_class == "marketing" and data.basis != "consent":
        yield source.problem(
            Level.LAUNCH, (*path, "basis"),
            f"marketing by text or email needs consent (PECR regulation 22), and the basis is `{data.basis}`",
            "write `basis: consent` and keep the record of it, or change what is sent",
        )  # fmt: skip


def _recipients(trial: Trial, source: Source) -> Iterator[Problem]:
    recipient = trial.population.contact.recipient
    signed = trial.safeguarding is not None and trial.safeguarding.signed_off is not None
    assessed = trial.data_protection is not None and trial.data_protection.dpia is not None
    path: tuple[Step, ...] = ("population", "contact", "recipient")
    if recipient != "adult" and not signed:
        who = "under 16" if recipient == "under_16" else "aged 16 and 17"
        yield source.problem(
            Level.LAUNCH, path, f"writes to young people {who} themselves, and nobody for safeguarding agreed to it",
            "write to an adult with parental responsibility, or add `signed_off:` to `safeguarding`",
        )  # fmt: skip
    if recipient == "under_16" and not assessed:
        yield source.problem(
            Level.LAUNCH, path, "writes to young people under 16 without an assessment of what their data is used for",
            "add `dpia:` to `data_protection`",
        )  # fmt: skip


def _times(trial: Trial, source: Source) -> Iterator[Problem]:
    """Decent hours; a Sunday where the day stands in the file."""
    for path, message in _messages(trial):
        at = message.send.at
        if at is not None and not EARLIEST <= at <= LATEST:
            yield source.problem(
                Level.LAUNCH, path, f"{at:%H:%M} is no hour to write to a family", "send between 09:00 and 19:00"
            )
        day = _moment(message.send)
        if message.send.root.kind == "date" and (date.min + day).weekday() == _SUNDAY:
            yield source.problem(Level.LAUNCH, path, f"{date.min + day} is a Sunday", "send on another day of the week")


def _messages(trial: Trial) -> Iterator[tuple[tuple[Step, ...], Message]]:
    for name, arm in trial.arms.items():
        for i, message in enumerate(arm.messages):
            yield ("arms", name, "messages", i, "send"), message


def _moment(send: SendTime) -> timedelta:
    """How long after what it hangs on a message goes out; for a day in the calendar, after the year 1."""
    shift = send.offset.delta() if send.offset else timedelta()
    if send.anchor.send is not None:
        return _moment(send.anchor.send) + shift
    base = date.fromisoformat(send.anchor.name) - date.min if send.anchor.kind == "date" else timedelta()
    return base - shift if send.back else base + shift


def _often(trial: Trial, source: Source) -> Iterator[Problem]:
    """No more than one message a week and three a month, as far as sends hang on the same day."""
    for name, arm in trial.arms.items():
        anchors: dict[str, list[timedelta]] = {}
        for message in arm.messages:
            anchor = message.send.root
            key = anchor.kind if anchor.kind == "date" else str(anchor)
            anchors.setdefault(key, []).append(_moment(message.send))
        for moments in anchors.values():
            what = too_often(sorted(moments))
            if what:
                yield source.problem(
                    Level.LAUNCH, ("arms", name, "messages"), f"plans {what} for one household",
                    "send one a week and three a month at most, over all trials",
                )  # fmt: skip


def too_often(moments: Sequence[timedelta]) -> str:
    """What is too much about messages so long after one day, in their order; empty where nothing is."""
    if any(later - earlier < WEEK for earlier, later in pairwise(moments)):
        return "two messages within a week"
    fourths = zip(moments, moments[A_MONTH_AT_MOST:], strict=False)
    return "four messages within a month" if any(later - earlier < MONTH for earlier, later in fourths) else ""
