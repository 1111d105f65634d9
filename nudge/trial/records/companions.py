"""What stands beside a verdict and never sets it: beliefs, money, looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Belief:
    """What a reader who began with one belief should believe after this trial. Effects are oriented."""

    outcome: str
    arm: str
    control: str
    prior: str
    """Its name in the trial file."""
    prior_mean: float
    prior_sd: float
    because: str
    """Where the prior comes from."""
    mean: float
    """The shrunken estimate: the posterior mean."""
    low: float
    """Lower end of the posterior interval."""
    high: float
    """Upper end of it."""
    level: float
    """The share of belief the interval holds."""
    better: float
    """The probability that the effect is above zero."""
    worthwhile: float | None
    """The probability that it is at least the smallest worthwhile change; null where the file names none."""


@dataclass(frozen=True, slots=True)
class Exaggeration:
    """How far a "significant" result of a trial of this precision would mislead, were the effect so large."""

    outcome: str
    arm: str
    control: str
    truth: float
    """The effect that is supposed to be true."""
    because: str
    """Why this one."""
    found: float
    """The probability that p falls below alpha."""
    wrong_sign: float
    """Type S: among results with p below alpha, the share of the wrong sign."""
    exaggeration: float
    """Type M: by how much those results overstate the effect, on average."""
