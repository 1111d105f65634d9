"""Items 12 to 20 of the protocol: design, participants, messages, outcomes, timeline, size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report.methods import method_in_words
from nudge.report.numbers import percent
from nudge.report.protocol.content import Answer, Fill, Piece, Table, Words, said
from nudge.report.words import readable
from nudge.trial.problems import listed

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.protocol import ProtocolFacts
    from nudge.trial.records.report import ArmSummary


def drawn_how(trial: Trial) -> str | None:
    """The method in words, with its shares or the days of its steps; None where the file does not say it."""
    part = trial.randomise or trial.allocation
    if part is None or part.method is None:
        return None
    if trial.randomise is not None and trial.randomise.method == "stepped_wedge":
        days = listed(f"{day.day} {day:%B %Y}" for day in trial.randomise.steps)
        takes = trial.randomise.transition
        crossing = f"; a crossing takes {takes}, in which families count in neither arm" if takes else ""
        return f"{method_in_words(part.method)}; steps on {days}{crossing}"
    shares = ", ".join(f"{readable(arm)} {part.ratio.get(arm, 1)}" for arm in trial.arms)
    return f"{method_in_words(part.method)}; shares {shares}"


def _design(trial: Trial, _facts: ProtocolFacts) -> Answer:
    drawn = drawn_how(trial)
    if drawn is None:
        return said(None)
    return said(
        f"A randomised trial with {len(trial.arms)} arms, drawn with {drawn}. The unit drawn is {trial.unit_column}. "
        f"Stage: {trial.stage}; setting: {trial.setting}. It asks whether one arm is better than another by a margin "
        "that would alter the decision; a verdict may be worthwhile, too small to matter, or undecided."
    )


def _locations(trial: Trial, _facts: ProtocolFacts) -> Answer:
    return said(trial.protocol.locations)


def _eligible(trial: Trial, _facts: ProtocolFacts) -> Answer:
    population = trial.population
    safe = ", ".join(population.safe_to_contact)
    return said(
        f"{population.called.people} are eligible where: {population.eligible}.".capitalize()
        if population.eligible else None,
        f"Left out before the draw, blind to arm, where: {population.exclude}. What is not known counts as a reason to "
        "leave out." if population.exclude else None,
        f"Where no route ({safe}) is marked safe, the {population.called.units} are left out before the draw."
        if safe else "No route of contact is used.",
    )  # fmt: skip


def _sites(trial: Trial, _facts: ProtocolFacts) -> Answer:
    return said(trial.protocol.sites)


def _received(trial: Trial, facts: ProtocolFacts) -> Answer:
    """The TIDieR card of every arm (Hoffmann et al. 2014, BMJ 348: g1687), and its words."""
    pieces: list[Piece] = []
    for arm in facts.arms:
        pieces.append(_card(trial, arm))
        for message in sorted(arm.messages, key=lambda one: one.language != "en"):
            subject = f". Subject: {message.subject}" if message.subject else ""
            caption = (
                f"{readable(arm.arm)}, {message.template}, {message.channel}, {message.language}, "
                f"from {message.sender}{subject}"
            )
            pieces.append(Words(caption, message.text, message.language))
    complete = all(arm.messages or arm.receives for arm in facts.arms)
    return said(*pieces, also=complete)


def _card(trial: Trial, arm: ArmSummary) -> Table:
    spec = trial.arms[arm.arm]
    senders = sorted({message.sender for message in arm.messages})
    channels = sorted({message.channel for message in arm.messages})
    tailored = (
        "the family's own dates and words, put in for {{ … }}" if any("{{" in m.text for m in arm.messages) else ""
    )
    norm = f"a norm of {percent(spec.norm.share)}, {spec.norm.source}, {spec.norm.dated}" if spec.norm else ""
    rows = (
        ("Why", ", ".join(readable(one) for one in arm.mechanism) or ("control" if arm.control else "not said")),
        ("What", "; ".join(part for part in (arm.receives, _counted(len(spec.messages)), norm) if part) or "not said"),
        ("Who provides", ", ".join(senders) or "as now"),
        ("How", ", ".join(channels) or "as now"),
        ("When and how much", "; ".join(message.when for message in spec.messages) or spec.dose or "as now"),
        ("Tailoring", tailored or "none"),
        ("Changes on the way", "none without an amendment; the words are fixed by the lock"),
        (
            "How well it was delivered",
            "counted by arm from the channel's receipts" if arm.messages else "not sent here",
        ),
    )
    return Table(
        f"What {readable(arm.arm)} receives{' (control)' if arm.control else ''}", ("Question", "Answer"), rows
    )


def _counted(number: int) -> str:
    return "" if not number else f"{number} message{'s' if number > 1 else ''}, word for word below"


def _stopped(trial: Trial, _facts: ProtocolFacts) -> Answer:
    if not any(arm.messages for arm in trial.arms.values()):
        return said("No message is sent, so none is stopped.")
    safe = ", ".join(f"{column} ({channel})" for channel, column in trial.population.safe_to_contact.items())
    return said(
        "A family that opts out gets no further message; it stays in the arm it was given and in the analysis.",
        f"At the moment of sending these columns are read again, and anything but yes cancels the message: {safe}."
        if safe else None,
        "A message that cannot go out in its time expires; it is not sent late.",
    )  # fmt: skip


def _adherence(trial: Trial, _facts: ProtocolFacts) -> Answer:
    if not any(arm.messages for arm in trial.arms.values()):
        return said("No message is sent; what staff deliver is described above.")
    channels = ", ".join(f"{channel} by {via}" for channel, via in trial.channels.items())
    return said(
        f"Every message has a row in a ledger (channels: {channels}), and what became of it is counted by arm: "
        "delivered, failed, expired, cancelled, unknown. The arm is asserted again at the moment of sending."
        if channels else None
    )  # fmt: skip


def _outcomes(trial: Trial, _facts: ProtocolFacts) -> Answer:
    rows = tuple(
        (
            readable(name), outcome.role, outcome.question or "not said",
            f"{outcome.kind}{f', in {outcome.unit}' if outcome.unit else ''}",
            str(outcome.window or (f"expected {outcome.expected}" if outcome.expected else "not said")),
            str(outcome.worthwhile or outcome.margin or "–"),
        )
        for name, outcome in trial.outcomes.items()
    )  # fmt: skip
    head = ("Outcome", "Role", "Question", "Kind", "Counts", "Smallest change that matters, or margin of harm")
    complete = all(one.question and (one.window or one.role == "distal") for one in trial.outcomes.values())
    return said(Table("Outcomes", head, rows), also=complete)


def _harms(trial: Trial, _facts: ProtocolFacts) -> Answer:
    rows = tuple(
        (readable(name), outcome.question or "not said", str(outcome.margin or "not said"))
        for name, outcome in trial.outcomes.items() if outcome.role == "harm"
    )  # fmt: skip
    table = Table("Harms that are counted in every arm", ("Harm", "Question", "Margin"), rows) if rows else None
    return said(table, trial.protocol.harms_monitoring)


def _timeline(trial: Trial, facts: ProtocolFacts) -> Answer:
    known = any(row.first for row in facts.schedule)
    head = ("What happens", "Arm", "When", *(("First", "Last") if known else ()))
    rows = tuple(
        (row.what, readable(row.arm), row.when, *((row.first or "–", row.last or "–") if known else ()))
        for row in facts.schedule
    )
    windows = all(one.window for one in trial.outcomes.values() if one.role != "distal")
    return said(Table("Schedule of enrolment, messages and outcomes", head, rows), also=windows)


def _size(trial: Trial, facts: ProtocolFacts) -> Answer:
    power, called = trial.power, trial.population.called
    primary = [(name, one) for name, one in trial.outcomes.items() if one.role == "primary" and one.worthwhile]
    assumed = "; ".join(
        part for part in (
            f"level without a message {percent(power.baseline)}" if power.baseline is not None else "",
            f"standard deviation {power.sd:g}" if power.sd else "",
            f"{power.rate:g} events per person without a message" if power.rate else "",
            f"dispersion {power.dispersion:g}" if power.dispersion else "",
            f"answers shared {', '.join(percent(one, 0) for one in power.answers)}" if power.answers else "",
            f"likeness within a unit (ICC) {power.icc:g}" if power.icc is not None else "",
            f"variance explained by covariates {percent(power.r2)}" if power.r2 else "",
            f"messages that arrive {percent(power.reached)}", f"outcomes that will be known {percent(power.known)}",
        ) if part
    )  # fmt: skip
    size = facts.units or power.units
    counted = f"{size:,} {called.units}{' on the roll' if facts.units else ' expected'}" if size else ""
    stated = any(one is not None for one in (power.baseline, power.sd, power.rate, power.answers))
    return said(
        f"Wanted: {percent(power.power, 0)} power at a two-sided error rate of {percent(power.alpha, 0)} for "
        + "; ".join(f"{one.worthwhile} in {readable(name)}" for name, one in primary) + "." if primary else None,
        f"Assumed: {assumed}. Effects of this kind elsewhere: {facts.prior}." if stated else None,
        f"Size: {counted}." if counted else None,
    )  # fmt: skip


def _recruited(trial: Trial, facts: ProtocolFacts) -> Answer:
    called = trial.population.called
    if trial.population.people is None and not trial.run_elsewhere:
        return said(None)
    counts = (
        f" The roll holds {facts.assessed:,} {called.people}; {facts.units:,} {called.units} take part."
        if facts.assessed and facts.units else ""
    )  # fmt: skip
    return said(
        f"Nobody is recruited: all {called.units} on the roll that are eligible and not left out are enrolled when the "
        f"arms are drawn.{counts}"
    )


DESIGN: dict[str, Fill] = {
    "12": _design, "13": _locations, "14a": _eligible, "14b": _sites, "15a": _received, "15b": _stopped,
    "15c": _adherence, "15d": lambda trial, _facts: said(trial.protocol.concomitant_care), "16": _outcomes,
    "17": _harms, "18": _timeline, "19": _size, "20": _recruited,
}  # fmt: skip
