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


@dataclass(frozen=True, slots=True)
class PayerBenefit:
    """What one payer gains from one comparison, per person allocated."""

    payer: str
    cashable: bool
    """Whether a budget becomes smaller by it."""
    value: float
    """What one extra outcome is worth to this payer."""
    net: float
    """Value of the extra outcomes less the extra cost, per person."""
    net_low: float
    """Lower end of its interval, at the level of the plain one."""
    net_high: float
    """Upper end of the same."""
    months: float | None
    """Months until the extra cost is paid back; null without a cost per extra outcome, or without `over`."""


@dataclass(frozen=True, slots=True)
class Money:
    """What one comparison costs, in the file's currency. Money per person allocated, extra over the control."""

    outcome: str
    arm: str
    control: str
    currency: str
    prices: int
    """The year of the prices."""
    extra_cost: float
    """Extra cost per person."""
    per_extra: float | None
    """Extra cost per extra outcome; null where the effect's interval includes zero."""
    delta_low: float | None
    """Its interval by the delta method, lower end."""
    delta_high: float | None
    """Upper end of the same."""
    fieller_low: float | None
    """Its interval by Fieller's theorem, lower end."""
    fieller_high: float | None
    """Upper end of the same; null where it has none."""
    bootstrap_low: float | None
    """Its interval by re-drawing randomised units, lower end."""
    bootstrap_high: float | None
    """Upper end of the same."""
    why: str
    """Why there is no cost per extra outcome, where there is none."""
    payers: tuple[PayerBenefit, ...]


@dataclass(frozen=True, slots=True)
class ReachCost:
    """What it cost to reach somebody, by arm."""

    arm: str
    cost: float
    """All of the arm's cost."""
    reached: int
    """Units that a receipt says were reached."""
    per_reached: float | None
    """Cost per unit reached; null where nobody was."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of the same."""
