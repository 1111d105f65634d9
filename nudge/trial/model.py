"""The trial file as frozen values: one model for YAML, the API and the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from nudge.trial import grammar

Name = Annotated[str, Field(pattern=rf"^{grammar.NAME}$")]
Column = Annotated[str, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
ColumnType = Literal["number", "date", "category", "yes_no", "text"]
Channel = Literal["sms", "email"]
Kind = Literal["binary", "count", "continuous", "ordinal", "time_to_event"]
Role = Literal["primary", "secondary", "distal", "process", "harm"]


_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _written(parse: Any, example: str, in_json: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """Pydantic parts of a value that is written as text in the file, and perhaps otherwise `in_json`."""

    def parsed(given: object) -> object:
        if given is None:
            raise grammar.GrammarError("is empty", f"write it as `{example}`")
        if isinstance(given, bool | list | dict):
            raise grammar.GrammarError("a text is expected here", f"write it as `{example}`")
        return parse(given)

    text = {"type": "string", "examples": [example]}
    return (
        BeforeValidator(parsed),
        WithJsonSchema({"anyOf": [text, in_json]} if in_json else text),
    )


Proportion = Annotated[float, *_written(grammar.proportion, "62%", _SHARE)]
Rate = Annotated[float, *_written(grammar.rate, "3 per 1000", _SHARE)]
_AS_TEXT = PlainSerializer(str, return_type=str)
Difference = Annotated[grammar.Difference, *_written(grammar.difference, "5 points"), _AS_TEXT]
Duration = Annotated[grammar.Duration, *_written(grammar.duration, "56 days"), _AS_TEXT]
FixedDuration = Annotated[grammar.Duration, *_written(grammar.fixed_duration, "2 days"), _AS_TEXT]
Count = Annotated[grammar.Count, *_written(grammar.count, "200 sends"), _AS_TEXT]
Window = Annotated[grammar.Window, *_written(grammar.window, "56 days from first_planned_send"), _AS_TEXT]
SendTime = Annotated[grammar.SendTime, *_written(grammar.send_time, "14 days before due_date at 10:00"), _AS_TEXT]
Comparison = Annotated[grammar.Comparison, *_written(grammar.comparison, "plan - reminder"), _AS_TEXT]


def _as_list(given: object) -> object:
    """One word where a list is expected is a list of one."""
    return [given] if isinstance(given, str) else given


Price = Annotated[float, Field(ge=0)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_list)]


class Part(BaseModel):
    """Any block of the file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Package(Part):
    """A table that a Python package carries."""

    name: Literal["causaldata"]
    table: Name


class DataSource(Part):
    """Where rows come from: exactly one of the three."""

    csv_file: Text | None = None
    parquet_file: Text | None = None
    package: Package | None = None


def _people_source(given: object) -> object:
    """`people: roll.csv` is short for `people: {csv_file: roll.csv}`."""
    return {"csv_file": given} if isinstance(given, str) else given


class Contact(Part):
    """Columns that hold contact details, and the order in which routes are tried."""

    sms: Column | None = None
    email: Column | None = None
    language: Column | None = None
    prefer: Annotated[tuple[Channel, ...], BeforeValidator(_as_list)] = ("sms", "email")

    def column_of(self, channel: str) -> str | None:
        """The column of a channel's address."""
        return self.sms if channel == "sms" else self.email


class Nouns(Part):
    """What reports call a row and a randomised unit."""

    people: Text = "people"
    units: Text = "units"


class Population(Part):
    """Who could take part, and which of them must not."""

    called: Nouns = Nouns()

    people: Annotated[DataSource | None, BeforeValidator(_people_source)] = None
    id: Column = "row"
    unit: Column | None = None
    site: Column | None = None
    columns: dict[Name, ColumnType] = {}
    contact: Contact = Contact()
    safe_to_contact: dict[Channel, Column] = {}
    eligible: str | None = None
    exclude: str | None = None


class Message(Part):
    """One message of an arm: which words, when, and to whom in the unit."""

    template: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_/-]*$")]
    send: SendTime
    for_each: Literal["unit", "person"] = "unit"
    send_within: FixedDuration = grammar.Duration(2, "days")


class Arm(Part):
    """What one group receives."""

    control: bool = False
    receives: Text | None = None
    mechanism: Annotated[tuple[Name, ...], BeforeValidator(_as_list)] = ()
    messages: tuple[Message, ...] = ()


class Randomise(Part):
    """How arms are drawn."""

    method: Name
    blocks: Columns = ()
    ratio: dict[Name, Annotated[int, Field(ge=1, le=1000)]] = {}


class Allocation(Part):
    """How a trial run elsewhere was drawn; nothing is drawn here."""

    source: Annotated[DataSource | None, BeforeValidator(_people_source), Field(alias="from")] = None
    arm: Column
    codes: dict[Name, str] = {}
    unit: Column | None = None
    method: Name | None = None
    blocks: Columns = ()
    clusters: Column | None = None
    probability: Column | None = None
    ratio: dict[Name, Annotated[int, Field(ge=1, le=1000)]] = {}


PRESENT = "present"
"""In place of a column: a row is the event itself."""


class OutcomeSource(DataSource):
    """Where an outcome is recorded and what its silence means."""

    id: Column | None = None
    date: Column | None = None
    value: Column | None = None
    no_record: Literal["did_not_happen", "missing"] | None = None
    covers: Text | None = None
    outside: str | None = None


class Outcome(Part):
    """One outcome: what is counted, for whom, when, and which change would matter."""

    role: Role
    kind: Kind
    better: Literal["higher", "lower"] | None = None
    question: Text | None = None
    source: OutcomeSource | None = None
    window: Window | None = None
    unit: Text | None = None
    worthwhile: Difference | None = None
    margin: Difference | None = None
    expected: Text | None = None


class Sensitivity(Part):
    """A second fit beside the primary one; it never sets the verdict."""

    fixed_effects: Column | None = None
    average: Literal["person", "cluster"] | None = None
    covariates: Columns | None = None
    because: Text | None = None


class Analysis(Part):
    """The plan of analysis."""

    comparisons: tuple[Comparison, ...] = ()
    covariates: Columns = ()
    average: Literal["person", "cluster"] = "person"
    multiplicity: Literal["holm", "none"] = "holm"
    subgroups: Columns = ()
    sensitivity: tuple[Sensitivity, ...] = ()


class Power(Part):
    """What the trial should be able to show."""

    baseline: Proportion | None = None
    sd: Annotated[float, Field(gt=0)] | None = None
    power: Proportion = 0.8
    alpha: Proportion = 0.05
    icc: Annotated[float, Field(ge=0, le=1)] | None = None


class Benefit(Part):
    """What one extra outcome is worth, and to whom."""

    per: Name
    value: float
    payer: Text
    cashable: bool


class Costs(Part):
    """Prices, in one currency and one year's prices."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    prices: int
    sms: Price | None = None
    email: Price | None = None
    staff_hour: Price | None = None
    benefit: Benefit | None = None


class StoppingRule(Part):
    """A bound that pauses an arm."""

    limit: Rate
    after: Count


class Safeguarding(Part):
    """Who reads replies, when, and how fast they act."""

    replies_to: Text
    hours: Text
    escalate_within: Duration


class DataProtection(Part):
    """The lawful basis and how long details are kept."""

    basis: Text
    function: Text | None = None
    dpia: Text | None = None
    retention: Duration | None = None


class Decision(Part):
    """Who decides what, by when, on which rule."""

    owner: Text
    by: Text
    rule: Text


class Underpowered(Part):
    """Why a trial too small to answer alone is run all the same."""

    reason: Text
    pooled_with: Text


class Ethics(Part):
    """The decision of an ethics committee."""

    reference: Text
    decided: Text


class Trial(Part):
    """The whole file."""

    trial: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=80)]
    title: Text | None = None
    question: Text | None = None
    theory_of_change: Text | None = None
    stage: Literal["pilot", "trial", "rollout"] = "trial"
    setting: Literal["council", "school", "nhs"] = "council"
    timezone: str = "Europe/London"
    published: Text | None = None
    population: Population = Population()
    channels: dict[Channel, Name] = {}
    arms: dict[Name, Arm]
    randomise: Randomise | None = None
    allocation: Allocation | None = None
    outcomes: dict[Name, Outcome]
    analysis: Analysis = Analysis()
    power: Power = Power()
    costs: Costs | None = None
    stopping: dict[Name, StoppingRule] = {}
    safeguarding: Safeguarding | None = None
    data_protection: DataProtection | None = None
    coproduction: Text | None = None
    decision: Decision | None = None
    underpowered: Underpowered | None = None
    ethics: Ethics | None = None

    @property
    def control(self) -> str | None:
        """The control arm's name, if one is marked."""
        return next((name for name, arm in self.arms.items() if arm.control), None)

    @property
    def comparisons(self) -> tuple[grammar.Comparison, ...]:
        """The declared comparisons; every other arm against control where none is declared."""
        if self.analysis.comparisons or self.control is None:
            return self.analysis.comparisons
        return tuple(grammar.Comparison(arm, self.control) for arm in self.arms if arm != self.control)

    @property
    def unit_column(self) -> str:
        """The column of the randomised unit."""
        return self.population.unit or self.population.id

    @property
    def run_elsewhere(self) -> bool:
        """Whether arms were drawn outside this system."""
        return self.allocation is not None
