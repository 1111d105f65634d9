"""What each group receives, and how the groups are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from nudge.trial import quantities
from nudge.trial.parts.fields import (
    Channel,
    Column,
    Columns,
    Day,
    FixedDuration,
    Month,
    Name,
    OnlyIf,
    Part,
    Proportion,
    SendTime,
    Text,
    as_list,
)
from nudge.trial.parts.population import RowsFrom


class Message(Part):
    """One message of an arm: which words, when, and to whom in the unit.

    name: what later messages of the arm call it; template: the folder with the words, looked for in
    message_templates/; send: when it is due, counted from a day, from allocation, from a date column or
    from when an earlier message of the arm is planned; only_if: what must hold of the family's answers
    when it is about to go, such as `not answered`; by: the channels it may go by, where not all of
    `contact.prefer`; for_each: one message per unit, or one per person of
    it; send_within: how long after that moment it may still go out.
    """

    name: Name | None = None
    template: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_/-]*$")]
    send: SendTime
    only_if: OnlyIf | None = None
    by: Annotated[
        tuple[Channel, ...], BeforeValidator(as_list, json_schema_input_type=Channel | tuple[Channel, ...])
    ] = ()
    for_each: Literal["unit", "person"] = "unit"
    send_within: FixedDuration = quantities.Duration(2, "days")

    @property
    def when(self) -> str:
        """`7 days after first at 10:00, only if not answered`."""
        return f"{self.send}, only if {self.only_if}" if self.only_if else str(self.send)


def following(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The same messages, those sent after an earlier one of the arm tied to when that one is planned."""
    named: dict[str, quantities.SendTime] = {}
    tied: list[Message] = []
    for message in messages:
        send, name = message.send, message.send.anchor.name
        if send.anchor.kind == "column" and name in named:
            send = replace(send, anchor=quantities.Anchor("message", name, named[name]))
        if message.name is not None:
            named[message.name] = send
        tied.append(message.model_copy(update={"send": send}))
    return tuple(tied)


class Norm(Part):
    """What is claimed of other families, so that the claim can be checked.

    share: the share of families who do it; source: where the figure is from; dated: the month it is
    of.
    """

    share: Proportion
    source: Text
    dated: Month


class Arm(Part):
    """What one group receives.

    control: whether the others are held against this arm; receives: what families in it get, where
    no message tells it; mechanism: why it should work, such as `reminder` or `planning_prompt`;
    messages: what is sent, and when.
    levels: in a factorial design, this arm's level of every factor. norm: the figure behind a
    social norm. dose: how often and how long staff act, where no message tells it. because:
    why a template marked "research only" is used.
    """

    control: bool = False
    receives: Text | None = None
    mechanism: Annotated[
        tuple[Name, ...], BeforeValidator(as_list, json_schema_input_type=Name | tuple[Name, ...])
    ] = ()
    messages: Annotated[tuple[Message, ...], AfterValidator(following)] = ()
    levels: dict[Name, Name] = {}
    dose: Text | None = None
    norm: Norm | None = None
    because: Text | None = None


class Accept(Part):
    """Which draws a rerandomised design keeps: exactly one of the two.

    share: the best draws by Mahalanobis distance, as a share of all. largest_difference: the
    largest standardised difference allowed.
    """

    share: Proportion | None = None
    largest_difference: Annotated[float, Field(gt=0)] | None = None


Ratio = dict[Name, Annotated[int, Field(ge=1, le=1000)]]


class Randomise(Part):
    """How arms are drawn; below `ratio`, what only some methods take.

    method: how arms are drawn, a file name of design/methods/; blocks: columns within which arms
    are drawn; ratio: units of each arm for one another; accept: which draws a rerandomised design
    keeps.
    balance_on: columns that matched_pairs match on, rerandomised and minimisation balance.
    probability: minimisation's chance of the arm that balances best. sizes: of permuted
    blocks. steps: the days on which clusters of a stepped wedge cross, transition: how long a
    crossing takes. batch: units between two updates of an adaptive design, floor: the least
    chance of an arm.
    """

    method: Name
    blocks: Columns = ()
    ratio: Ratio = {}
    balance_on: Columns = ()
    accept: Accept | None = None
    probability: Proportion | None = None
    sizes: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = ()
    steps: tuple[Day, ...] = ()
    transition: FixedDuration | None = None
    batch: Annotated[int, Field(ge=1)] | None = None
    floor: Proportion | None = None


class Allocation(Part):
    """How a trial run elsewhere was drawn; nothing is drawn here.

    from: where the rows are; arm: the column that says the arm; codes: how that column names each
    arm; unit: the column of what was drawn; method: how arms were drawn; blocks: columns within
    which they were drawn; clusters: the column of the clusters drawn; probability: the column of
    each row's chance of its arm; ratio: units of each arm for one another; decision: in a micro-randomised
    trial, the column of the decision point, a row each; available: the column that says whether a message could
    be sent then.
    """

    source: Annotated[RowsFrom, Field(alias="from")] = None
    arm: Column
    codes: dict[Name, str] = {}
    unit: Column | None = None
    method: Name | None = None
    blocks: Columns = ()
    clusters: Column | None = None
    probability: Column | None = None
    ratio: Ratio = {}
    decision: Column | None = None
    available: Column | None = None
