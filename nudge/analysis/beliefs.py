"""What to believe after a trial, from a stated belief before it: a companion, never the verdict.

A normal prior of the effect times the trial's own t likelihood. With many degrees of freedom that is
the normal-normal posterior of any textbook; with few, the heavier tails of t let the prior weigh more.
The product has no closed form, so it is integrated by Gauss-Legendre over short stretches, to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.records.analysis import Floats
from nudge.trial.records.companions import Belief, Exaggeration

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.design import Prior

_REACH = 12.0
"""Standard deviations either way: beyond, a normal density is below rounding."""
_POINTS = 16


@dataclass(frozen=True, slots=True)
class Product:
    """A normal prior times a t likelihood, as a density not scaled to one. df: infinity for a normal likelihood."""

    estimate: float
    std_error: float
    df: float
    prior: Prior

    def at(self, x: Floats) -> Floats:
        """Its height at some effects, as a share of one near its peak, so that none is too small to hold."""
        ours, theirs = 1 / self.std_error**2, 1 / self.prior.sd**2
        middle = np.array([(ours * self.estimate + theirs * self.prior.mean) / (ours + theirs)])
        return np.asarray(np.exp(self._log(x) - self._log(middle)[0]), dtype=float)

    def _log(self, x: Floats) -> Floats:
        from scipy.stats import norm, t

        likelihood = t.logpdf((x - self.estimate) / self.std_error, self.df)
        return np.asarray(norm.logpdf(x, self.prior.mean, self.prior.sd) + likelihood, dtype=float)

    @property
    def edges(self) -> Floats:
        """Ends of stretches short enough to be integrated to rounding, as far as the prior reaches."""
        steps = np.linspace(-_REACH, _REACH, 97)
        prior = self.prior
        ends = np.unique(np.concatenate([prior.mean + prior.sd * steps, self.estimate + self.std_error * steps]))
        kept: Floats = ends[np.abs(ends - prior.mean) <= _REACH * prior.sd * (1 + 1e-12)]
        return kept


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of an effect. edges: (k + 1,). x, weight: (k, points) of every stretch, summing to one."""

    of: Product
    edges: Floats
    x: Floats
    weight: Floats
    total: float

    @property
    def mean(self) -> float:
        """The shrunken estimate."""
        return float((self.x * self.weight).sum())

    def above(self, limit: float) -> float:
        """The probability of an effect of at least `limit`."""
        stretch = int(np.searchsorted(self.edges, limit, side="right")) - 1
        if stretch < 0:
            return 1.0
        if stretch >= len(self.x):
            return 0.0
        x, weight = _stretches(np.array([limit, self.edges[stretch + 1]]))
        part = float((self.of.at(x) * weight).sum()) / self.total
        return min(1.0, part + float(self.weight[stretch + 1 :].sum()))

    def quantile(self, share: float) -> float:
        """The effect with so much belief below it."""
        from scipy.optimize import brentq

        reached = np.cumsum(self.weight.sum(axis=1))
        stretch = int(np.clip(np.searchsorted(reached, share), 0, len(self.x) - 1))
        ends = self.edges[stretch], self.edges[stretch + 1]
        return float(brentq(lambda x: self.above(x) - (1 - share), *ends, xtol=1e-13))


def _stretches(edges: Floats) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and weights of every stretch: (k, points) each."""
    at, weight = np.polynomial.legendre.leggauss(_POINTS)
    half = np.diff(edges)[:, None] / 2
    return edges[:-1, None] + half * (1 + at), half * weight


def posterior(of: Product) -> Posterior:
    """The product scaled to one."""
    edges = of.edges
    x, weight = _stretches(edges)
    mass = of.at(x) * weight
    total = float(mass.sum())
    return Posterior(of, edges, x, mass / total, total)


def belief(line: Estimate, prior: Prior, worthwhile: float | None) -> Belief:
    """One estimate on the scale of proportions, seen from one prior. The line has a standard error."""
    if line.estimate is None or line.std_error is None or line.df is None:
        raise AssertionError("only a line with a standard error can be believed more or less")
    found = posterior(Product(line.estimate, line.std_error, line.df, prior))
    tail = (1 - line.conf_level) / 2
    return Belief(
        line.outcome, line.arm, line.control, prior.name, prior.mean, prior.sd, prior.because, found.mean,
        found.quantile(tail), found.quantile(1 - tail), line.conf_level,
        found.above(0.0), None if worthwhile is None else found.above(worthwhile),
    )  # fmt: skip


def exaggeration(truth: float, std_error: float, df: float, alpha: float) -> tuple[float, float, float]:
    """Power, type S and type M of a trial of this precision (Gelman & Carlin 2014, in closed form).

    truth: the effect, above 0. The estimate is truth + std_error × t.
    """
    from scipy.stats import t

    critical = float(t.ppf(1 - alpha / 2, df))
    high, low = critical - truth / std_error, -critical - truth / std_error
    up, down = float(t.sf(high, df)), float(t.cdf(low, df))
    found = up + down
    size = truth * (up - down) + std_error * (_tail_mean(high, df) + _tail_mean(low, df))
    return found, down / found, size / found / truth


def _tail_mean(c: float, df: float) -> float:
    """E[T; T > c] of Student's t, which is also −E[T; T < c]; df above 1."""
    from scipy.stats import t

    spread = 1.0 if df == float("inf") else (df + c * c) / (df - 1)
    return float(t.pdf(c, df)) * spread


def companions(
    trial: Trial, lines: Sequence[Estimate], priors: Mapping[str, Prior]
) -> tuple[tuple[Belief, ...], tuple[Exaggeration, ...]]:
    """Every planned primary line of a yes or no in points, seen from every prior that the file names."""
    shown = [
        line for line in lines
        if line.role == "primary" and line.label != "sensitivity" and line.level is None
        and trial.outcomes[line.outcome].kind == "binary" and line.scale == "probability"
        and line.std_error is not None and line.df is not None
    ]  # fmt: skip
    beliefs = [belief(line, priors[name], _worthwhile(trial, line)) for line in shown for name in trial.analysis.priors]
    misled = [one for line in shown for one in _misled(trial, line, priors)]
    return tuple(beliefs), tuple(misled)


def _worthwhile(trial: Trial, line: Estimate) -> float | None:
    size = trial.outcomes[line.outcome].worthwhile
    return None if size is None else size.value


def _misled(trial: Trial, line: Estimate, priors: Mapping[str, Prior]) -> Iterator[Exaggeration]:
    if line.std_error is None or line.df is None or line.df <= 1:
        return
    usual = priors["nudge_unit"]
    supposed = {usual.mean: usual.because}
    worthwhile = _worthwhile(trial, line)
    if worthwhile is not None:
        supposed[worthwhile] = "the smallest change that would alter the decision"
    for truth, because in supposed.items():
        found, sign, size = exaggeration(truth, line.std_error, line.df, trial.power.alpha)
        yield Exaggeration(line.outcome, line.arm, line.control, truth, because, found, sign, size)
