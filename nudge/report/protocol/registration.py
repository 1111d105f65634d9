"""A trial in the fields that registries ask for, in their order, as Markdown to copy from.

AEA: the fields of socialscienceregistry.org as its page on versions lists them, in the order of
a public record. OSF: the headings of the OSF preregistration template ("OSF Preregistration",
formerly Prereg Challenge), and AsPredicted: its nine questions and the two choices after them,
both as the R package prereg (github.com/crsh/prereg, templates cos_prereg and
aspredicted_prereg) has them; aspredicted.org itself says that there are nine. The questions are
put in our own words, the headings are the registries' own. A field that the trial file does not
answer says what to add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nudge.report.protocol.content import Document, Table, Words
from nudge.report.words import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from nudge.trial.model import Trial
    from nudge.trial.records.protocol import ProtocolFacts

Registry = Literal["aea", "osf", "aspredicted"]
NAMES: dict[Registry, str] = {"aea": "AEA RCT Registry", "osf": "OSF Preregistration", "aspredicted": "AsPredicted"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a registry. add: what to add where, where there is no text for it."""

    name: str
    text: str
    add: str


@dataclass(frozen=True, slots=True)
class Source:
    """What fields are filled from: the file, what is known of it, and the protocol made of both."""

    trial: Trial
    facts: ProtocolFacts
    document: Document

    def items(self, *numbers: str) -> str:
        """The text of items of the protocol, tables as lines."""
        found = {item.number: item for section in self.document.sections for item in section.items}
        return "\n\n".join(_plain(piece) for number in numbers for piece in found[number].pieces)

    def add(self, *numbers: str) -> str:
        """What these items want, in case they say nothing."""
        found = {item.number: item for section in self.document.sections for item in section.items}
        return "; ".join(found[number].add for number in numbers if found[number].add)


def _plain(piece: str | Words | Table) -> str:
    if isinstance(piece, Table):
        lines = [f"- {row[0]}: " + "; ".join(f"{name.lower()} {cell}" if len(row) > 2 else cell  # noqa: PLR2004
                 for name, cell in zip(piece.head[1:], row[1:], strict=True)) for row in piece.rows]  # fmt: skip
        return "\n".join([f"{piece.caption}:", *lines])
    if isinstance(piece, Words):
        return "\n".join([f"{piece.caption}:", "", *(f"    {line}" for line in piece.text.splitlines())])
    return piece


def registration_fields(registry: Registry, trial: Trial, facts: ProtocolFacts, document: Document) -> list[Field]:
    """The registry's fields in its order."""
    shape: Callable[[Source], list[tuple[str, str, str]]] = {"aea": _aea, "osf": _osf, "aspredicted": _aspredicted}[
        registry
    ]
    return [Field(name, text.strip(), "" if text.strip() else add) for name, text, add in
            shape(Source(trial, facts, document))]  # fmt: skip


def registration_text(registry: Registry, document: Document, fields: list[Field]) -> str:
    """The fields as Markdown."""
    unmet = [field.name for field in fields if field.add]
    lines = [f"# {document.title}: text for {NAMES[registry]}", "", f"{document.said}", ""]
    if document.fingerprint:
        lines += [f"Fingerprint {document.fingerprint}", ""]
    lines += [f"Unmet fields: {', '.join(unmet)}." if unmet else "Every field is answered.", ""]
    for field in fields:
        lines += [f"## {field.name}", "", field.text or f"**UNMET**: {field.add}", ""]
    return "\n".join(lines)


def _arms(source: Source) -> str:
    return "\n".join(f"- {readable(arm.arm)}{' (control)' if arm.control else ''}: "
                     + (arm.receives or ", ".join(str(message.template) for message in arm.messages) or "not said")
                     for arm in source.facts.arms)  # fmt: skip


def _by_role(source: Source, *roles: str) -> tuple[str, str]:
    """The names of the outcomes of these roles, and what they are."""
    chosen = [(name, one) for name, one in source.trial.outcomes.items() if one.role in roles]
    explained = "\n".join(
        f"- {readable(name)}: {one.question or 'not said'} "
        + (f"Counts {one.window}." if one.window else f"Expected {one.expected}." if one.expected else "")
        for name, one in chosen
    )
    return ", ".join(readable(name) for name, _ in chosen), explained


def _day(source: Source, key: Literal["starts", "ends"]) -> str:
    day = getattr(source.trial.protocol, key)
    return f"{day:%Y-%m-%d}" if day else ""


def _sent(source: Source) -> tuple[str, str]:
    """The first and the last day of messages, over the roll."""
    rows = [row for row in source.facts.schedule if row.what.startswith("Message") and row.first]
    return min((row.first for row in rows), default=""), max((row.last for row in rows), default="")


def _counts(source: Source) -> tuple[str, str, str]:
    """Clusters, observations, and sizes by arm, as far as roll, draw or file say them."""
    facts, called = source.facts, source.trial.population.called
    units = facts.units or source.trial.power.units
    clusters = f"{units:,} {called.units}" if units else ""
    people = f"{facts.people:,} {called.people}" if facts.people else clusters
    by_arm = "; ".join(f"{readable(arm)} {number:,}" for arm, number in facts.allocated.items())
    randomise = source.trial.randomise
    if not by_arm and units and randomise:
        total = sum(randomise.ratio.get(arm, 1) for arm in source.trial.arms)
        by_arm = "; ".join(
            f"{readable(arm)} about {round(units * randomise.ratio.get(arm, 1) / total):,}" for arm in source.trial.arms
        )
    return clusters, people, by_arm


_ROLL = "put the roll where `population: {people: …}` says it is, or add `power: {units: …}`"


def _aea(source: Source) -> list[tuple[str, str, str]]:
    trial, texts, roles = source.trial, source.trial.protocol, source.trial.protocol.roles
    first, last = _sent(source)
    clusters, people, by_arm = _counts(source)
    primary, secondary = _by_role(source, "primary"), _by_role(source, "secondary", "distal", "process", "harm")
    ethics = f"{trial.ethics.reference}; {trial.ethics.decided}" if trial.ethics else ""
    grouped = trial.population.unit is not None
    status = "On going" if source.facts.allocated else "In development"
    return [
        ("Trial Title", trial.title or "", "add `title:`"),
        ("Country and Region", texts.locations or "", source.add("13")),
        (
            "Primary Investigator, Affiliation and Email",
            " ".join(x for x in (roles.lead, roles.contact) if x),
            "add `protocol: {roles: {lead: …, contact: …}}`",
        ),
        ("Other Primary Investigators", roles.evaluator or "", "add `protocol: {roles: {evaluator: …}}`"),
        ("Study Status", status, ""),
        ("Keywords", texts.keywords or "", "add `protocol: {keywords: …}`"),
        ("Secondary Identifying Numbers", texts.registration or "", "add `protocol: {registration: …}`"),
        (
            "Abstract",
            "\n\n".join(x for x in (trial.question, trial.theory_of_change, texts.background) if x),
            "add `question:`",
        ),
        ("Trial Start Date", _day(source, "starts"), "add `protocol: {starts: …}`"),
        ("Intervention Start Date", first, _ROLL),
        ("Intervention End Date", last, _ROLL),
        ("Trial End Date", _day(source, "ends"), "add `protocol: {ends: …}`"),
        (
            "Sponsors and Partners",
            " ".join(x for x in (roles.sponsor, texts.funding) if x),
            "add `protocol: {roles: {sponsor: …}, funding: …}`",
        ),
        ("Intervention(s)", _arms(source), source.add("15a")),
        ("Intervention (Hidden)", source.items("15a"), source.add("15a")),
        ("Primary Outcomes (end points)", primary[0], "give one outcome `role: primary`"),
        ("Primary Outcomes (explanation)", primary[1], "give it a `question:`"),
        ("Secondary Outcomes (end points)", secondary[0] or "None.", ""),
        ("Secondary Outcomes (explanation)", secondary[1] or "None.", ""),
        ("Experimental Design", source.items("12"), source.add("12")),
        ("Experimental Design Details", source.items("21b", "27a", "27b", "27c", "27d"), source.add("21b")),
        ("Randomization Method", source.items("21a"), source.add("21a")),
        ("Randomization Unit", f"{trial.unit_column} ({trial.population.called.units})", ""),
        ("Was the treatment clustered?", "Yes" if grouped else "No", ""),
        ("Sample size: planned number of clusters", clusters, _ROLL),
        ("Sample size: planned number of observations", people, _ROLL),
        ("Sample size (or number of clusters) by treatment arms", by_arm, _ROLL),
        ("Minimum detectable effect size for main outcomes", source.items("19"), source.add("19")),
        ("IRB Name, Approval Date and Number", ethics, "add `ethics: {reference: …, decided: …}`"),
        ("Analysis Plan", source.items("27a"), source.add("27a")),
    ]


def _osf(source: Source) -> list[tuple[str, str, str]]:
    trial, texts = source.trial, source.trial.protocol
    clusters, people, _ = _counts(source)
    roll = "The roll exists" if source.facts.units else "There is no roll yet"
    drawn = "The arms have been drawn" if source.facts.allocated else roll
    read = "outcomes have been read already" if source.facts.collected else "no outcome of this trial has been read"
    size = f"{clusters}, with {people}" if people != clusters else clusters
    exclude = source.items("14a")
    return [
        ("Title", trial.title or "", "add `title:`"),
        ("Description", "\n\n".join(x for x in (texts.background, trial.theory_of_change) if x), source.add("9a")),
        ("Hypotheses", "\n\n".join(x for x in (trial.question, texts.objectives) if x), "add `question:`"),
        ("Study type", "Experiment: arms are drawn at random.", ""),
        ("Blinding", source.items("24a", "24b"), source.add("24a")),
        ("Study design", source.items("12"), source.add("12")),
        ("Randomization", source.items("21a", "21b"), source.add("21b")),
        (
            "Existing data",
            "Registration following analysis"
            if source.facts.collected
            else "Registration prior to any reading of outcomes",
            "",
        ),
        ("Explanation of existing data", f"{drawn}; {read}.", ""),
        ("Data collection procedures", source.items("20", "25a"), source.add("25a")),
        ("Sample size", size, _ROLL),
        ("Sample size rationale", source.items("19"), source.add("19")),
        ("Stopping rule", source.items("28b"), source.add("28b")),
        ("Manipulated variables", source.items("15a"), source.add("15a")),
        ("Measured variables", source.items("16", "25a"), source.add("16")),
        ("Indices", "None: every outcome is one recorded value.", ""),
        ("Statistical models", source.items("27a"), source.add("27a")),
        ("Transformations", "None beside indicator variables for categories.", ""),
        ("Inference criteria", source.items("19"), source.add("19")),
        ("Data exclusion", exclude, source.add("14a")),
        ("Missing data", source.items("27c"), source.add("27c")),
        ("Exploratory analyses", source.items("27d"), source.add("27d")),
        ("Other", source.items("17"), source.add("17")),
    ]


def _aspredicted(source: Source) -> list[tuple[str, str, str]]:
    trial = source.trial
    _, people, by_arm = _counts(source)
    primary, others = _by_role(source, "primary"), _by_role(source, "secondary", "distal", "process", "harm")
    drawn = " The arms have been drawn." if source.facts.allocated else ""
    collected = (
        "It is complicated: outcomes have been read already, after the plan was fixed by the lock (see 8)."
        if source.facts.collected else f"No: no outcome of this trial has been collected.{drawn}"
    )  # fmt: skip
    size = f"All of the roll that is eligible: {people}. By arm: {by_arm}." if people else ""
    return [
        ("1. Data collection", collected, ""),
        ("2. Hypothesis", trial.question or "", "add `question:`"),
        ("3. Dependent variable", primary[1], source.add("16")),
        ("4. Conditions", _arms(source), source.add("15a")),
        ("5. Analyses", source.items("27a"), source.add("27a")),
        ("6. Outliers and exclusions", "\n\n".join([source.items("14a"), "No outcome is treated as an outlier."]), ""),
        ("7. Sample size", size, _ROLL),
        ("8. Other", "\n\n".join(x for x in (others[1], source.items("27d")) if x), source.add("27d")),
        ("9. Name", trial.title or "", "add `title:`"),
        ("Type of study", "Experiment", ""),
        ("Data source", "Field experiment / RCT", ""),
    ]
