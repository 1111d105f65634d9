"""Effects of several studies pooled: their mean, how much they differ, and what a careless pool would have said.

Effects that are independent: a random effect for each, by restricted likelihood, with the error of Hartung & Knapp
(2001) and Sidik & Jonkman (2002), never below Wald's. Effects of which several belong to one publication, trial or
study: one random effect for the group and one for the effect, with CR2 by group (statistics.md 26).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nudge.evidence.answers import LEAST_DF, answered, with_interval
from nudge.evidence.random_effects import Model, common_effect, random_effects
from nudge.evidence.robust import by_any_group
from nudge.evidence.small_studies import small_studies
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Ints
from nudge.trial.records.evidence import CarelessPool, Effects, Pool, PooledEffect

ESTIMAND = "mean of the true effects of studies like these"
_MISLEADING = 1.05
_ONE = np.ones(1)
_FEWEST_TO_PREDICT = 3


@dataclass(frozen=True, slots=True)
class _Groups:
    """Codes of effects, studies and publications, and which of them tell effects apart."""

    effect: Ints
    study: Ints
    publication: Ints | None

    @classmethod
    def of(cls, effects: Effects) -> _Groups:
        codes = [
            None if names is None else np.unique(names, return_inverse=True)[1].astype(np.int64)
            for names in (effects.study, effects.publication)
        ]
        return cls(np.arange(effects.k), np.arange(effects.k) if codes[0] is None else codes[0], codes[1])

    @property
    def outer(self) -> Ints:
        return self.study if self.publication is None else self.publication

    @property
    def called(self) -> str:
        return "study" if self.publication is None else "publication"

    @property
    def levels(self) -> dict[str, Ints]:
        """The levels of the answer, outermost first."""
        alone = {"effect": self.effect}
        return alone if _number(self.outer) == self.effect.size else {self.called: self.outer, **alone}

    @property
    def between(self) -> Ints | None:
        """Studies, where publications hold several and studies several effects; else None."""
        apart = _number(self.outer) < _number(self.study) < self.effect.size
        return self.study if apart else None


def _number(codes: Ints) -> int:
    return int(np.unique(codes).size)


def pool(effects: Effects, level: float = 0.95) -> Pool:
    """The pooled effect and everything beside it.

    Raises EstimationRefused where nothing can be pooled, or the variance between studies cannot be found.
    """
    from scipy.stats import chi2

    groups = _Groups.of(effects)
    outer = _number(groups.outer)
    if outer < 2:  # noqa: PLR2004 - a pool is of several
        one = "study" if groups.publication is None else "publication or trial"
        raise EstimationRefused(f"all effects are of one {one}", "pool effects of several")
    ones = np.ones((effects.k, 1))
    model = random_effects(effects.effect, effects.variance, ones, list(groups.levels.values()))
    mean = answered(model, _ONE, level, _how(groups))
    common = common_effect(effects.effect, effects.variance, ones)
    q, tau2 = common.weighted_residual(), sum(model.sigma2)
    low, high = _prediction(mean, tau2, effects.k, level)
    return Pool(
        k=effects.k, studies=_number(groups.study),
        publications=None if groups.publication is None else outer, scale=effects.scale, level=level, mean=mean,
        tau2=tau2, tau2_by_level=dict(zip(groups.levels, model.sigma2, strict=True)),
        i2=_share_between(effects, tau2), q=q, q_df=effects.k - 1, q_p=float(chi2.sf(q, effects.k - 1)),
        prediction_low=low, prediction_high=high, sensitivity=_other_levels(effects, groups, level),
        small_studies=small_studies(effects.effect, effects.variance, list(groups.levels.values()), level),
        careless=tuple(_careless(effects, groups, model, common, mean, level)),
    )  # fmt: skip


def _how(groups: _Groups) -> str:
    if len(groups.levels) == 1:
        return "random effects by restricted likelihood; Hartung-Knapp-Sidik-Jonkman error, never below Wald's"
    return (
        f"random effects of {groups.called} and effect by restricted likelihood; CR2 by {groups.called}, t with "
        "Satterthwaite degrees of freedom"
    )


def _share_between(effects: Effects, tau2: float) -> float:
    """I² of Higgins & Thompson (2002): beside the typical sampling variance of these effects."""
    weight = 1 / effects.variance
    typical = (effects.k - 1) * weight.sum() / (weight.sum() ** 2 - (weight**2).sum())
    return float(tau2 / (tau2 + typical))


def _prediction(mean: PooledEffect, tau2: float, k: int, level: float) -> tuple[float | None, float | None]:
    """Where the next true effect lies (Higgins, Thompson & Spiegelhalter 2009), by the t of the mean."""
    from scipy.stats import t

    if mean.df is None or mean.conf_low is None or k < _FEWEST_TO_PREDICT:
        return None, None
    half = float(t.ppf(0.5 + level / 2, mean.df)) * float(np.sqrt(tau2 + mean.std_error**2))
    return mean.estimate - half, mean.estimate + half


def _other_levels(effects: Effects, groups: _Groups, level: float) -> tuple[PooledEffect, ...]:
    """Studies as a level of their own between publication and effect, where the file tells them apart."""
    if groups.between is None:
        return ()
    levels = [groups.outer, groups.between, groups.effect]
    model = random_effects(effects.effect, effects.variance, np.ones((effects.k, 1)), levels)
    return (answered(model, _ONE, level, "random effects of publication, study and effect; CR2 by publication"),)


def _careless(
    effects: Effects, groups: _Groups, model: Model, common: Model, mean: PooledEffect, level: float
) -> list[CarelessPool]:
    made = []
    if sum(model.sigma2) > 0:
        plain = with_interval(float(common.coefficients[0]), common.wald_error(_ONE), None, level, "")
        made.append(_claimed(plain, "one true effect assumed for all (fixed effect)", _why_not_common(effects)))
    if len(groups.levels) == 1:
        return made
    share = f"effects of one {groups.called} are alike, so that the interval is too narrow"
    try:
        alone = random_effects(effects.effect, effects.variance, np.ones((effects.k, 1)), [groups.effect])
        found = answered(alone, _ONE, level, "")
    except EstimationRefused:
        found = mean
    if found.std_error * _MISLEADING <= mean.std_error:
        what = f"{effects.k:,} effects counted as if each came from a {groups.called} of its own"
        made.append(_claimed(found, what, f"they come from {model.groups:,}; {share}"))
    if groups.publication is None or _number(groups.study) == model.groups or mean.df is None or mean.df < LEAST_DF:
        return made
    by_study = by_any_group(model, _ONE, groups.study)
    if by_study.std_error * _MISLEADING <= mean.std_error:
        found = with_interval(mean.estimate, by_study.std_error, by_study.df, level, "")
        what = f"errors by the {_number(groups.study):,} studies, as if publications did not hold several"
        made.append(_claimed(found, what, f"studies of one publication are alike too, and there are {model.groups:,}"))
    return made


def _why_not_common(effects: Effects) -> str:
    weight = np.sort(1 / effects.variance)[::-1]
    half = int(np.searchsorted(np.cumsum(weight), weight.sum() / 2)) + 1
    most = f"{half} of {effects.k:,} effects {'has' if half == 1 else 'have'} half of the weight or more"
    return f"it leaves out how far true effects may lie apart, so its interval is of these studies only; {most}"


def _claimed(found: PooledEffect, what: str, why: str) -> CarelessPool:
    if found.conf_low is None or found.conf_high is None:
        raise AssertionError("a careless pool always claims an interval")
    return CarelessPool(what, why, found.estimate, found.std_error, found.conf_low, found.conf_high)
