"""One comparison of one outcome, from rows to interval and p-value, by the rule that applies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import Choice, Pair, block_counts, choose
from nudge.analysis.estimators import estimator
from nudge.analysis.randomisation import exact_events_test, permutation_test
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Design


@dataclass(frozen=True, slots=True)
class Answer:
    """What the data say of one comparison, before orientation and families.

    Where no interval can be had, `std_error` and `df` are None and `note` says why.
    `interval(level)` gives bounds where they exist.
    """

    choice: Choice
    estimate: float
    std_error: float | None
    df: float | None
    p_value: float | None
    vcov: str | None
    note: str
    score_counts: tuple[int, int, int, int] | None = None
    """Events and rows of arm and control where the interval is a score interval."""
    blocks_left_out: int = 0

    def interval(self, level: float) -> tuple[float, float] | None:
        """Bounds at a confidence level, in the outcome's units."""
        if self.score_counts is not None:
            return score_interval(*self.score_counts, level)
        if self.std_error is None or self.df is None:
            return None
        half = t_quantile(level, self.df) * self.std_error
        return self.estimate - half, self.estimate + half


_NOTHING = Answer(
    Choice("none", "none", "none", "an arm has no rows"), float("nan"), None, None, None, None, "no rows to compare"
)


def t_quantile(level: float, df: float) -> float:
    """The t value that leaves (1 − level) / 2 above it."""
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, df))


def t_p_value(statistic: float, df: float) -> float:
    """Two-sided p of a t statistic."""
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), df))


def score_interval(events: int, n: int, events_control: int, n_control: int, level: float) -> tuple[float, float]:
    """Miettinen & Nurminen (1985) score interval of a difference in proportions."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        events, n, events_control, n_control, method="score", compare="diff", alpha=1 - level, correction=True
    )
    return float(low), float(high)


def answer(pair: Pair, design: Design, *, binary: bool, average: str) -> Answer:
    """The estimate, its uncertainty and p-value for one comparison (rules 4-10)."""
    if pair.y.size == 0:
        return _NOTHING
    counts = block_counts(pair)
    informative = counts.informative
    left_out = 0
    if design.blocks and not informative.all():
        left_out = int((~informative).sum())
        pair = _recoded(pair.only(informative[pair.block]))
        counts = block_counts(pair)
    if pair.treated.all() or not pair.treated.any():
        return replace(_NOTHING, blocks_left_out=left_out)
    choice = choose(
        counts, design, clustered=pair.clustered, columns=len(pair.names),
        constant_probability=constant_probability(pair), average=average,
    )  # fmt: skip
    if binary and _one_sided(pair):
        return replace(_few_events(pair, design, choice), blocks_left_out=left_out)
    try:
        fitted = estimator(choice.estimator).estimate(pair, choice.adjustment)
    except EstimationRefused as refusal:
        return replace(_by_randomisation(pair, design, choice, refusal), blocks_left_out=left_out)
    p_value = t_p_value(fitted.estimate / fitted.std_error, fitted.df) if fitted.std_error > 0 else None
    return Answer(
        choice, fitted.estimate, fitted.std_error, fitted.df, p_value, fitted.vcov, fitted.note,
        blocks_left_out=left_out,
    )  # fmt: skip


def _recoded(pair: Pair) -> Pair:
    return replace(pair, block=np.unique(pair.block, return_inverse=True)[1].astype(np.int64))


def constant_probability(pair: Pair) -> bool:
    """Whether each arm had the same chance in every block; by the draw's own probabilities where known."""
    if not np.isnan(pair.weight).any():
        return all(np.ptp(pair.weight[pair.treated == side]) < 1e-9 for side in (True, False))  # noqa: PLR2004
    counts = block_counts(pair)
    shares = counts.treated / np.maximum(counts.treated + counts.control, 1)
    return bool(np.ptp(shares) < 1e-9)  # noqa: PLR2004 - equal but for rounding


def _one_sided(pair: Pair) -> bool:
    """Whether an arm has no event, or nothing but events: its variance is zero."""
    return any(np.ptp(pair.y[pair.treated == side]) == 0 for side in (True, False))


def _few_events(pair: Pair, design: Design, choice: Choice) -> Answer:
    events, control_events = int(pair.y[pair.treated].sum()), int(pair.y[~pair.treated].sum())
    n, n_control = int(pair.treated.sum()), int((~pair.treated).sum())
    estimate = events / n - control_events / n_control
    counts = f"{events} of {n} and {control_events} of {n_control} had the event"
    alike = np.ptp(pair.y) == 0
    if pair.clustered or design.clusters:
        p, how = (None, "") if alike else _p_by_permutation(pair, design, of_totals=True)
        return Answer(choice, estimate, None, None, p, None, f"{counts}: no interval under clusters{how}")
    p, how = (None, "") if alike else _p_exact(pair, design)
    if design.blocks:
        return Answer(choice, estimate, None, None, p, None, f"{counts}: no interval within blocks{how}")
    return Answer(
        choice, estimate, None, None, p, "score", f"{counts}: Miettinen-Nurminen score interval{how}",
        score_counts=(events, n, control_events, n_control),
    )  # fmt: skip


def _p_exact(pair: Pair, design: Design) -> tuple[float | None, str]:
    if design.method is None:
        return None, "; the law of the draw is not known, so no exact p-value"
    test = exact_events_test(pair)
    return test.p_value, f"; p {test.how}"


def _p_by_permutation(pair: Pair, design: Design, *, of_totals: bool = False) -> tuple[float | None, str]:
    if design.method is None:
        return None, "; the law of the draw is not known, so no p-value by re-drawing it"
    test = permutation_test(pair, of_totals=of_totals)
    return test.p_value, f"; p from {test.how}"


def _by_randomisation(pair: Pair, design: Design, choice: Choice, refusal: EstimationRefused) -> Answer:
    estimate = float(pair.y[pair.treated].mean() - pair.y[~pair.treated].mean())
    p, how = _p_by_permutation(pair, design)
    return Answer(
        choice, estimate, None, None, p, None, f"no interval: {refusal.what}{how}; plain difference in means shown"
    )
