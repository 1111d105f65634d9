"""What one trial file must agree on with itself.

Each check yields problems; none reads anything but the file. Checks that need a roll,
a template or the methods that exist are in `workflow/examine.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nudge.trial.conditions import ConditionError, condition
from nudge.trial.grammar import POINTS
from nudge.trial.inference_checks import absorbing, planned_looks, priced, settled_by_the_draw
from nudge.trial.mandatory import mandatory
from nudge.trial.parts.outcomes import PRESENT
from nudge.trial.problems import Level, listed
from nudge.trial.sequence import TAKEN, date_anchor, sequence, unknown_name
from nudge.trial.sizes import sizes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.problems import Problem
    from nudge.trial.source import Source, Step


COUNTED_HARM = ("opt_out", "complaint", "wrong_recipient", "failure")
"""What a stopping rule can count without an outcome source."""


def check(trial: Trial, source: Source) -> Iterator[Problem]:
    """Every disagreement inside one file."""
    for one in (_arms, _drawing, _population, _messages, _outcomes, _analysis, _governance, mandatory):
        yield from one(trial, source)


def _arms(trial: Trial, source: Source) -> Iterator[Problem]:
    if len(trial.arms) < 2:  # noqa: PLR2004 - a comparison needs two
        yield source.problem(Level.ERROR, ("arms",), "has fewer than two arms", "add the arm to compare with")
    controls = [name for name, arm in trial.arms.items() if arm.control]
    if len(controls) > 1:
        yield source.problem(
            Level.ERROR, ("arms",), f"marks {listed(controls)} as control", "keep `control: true` on one arm"
        )
    if not controls and not trial.analysis.comparisons:
        yield source.problem(
            Level.ERROR, ("arms",), "marks no arm as control", "add `control: true` to the arm others are held against"
        )
    if trial.run_elsewhere:
        return
    for name, arm in trial.arms.items():
        if not arm.messages and not arm.receives:
            yield source.problem(
                Level.LAUNCH, ("arms", name), "does not say what this arm receives",
                "add `messages:` or `receives:` (usual service is something too)",
            )  # fmt: skip


def _drawing(trial: Trial, source: Source) -> Iterator[Problem]:
    if (trial.randomise is None) == (trial.allocation is None):
        both = trial.randomise is not None
        yield source.problem(
            Level.ERROR, ("randomise",) if both else (),
            "says both how to draw arms and that they were drawn elsewhere" if both
            else "does not say how arms are drawn",
            "keep `randomise:` for a trial run here, `allocation: {from: …}` for one run elsewhere",
        )  # fmt: skip
    if trial.randomise is not None:
        yield from _every_arm(trial, source, ("randomise", "ratio"), trial.randomise.ratio, "share")
        yield from _blocks(trial, source)
    if trial.allocation is not None:
        codes = trial.allocation.codes
        yield from _every_arm(trial, source, ("allocation", "ratio"), trial.allocation.ratio, "share")
        yield from _every_arm(trial, source, ("allocation", "codes"), codes, "code")
        for arm, code in codes.items():
            first = next(other for other in codes if codes[other] == code)
            if first != arm:
                yield source.problem(
                    Level.ERROR, ("allocation", "codes", arm), f"has the code `{code}`, as {first} has",
                    "give every arm a code of its own",
                )  # fmt: skip


def _every_arm(
    trial: Trial, source: Source, path: tuple[Step, ...], given: Iterable[str], what: str
) -> Iterator[Problem]:
    """A block that says something of one arm says it of all, and of no others."""
    names = list(given)
    for arm in names:
        if arm not in trial.arms:
            yield unknown_name(source, (*path, arm), arm, trial.arms, "an arm")
    absent = [arm for arm in trial.arms if names and arm not in names]
    if absent:
        yield source.problem(Level.ERROR, path, f"has no {what} for {listed(absent)}", "add one for every arm")


def _blocks(trial: Trial, source: Source) -> Iterator[Problem]:
    columns = trial.population.columns
    for i, column in enumerate(trial.randomise.blocks if trial.randomise else ()):
        path = ("randomise", "blocks", i)
        if column not in columns:
            yield unknown_name(source, path, column, columns, "a column of `population.columns`")
        elif columns[column] in {"number", "date", "text"}:
            yield source.problem(
                Level.ERROR, path, f"`{column}` is a {columns[column]}; blocks need groups",
                "declare it a category, or block on one",
            )  # fmt: skip


def _population(trial: Trial, source: Source) -> Iterator[Problem]:
    population = trial.population
    for name in TAKEN & set(population.columns):
        yield source.problem(
            Level.ERROR, ("population", "columns", name), f"`{name}` has a meaning of its own in this file",
            "give the column another name, here and in the roll",
        )  # fmt: skip
    for key, text in (("eligible", population.eligible), ("exclude", population.exclude)):
        if text is not None:
            yield from _condition(source, ("population", key), text, population.columns)
    site = population.site
    if site is not None and site != trial.unit_column and site not in population.columns:
        yield unknown_name(
            source, ("population", "site"), site, [*population.columns, trial.unit_column], "a column of the roll"
        )
    if not trial.run_elsewhere:
        yield from _contact(trial, source)


def _contact(trial: Trial, source: Source) -> Iterator[Problem]:
    population = trial.population
    routes = [channel for channel in ("sms", "email", "staff") if population.contact.column_of(channel)]
    for channel in routes:
        if channel not in population.safe_to_contact:
            yield source.problem(
                Level.ERROR, ("population", "contact", channel),
                f"no column says whether {channel} is safe for a family",
                f"add `safe_to_contact: {{{channel}: COLUMN}}`; anything but yes closes that route",
            )  # fmt: skip
    for channel in population.safe_to_contact:
        if channel not in routes:
            yield source.problem(
                Level.ERROR, ("population", "safe_to_contact", channel), f"there is no contact column for {channel}",
                f"add `contact: {{{channel}: COLUMN}}`",
            )  # fmt: skip


def _condition(source: Source, path: tuple[Step, ...], text: str, columns: Mapping[str, str]) -> Iterator[Problem]:
    try:
        condition(text, columns)
    except ConditionError as error:
        for flaw in error.flaws:
            yield source.problem(Level.ERROR, path, flaw.what, flaw.remedy, offset=flaw.offset)


def _messages(trial: Trial, source: Source) -> Iterator[Problem]:
    sending = False
    for name, arm in trial.arms.items():
        for i, message in enumerate(arm.messages):
            sending = True
            path = ("arms", name, "messages", i)
            yield from sequence(trial, source, path, arm.messages[:i], message)
    if not sending or trial.run_elsewhere:
        return
    contact = trial.population.contact
    if not (contact.sms or contact.email or contact.staff):
        yield source.problem(
            Level.ERROR, ("population",), "arms have messages, but no column holds a phone or an email",
            "add `contact: {sms: COLUMN, email: COLUMN}`",
        )  # fmt: skip
    for channel in ("sms", "email", "staff"):
        if contact.column_of(channel) and channel not in trial.channels:
            yield source.problem(
                Level.ERROR,
                ("channels",),
                f"nothing says how {channel} is sent",
                f"add `channels: {{{channel}: {'staff_task' if channel == 'staff' else 'outbox'}}}`",
            )


def _outcomes(trial: Trial, source: Source) -> Iterator[Problem]:
    if not any(outcome.role == "primary" for outcome in trial.outcomes.values()):
        yield source.problem(Level.ERROR, ("outcomes",), "has no primary outcome", "give one outcome `role: primary`")
    for name, outcome in trial.outcomes.items():
        path = ("outcomes", name)
        if outcome.role == "distal" and outcome.source is None:
            if outcome.expected is None:
                yield source.problem(
                    Level.LAUNCH, path, "does not say when this far-off outcome is expected", "add `expected: 2029-06`"
                )
            continue
        yield from _measured(trial, source, path, outcome)


def _measured(trial: Trial, source: Source, path: tuple[Step, ...], outcome: Outcome) -> Iterator[Problem]:
    if outcome.better is None:
        yield source.problem(
            Level.ERROR, path, "does not say which way is better", "add `better: higher` or `better: lower`"
        )
    yield from _recording(trial, source, path, outcome)
    if outcome.window is not None:
        yield from date_anchor(source, (*path, "window"), outcome.window.anchor, trial.population.columns)
        sends = any(arm.messages for arm in trial.arms.values())
        if outcome.window.anchor.kind == "first_planned_send" and not sends:
            yield source.problem(
                Level.ERROR, (*path, "window"), "counts from `first_planned_send`, but no arm sends anything",
                "count from `allocation`, a date column or a day",
            )  # fmt: skip
    elif not trial.run_elsewhere:
        yield source.problem(
            Level.LAUNCH, path, "has no window, so nothing says when it stops counting",
            "add `window: 56 days from first_planned_send`",
        )  # fmt: skip
    if outcome.kind != "binary" and outcome.unit in POINTS:
        yield source.problem(
            Level.ERROR, (*path, "unit"), f"`{outcome.unit}` means percentage points in this file",
            "give the unit another name, such as `marks`",
        )  # fmt: skip
        return
    yield from sizes(source, path, outcome)


def _recording(trial: Trial, source: Source, path: tuple[Step, ...], outcome: Outcome) -> Iterator[Problem]:
    record = outcome.source
    if record is None:
        level = Level.ERROR if outcome.role == "primary" else Level.LAUNCH
        yield source.problem(level, path, "does not say where it is recorded", "add `source: {csv_file: …}`")
        return
    here = (*path, "source")
    given = [record.csv_file, record.parquet_file, record.package, record.database, record.replies]
    if sum(one is not None for one in given) != 1 and not (trial.run_elsewhere and not any(given)):
        yield source.problem(
            Level.ERROR, here, "names no place to read from, or several",
            "give one of csv_file, parquet_file, package, database, replies",
        )  # fmt: skip
    if record.no_record is None and (outcome.role == "primary" or not trial.run_elsewhere):
        yield source.problem(
            Level.ERROR, here, "does not say what it means when a person has no record",
            "add `no_record: did_not_happen` (with `covers:`) or `no_record: missing`",
        )  # fmt: skip
    if record.no_record == "did_not_happen" and record.covers is None:
        yield source.problem(
            Level.ERROR, here, "takes silence as `did_not_happen` without saying whom the records cover",
            "add `covers:`, such as `covers: all hubs in the area`",
        )  # fmt: skip
    if record.outside is not None:
        yield from _condition(source, (*here, "outside"), record.outside, trial.population.columns)
    if record.replies is not None:
        yield from _from_replies(trial, source, here, outcome, record.replies)
        return
    if record.value is None:
        yield source.problem(
            Level.ERROR, here, "does not say which column holds the outcome",
            "add `value: COLUMN`, or `value: present` where a row is the event",
        )  # fmt: skip
    if record.value == PRESENT and outcome.kind not in {"binary", "count", "time_to_event"}:
        yield source.problem(
            Level.ERROR, (*here, "value"), f"`present` makes a yes or no, and the outcome is {outcome.kind}",
            "name the column that holds the value",
        )  # fmt: skip
    if outcome.window is not None and record.date is None:
        yield source.problem(Level.ERROR, here, "has a window but no date to hold against it", "add `date: COLUMN`")


def _from_replies(
    trial: Trial, source: Source, here: tuple[Step, ...], outcome: Outcome, name: str
) -> Iterator[Problem]:
    """A reply has its own day and is its own event, and only a family that is written to can send one."""
    if name not in trial.replies:
        yield unknown_name(source, (*here, "replies"), name, trial.replies, "a name under `replies:`")
    if trial.run_elsewhere:
        yield source.problem(
            Level.ERROR, (*here, "replies"), "is of messages sent from here, and this trial was run elsewhere",
            "give one of csv_file, parquet_file, package, database",
        )  # fmt: skip
    for key in ("id", "date", "value"):
        if outcome.source is not None and getattr(outcome.source, key) is not None:
            yield source.problem(
                Level.ERROR, (*here, key), "is not needed: a reply says who wrote it and when", f"leave out `{key}`"
            )
    if outcome.kind != "binary":
        yield source.problem(
            Level.ERROR, here, f"an answer was given or was not, and the outcome is {outcome.kind}",
            "make it `kind: binary`",
        )  # fmt: skip
    silent = [
        arm for pair in trial.comparisons for arm in (pair.arm, pair.control)
        if arm in trial.arms and not trial.arms[arm].messages
    ]  # fmt: skip
    if silent and outcome.role == "primary":
        yield source.problem(
            Level.LAUNCH, here, f"can only be answered where messages are sent, and `{silent[0]}` sends none",
            "make it `role: process`, or compare arms that are both written to",
        )  # fmt: skip


def _analysis(trial: Trial, source: Source) -> Iterator[Problem]:
    columns = trial.population.columns
    for i, pair in enumerate(trial.analysis.comparisons):
        for arm in (pair.arm, pair.control):
            if arm not in trial.arms:
                yield unknown_name(source, ("analysis", "comparisons", i), arm, trial.arms, "an arm")
    seen = [{pair.arm, pair.control} for pair in trial.analysis.comparisons]
    for i, pair in enumerate(trial.analysis.comparisons):
        if seen[i] in seen[:i]:
            yield source.problem(
                Level.ERROR, ("analysis", "comparisons", i), f"compares {pair.arm} and {pair.control} a second time",
                "keep one of the two",
            )  # fmt: skip
    yield from planned_looks(trial, source)
    yield from absorbing(trial, source)
    settled = settled_by_the_draw(trial)
    for path, name in _analysed_columns(trial):
        if name in settled:
            yield source.problem(
                Level.ERROR, path, f"`{name}` is {settled[name]}, and only columns from before the draw belong here",
                "name a column that was fixed before the draw, or leave it out",
            )  # fmt: skip
        elif name not in columns:
            yield unknown_name(source, path, name, columns, "a column of `population.columns`")
        elif columns[name] in {"text", "date"}:
            yield source.problem(
                Level.ERROR, path, f"`{name}` is a {columns[name]}", "use a number, a category or a yes_no column"
            )


def _analysed_columns(trial: Trial) -> Iterator[tuple[tuple[Step, ...], str]]:
    plan = trial.analysis
    for key, names in (("covariates", plan.covariates), ("subgroups", plan.subgroups)):
        for i, name in enumerate(names):
            yield ("analysis", key, i), name
    for i, name in enumerate(plan.risk_bands.predicted_from if plan.risk_bands else ()):
        yield ("analysis", "risk_bands", "predicted_from", i), name
    for i, fit in enumerate(plan.sensitivity):
        if fit.fixed_effects is not None:
            yield ("analysis", "sensitivity", i, "fixed_effects"), fit.fixed_effects
        for j, name in enumerate(fit.covariates or ()):
            yield ("analysis", "sensitivity", i, "covariates", j), name


def _governance(trial: Trial, source: Source) -> Iterator[Problem]:
    try:
        ZoneInfo(trial.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # `Europe` is a folder of zones
        yield source.problem(
            Level.ERROR, ("timezone",), f"`{trial.timezone}` is not a time zone", "write `Europe/London`"
        )
    yield from priced(trial, source)
    harms = [name for name, outcome in trial.outcomes.items() if outcome.role == "harm"]
    for name in trial.stopping:
        known = [*COUNTED_HARM, *harms]
        if name not in known:
            yield unknown_name(source, ("stopping", name), name, known, "what a rule can count")
