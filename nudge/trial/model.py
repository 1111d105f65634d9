"""The trial file as frozen values: one model for YAML, the API and the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from nudge.trial import quantities
from nudge.trial.parts.arms import Allocation, Arm, Randomise
from nudge.trial.parts.fields import Channel, Name, Part, Text, as_list
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


class Trial(Part):
    """The whole file."""

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
