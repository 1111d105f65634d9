"""The trial file as frozen values: one model for YAML, the API and the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from nudge.trial import quantities
from nudge.trial.parts.arms import Allocation, Arm, Randomise
from nudge.trial.parts.fields import Channel, Name, Part, Text, WebAddress, as_list
from nudge.trial.parts.governance import (
    Costs,
    DataProtection,
    Decision,
    Ethics,
    Safeguarding,
    StoppingRule,
    Underpowered,
)
from nudge.trial.parts.outcomes import Analysis, Outcome, Power
from nudge.trial.parts.population import Population
from nudge.trial.parts.protocol import Protocol


class Trial(Part):
    """The whole file.

    trial: its name, in small letters, digits and hyphens; title: what it is about, in a few words;
    question: the question it answers; theory_of_change: why the message should work; stage: pilot,
    trial or rollout; setting: who runs it, and nhs needs an ethics decision; timezone: where the
    families live, such as Europe/London; nation: whose bank holidays they keep; published: the
    publication that a replication re-analyses; population: who could take part; channels: what each
    channel is sent by, where `outbox` is a folder; links: where the words lead, each address by the
    name that `link('NAME')` gives it in a template; arms: what each group receives; randomise: how
    arms are drawn here; allocation: how arms were drawn elsewhere; outcomes: what is measured;
    analysis: how it is analysed; power: what the trial should be able to show; costs: prices;
    stopping: bounds that pause an arm; replies: the words that families may answer with, by what
    each means; safeguarding: who reads replies; data_protection: the lawful basis and the
    retention; coproduction: which families saw the words, and what changed; decision: who decides
    what, by when; underpowered: why a trial too small is run all the same; ethics: the decision of
    an ethics committee; protocol: texts for the protocol that no other block holds.
    """

    trial: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=80)]
    title: Text | None = None
    question: Text | None = None
    theory_of_change: Text | None = None
    stage: Literal["pilot", "trial", "rollout"] = "trial"
    setting: Literal["council", "school", "nhs"] = "council"
    timezone: str = "Europe/London"
    nation: Literal["england", "wales", "scotland", "northern_ireland"] = "england"
    published: Text | None = None
    population: Population = Population()
    channels: dict[Channel, Name] = {}
    links: dict[Name, WebAddress] = {}
    arms: dict[Name, Arm]
    randomise: Randomise | None = None
    allocation: Allocation | None = None
    outcomes: dict[Name, Outcome]
    analysis: Analysis = Analysis()
    power: Power = Power()
    costs: Costs | None = None
    stopping: dict[Name, StoppingRule] = {}
    replies: dict[Name, Annotated[tuple[Text, ...], BeforeValidator(as_list)]] = {}
    safeguarding: Safeguarding | None = None
    data_protection: DataProtection | None = None
    coproduction: Text | None = None
    decision: Decision | None = None
    underpowered: Underpowered | None = None
    ethics: Ethics | None = None
    protocol: Protocol = Protocol()

    @property
    def control(self) -> str | None:
        """The control arm's name, if one is marked."""
        return next((name for name, arm in self.arms.items() if arm.control), None)

    @property
    def comparisons(self) -> tuple[quantities.Comparison, ...]:
        """The declared comparisons; every other arm against control where none is declared."""
        if self.analysis.comparisons or self.control is None:
            return self.analysis.comparisons
        return tuple(quantities.Comparison(arm, self.control) for arm in self.arms if arm != self.control)

    @property
    def unit_column(self) -> str:
        """The column of the randomised unit."""
        return self.population.unit or self.population.id

    @property
    def run_elsewhere(self) -> bool:
        """Whether arms were drawn outside this system."""
        return self.allocation is not None
