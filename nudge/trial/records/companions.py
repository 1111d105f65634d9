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


@dataclass(frozen=True, slots=True)
class Look:
    """One time a primary effect was looked at, while a trial ran or at its end. Effects are oriented."""

    outcome: str
    arm: str
    control: str
    number: int
    """Of the looks at this comparison, from 1; looking again at the same data is the same look."""
    at: str
    """When the results were made."""
    final: bool
    """Whether every window had closed."""
    information: float
    """1 / variance of the estimate."""
    share: float
    """The same as a share of the information planned."""
    spent: float
    """The error spent so far, of what is this comparison's own."""
    boundary: float
    """The two-sided p that this look must not exceed to stop for it."""
    estimate: float
    std_error: float
    df: float
    p_value: float
    crossed: bool
    """Whether p stayed within the boundary."""
    whenever_low: float
    """Lower end of the confidence sequence, which may be read at any moment."""
    whenever_high: float
    """Upper end of the same."""
    stopped_p: float | None = None
    """After a stop: the p that knows of the looks before it (stagewise order)."""
    stopped_estimate: float | None = None
    """After a stop: the median-unbiased estimate; the plain one stands beside it."""
    stopped_low: float | None = None
    """After a stop: lower end of the interval that knows of the looks."""
    stopped_high: float | None = None
    """After a stop: upper end of the same."""
