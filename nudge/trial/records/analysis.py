"""What it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Label = Literal["prespecified", "amended", "exploratory", "sensitivity", "replication"]


@dataclass(frozen=True, slots=True)
class AnalysisRows:
    """One outcome for everyone allocated, a row per person, in no particular order."""

    outcome: Floats
    """(n,), in the outcome's units; nan where missing."""
    arm: NDArray[np.str_]
    """(n,)"""
    unit: Ints
    """(n,) code of the randomised unit."""
    block: Ints
    """(n,) code of the block; 0 for all where there are none."""
    probability: Floats
    """(n,) chance of the unit's own arm before the draw; nan where unknown."""
    covariates: Mapping[str, NDArray[np.object_]]
    """(n,) baseline values, None where blank."""
    types: Mapping[str, str]
    received: Floats | None = None
    """(n,) 1 where a message to the unit was delivered, 0 where none was, nan where that is not known."""


@dataclass(frozen=True, slots=True)
class StoredLaw:
    """Fresh draws from the law that gave the arms.

    redraw: (number, rng) → (number, units) arms by their position in `arms`, units by their code.
    """

    arms: tuple[str, ...]
    redraw: Callable[[int, np.random.Generator], NDArray[np.int8]]


@dataclass(frozen=True, slots=True)
class Design:
    """What the analysis needs to know of how arms were drawn."""

    method: str | None
    """None where it is not known: no re-draws, no weighting."""
    clusters: bool
    """Whether the units drawn are sites."""
    blocks: bool
    law: StoredLaw | None = None
    """Where re-drawing units within their blocks would not be the law: rerandomised, minimised, rolling, adaptive."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What an estimator gives: an effect in the outcome's units, before orientation."""

    estimate: float
    std_error: float
    df: float
    estimator: str
    vcov: str
    parameters: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One line of the results, the fields of results.json. Effects are oriented: positive is better."""

    outcome: str
    role: str
    family: str
    arm: str
    control: str
    estimand: str
    estimator: str
    vcov: str | None
    average: str
    covariates: tuple[str, ...]
    better: str
    scale: str
    estimate: float | None
    std_error: float | None
    df: float | None
    p_value: float | None
    p_adjusted: float | None
    conf_low: float | None
    conf_high: float | None
    conf_level: float
    mean_arm: float | None
    mean_control: float | None
    n: int
    n_arm: int
    n_control: int
    n_allocated_arm: int
    n_allocated_control: int
    n_clusters: int | None
    n_blocks: int | None
    icc: float | None
    verdict: str | None
    verdict_conf_low: float | None
    verdict_conf_high: float | None
    label: Label
    note: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Careless:
    """What an analysis that ignores the design would have claimed, and why it is wrong."""

    outcome: str
    arm: str
    control: str
    what: str
    why: str
    estimate: float
    std_error: float
    p_value: float
    conf_low: float
    conf_high: float


CheckStatus = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the trial's conduct or data."""

    name: str
    status: CheckStatus
    detail: str
    p_value: float | None = None
    values: Mapping[str, Any] | None = None
