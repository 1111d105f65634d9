"""How an analysis behaves over many runs: bias, coverage, errors and verdicts, each with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nudge.analysis.batched import fits
from nudge.analysis.batched_named import named_fits
from nudge.analysis.inference import answer
from nudge.analysis.runs import Runs
from nudge.analysis.verdict import verdict
from nudge.trial.records.analysis import Design, Floats

VERDICTS = (
    "harmful", "too small to matter", "firmly worthwhile", "worthwhile",
    "undecided: better than control, size uncertain", "undecided", "no interval",
)  # fmt: skip


_SAME_P = 9
_DISTINCT = 0.8


@dataclass(frozen=True, slots=True)
class Share:
    """A share or a mean over runs, and its Monte Carlo standard error."""

    value: float
    mc_error: float


@dataclass(frozen=True, slots=True)
class Operating:
    """One outcome and comparison over all runs. Effects are oriented: positive is better.

    truth: what the estimate should be, the effect on those reached diluted by how many are.
    rejected: p below alpha, before any division over the family: the false positives where
    truth is nothing. found: the interval at the family's level leaves out zero. verdicts: of
    the whole, with "no interval" where none could be given. uniform_p: Kolmogorov-Smirnov p
    of the p-values being uniform, None where the truth is an effect.
    """

    truth: float
    runs: int
    bias: Share
    spread: float
    mean_error: float
    coverage: Share
    rejected: Share
    found: Share
    verdicts: Mapping[str, float]
    by_rows: int
    """Runs that the batch left to the estimator that takes rows."""
    uniform_p: float | None


@dataclass(slots=True)
class Tally:
    """The estimates of one outcome and comparison, gathered batch by batch."""

    estimate: list[Floats] = field(default_factory=list)
    std_error: list[Floats] = field(default_factory=list)
    df: list[Floats] = field(default_factory=list)
    p_value: list[Floats] = field(default_factory=list)
    by_rows: int = 0

    def add(self, runs: Runs, design: Design) -> None:
        """Fit one batch; what it cannot settle is asked of the rows."""
        from scipy.stats import t

        found = fits(runs, design) if runs.named is None else named_fits(runs, design)
        estimate, error, df = found.estimate.copy(), found.std_error.copy(), found.df.copy()
        p = np.asarray(2 * t.sf(np.abs(estimate / np.where(error > 0, error, 1)), df), dtype=float)
        for run in np.flatnonzero(~found.settled):
            one = answer(
                runs.pair(int(run)), design, binary=runs.binary, average=runs.average, arms=runs.arms, named=runs.named
            )
            estimate[run] = one.estimate
            error[run] = np.nan if one.std_error is None else one.std_error
            df[run] = np.nan if one.df is None else one.df
            p[run] = np.nan if one.p_value is None else one.p_value
            self.by_rows += 1
        for kept, new in zip(
            (self.estimate, self.std_error, self.df, self.p_value), (runs.sign * estimate, error, df, p), strict=True
        ):
            kept.append(new)

    def operating(self, truth: float, worthwhile: float, alpha: float, family: int) -> Operating:
        """What all runs amount to. alpha: of the whole family of this size."""
        estimate, error, df, p = (
            np.concatenate(kept) for kept in (self.estimate, self.std_error, self.df, self.p_value)
        )
        half, wide = _quantile(1 - alpha / 2, df) * error, _quantile(1 - alpha / family / 2, df) * error
        given, known = np.isfinite(error), estimate[np.isfinite(estimate)]
        covers = np.abs(estimate - truth)[given] <= half[given]
        excludes = given & (np.abs(estimate) > np.where(given, wide, np.inf))
        return Operating(
            truth, estimate.size, _mean(known - truth), float(known.std(ddof=1)),
            float(error[given].mean()) if given.any() else float("nan"), _share(covers), _share(p < alpha),
            _share(excludes), _verdicts(estimate, wide, worthwhile), self.by_rows, _uniform(p) if truth == 0 else None,
        )  # fmt: skip


def _quantile(place: float, df: Floats) -> Floats:
    from scipy.stats import t

    return np.asarray(t.ppf(place, df), dtype=float)


def _share(holds: np.ndarray) -> Share:
    if not holds.size:
        return Share(float("nan"), float("nan"))
    value = float(holds.mean())
    return Share(value, float(np.sqrt(value * (1 - value) / holds.size)))


def _mean(values: Floats) -> Share:
    return Share(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)))


def _verdicts(estimates: Floats, half: Floats, worthwhile: float) -> dict[str, float]:
    """The share of each verdict, by the report's own rule."""
    counts = dict.fromkeys(VERDICTS, 0)
    for estimate, reach in zip(estimates.tolist(), half.tolist(), strict=True):
        known = reach == reach  # noqa: PLR0124 - nan is not itself
        counts[verdict(estimate, estimate - reach, estimate + reach, worthwhile) if known else "no interval"] += 1
    return {name: number / estimates.size for name, number in counts.items()}


def _uniform(p: Floats) -> float | None:
    """None where few distinct p-values are possible: a small trial of yes or no steps over the levels."""
    from scipy.stats import kstest

    known = p[np.isfinite(p)]
    if np.unique(known.round(_SAME_P)).size < known.size * _DISTINCT:
        return None
    return float(kstest(known, "uniform").pvalue) if known.size else None
