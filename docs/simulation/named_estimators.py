"""How often named estimators reject a true null and how often their intervals hold a true effect.

    OMP_NUM_THREADS=1 python docs/simulation/named_estimators.py

Individuals, and clusters of 20 people, or of sizes that vary by 80 % about that, whose outcomes are alike (a normal
shift on the logit or log scale). The truth of each setting is worked out from the law the rows are made by, never by
the estimator. Writes named_estimators.json beside itself; docs/simulation.md says what is in it.

Without covariates and blocks most of these estimators are functions of each arm's sums over its units, and thousands
of trials are worked out together from those; what they cannot settle, and all trials of the other estimators, go
through the analysis one by one. Tests hold the one way to the other.
"""

from __future__ import annotations

import json
import os
import platform
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.comparison import Pair
from nudge.analysis.estimators.ordinal import placements
from nudge.analysis.inference import answer
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.survival_times import horizon, restricted_values
from nudge.trial.records.analysis import Bools, Design, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_270_800
SLOW = {"negative_binomial": 2_000, "cox": 2_000}
"""How often these are run; others 10,000 times."""
STORED = 5
SIZE, CV, ALIKE = 20, 0.8, 0.3
MEAN_DAYS, LAST_DAY = 40.0, 56.0
CUTS = (-1.0, 0.0, 1.0)
"""Where the answers of the ordered outcome change, on the logistic scale."""
RATE, DISPERSION = 1.5, 0.8
MOMENTS = 20
EFFECT, ALPHA = 0.4, 0.05
CLUSTERS = (6, 8, 12, 20, 40)
_ENOUGH = 12
_HELD = 1_000
"""Trials worked out together."""
DIGITS = 8
"""Of stored p-values: likelihoods are not the same to the last digit everywhere."""
NAMES = (
    "logit", "rate_ratio", "rate_difference", "negative_binomial", "ordinal", "survival", "cox", "micro_randomised",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial.

    sizes: one (individuals), equal or unequal (clusters), moments (people drawn anew at each). effect: on the logit
    or log scale; of moments, in the outcome's unit.
    """

    estimator: str
    units: int
    sizes: str
    effect: float

    @property
    def clusters(self) -> bool:
        """Whether clusters were drawn."""
        return self.sizes in {"equal", "unequal"}

    @property
    def key(self) -> list[int]:
        """A part of the seed of its own."""
        return [*self.estimator.encode(), self.units, *self.sizes.encode(), int(self.effect > 0)]

    @property
    def alike(self) -> float:
        """Standard deviation of the shift that people of one cluster share."""
        return ALIKE if self.clusters else 0.0

    @property
    def repetitions(self) -> int:
        """How often it is run."""
        return SLOW.get(self.estimator, 10_000)

    @property
    def few(self) -> bool:
        """Whether false positives may be up to 7 %, and as few as can be."""
        return self.sizes != "one" and self.units < _ENOUGH

    def within(self, rejected: float, covered: float | None) -> bool:
        """Whether both lie in the bands of statistics.md 29."""
        if self.effect == 0 and not (0.0 if self.few else 0.035) <= rejected <= (0.07 if self.few else 0.065):
            return False
        return covered is None or (0.93 if self.few else 0.935) <= covered <= (1.0 if self.few else 0.965)


def _kinds(name: str) -> tuple[tuple[int, str], ...]:
    """How many units of which sizes. Of fewer than 30 clusters Cox's regression is refused, and the draw asked."""
    if name == "micro_randomised":
        return tuple((n, "moments") for n in CLUSTERS)
    if name == "cox":
        return (100, "one"), (8, "unequal"), (40, "unequal")
    if name == "negative_binomial":
        return (100, "one"), (40, "unequal")
    if name == "survival":
        return (100, "one"), (12, "equal"), (12, "unequal"), (40, "unequal")
    if name == "ordinal":
        return (100, "one"), (400, "one"), (12, "equal"), *_UNEQUAL
    return (100, "one"), (400, "one"), *((n, "equal") for n in (8, 12, 20, 40)), *_UNEQUAL


_UNEQUAL = ((12, "unequal"), (20, "unequal"), (40, "unequal"))
SETTINGS = tuple(
    Setting(name, n, sizes, effect)
    for name in NAMES for n, sizes in _kinds(name) for effect in (0.0, EFFECT)
    if effect == 0 or sizes in {"one", "moments"} or (n >= _ENOUGH and name not in SLOW)
)  # fmt: skip
"""With shifts between clusters hazards are not in proportion: there is no one ratio for Cox's interval to hold."""


def made(setting: Setting, rng: np.random.Generator) -> Pair:
    """The rows of one trial."""
    if setting.sizes == "moments":
        return _moments(setting, rng)
    unit = np.repeat(np.arange(setting.units), _people(setting, rng))
    treated = np.isin(unit, rng.permutation(setting.units)[: setting.units // 2])
    push = setting.effect * treated + rng.normal(0, 1, setting.units)[unit] * setting.alike
    y, event = _outcome(setting.estimator, push, rng)
    pair = _pair(y, treated, unit, event)
    if setting.estimator != "rate_difference":
        return pair
    exposure = rng.choice((0.5, 1.0, 2.0), push.size)
    return replace(pair, y=_counts(push, exposure, rng), exposure=exposure)


def _people(setting: Setting, rng: np.random.Generator) -> Ints:
    """In each unit."""
    if setting.sizes == "unequal":
        return np.maximum(1, np.rint(rng.gamma(1 / CV**2, SIZE * CV**2, setting.units))).astype(np.int64)
    return np.full(setting.units, SIZE if setting.clusters else 1)


def _pair(y: Floats, treated: np.ndarray, unit: Ints, event: Floats | None = None) -> Pair:
    n = y.size
    return Pair(
        y=y, treated=treated, unit=unit, block=np.zeros(n, dtype=np.int64), weight=np.full(n, 2.0),
        covariates={}, event=event,
    )  # fmt: skip


def _outcome(name: str, push: Floats, rng: np.random.Generator) -> tuple[Floats, Floats | None]:
    if name == "logit":
        return (rng.random(push.size) < 1 / (1 + np.exp(0.8 - push))).astype(float), None
    if name == "ordinal":
        return np.searchsorted(CUTS, push + rng.logistic(size=push.size)).astype(float), None
    if name in {"survival", "cox"}:
        time = rng.exponential(MEAN_DAYS * np.exp(-push))
        followed = np.minimum(LAST_DAY, rng.uniform(14, 120, push.size))
        if name == "cox":
            time, followed = np.ceil(time), np.ceil(followed)
        return np.minimum(time, followed), (time <= followed).astype(float)
    return _counts(push, np.ones(push.size), rng), None


def _counts(push: Floats, exposure: Floats, rng: np.random.Generator) -> Floats:
    """Events that come in heaps."""
    mean = exposure * RATE * np.exp(push)
    return rng.negative_binomial(1 / DISPERSION, 1 / (1 + DISPERSION * mean)).astype(float)


def _moments(setting: Setting, rng: np.random.Generator) -> Pair:
    """Chances that follow what was known, which also foretells the outcome."""
    unit = np.repeat(np.arange(setting.units), MOMENTS)
    known = rng.normal(size=unit.size)
    chance = np.where(known > 0, 0.6, 0.3)
    treated = rng.random(unit.size) < chance
    y = known + setting.effect * treated + rng.normal(0, 0.5, setting.units)[unit] + rng.normal(size=unit.size)
    return replace(_pair(y, treated, unit), weight=1 / np.where(treated, chance, 1 - chance))


@cache
def truth(setting: Setting, last: float = LAST_DAY) -> float:
    """The effect that the estimate is of, by integration over the clusters' shift. last: day of a mean time."""
    if setting.effect == 0:
        return 0.0
    if setting.estimator in {"rate_ratio", "negative_binomial", "cox", "micro_randomised"}:
        return setting.effect
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    arms = [effect + setting.alike * nodes for effect in (setting.effect, 0.0)]
    if setting.estimator == "rate_difference":
        one, other = (RATE * float(weights @ np.exp(push)) for push in arms)
        return one - other
    if setting.estimator == "logit":
        one, other = (float(weights @ (1 / (1 + np.exp(0.8 - push)))) for push in arms)
        return one - other
    if setting.estimator == "survival":
        one, other = (float(weights @ _mean_time(MEAN_DAYS * np.exp(-push), last)) for push in arms)
        return one - other
    below = [np.array([0.0, *(float(weights @ (1 / (1 + np.exp(push - cut)))) for cut in CUTS), 1.0]) for push in arms]
    share = [np.diff(one) for one in below]
    return float((share[0] * (below[1][:-1] + share[1] / 2)).sum() - 0.5)


def _mean_time(mean: Floats, last: float) -> Floats:
    """Of an exponential time, up to the last day."""
    area: Floats = mean * (1 - np.exp(-last / mean))
    return area


Found = tuple[float | None, bool | None]
"""A p-value, and whether the interval holds the truth; None where there is none."""


def repetition(setting: Setting, number: int) -> Found:
    """One trial, analysed as it would be."""
    pair = made(setting, np.random.default_rng([SEED, *setting.key, number]))
    design = Design("cluster" if setting.sizes != "one" else "complete", clusters=setting.sizes != "one", blocks=False)
    found = answer(pair, design, binary=setting.estimator == "logit", average="person", named=setting.estimator)
    bounds = found.interval(1 - ALPHA)
    if bounds is None:
        return found.p_value, None
    return found.p_value, bounds[0] <= _truth_of(setting, pair) <= bounds[1]


def _truth_of(setting: Setting, pair: Pair) -> float:
    return truth(setting, horizon(pair)) if setting.estimator == "survival" else truth(setting)


TOGETHER = {"logit", "rate_ratio", "rate_difference", "ordinal", "survival"}


@dataclass(frozen=True, slots=True)
class Sums:
    """Trials by randomised unit, (R, U) each: rows, or exposure; outcomes, or what stands for them; in the arm."""

    size: Floats
    total: Floats
    treated: Bools

    def arm(self, *, treated: bool) -> tuple[Floats, Floats, Floats, Floats]:
        """Of one arm, (R,) each: mean, its CR2 variance, and the trace and squares that degrees of freedom take."""
        here = self.treated == treated
        size = np.where(here, self.size, 0.0)
        n = size.sum(axis=1, keepdims=True)
        mean = np.where(here, self.total, 0.0).sum(axis=1, keepdims=True) / n
        share = size / n
        left = np.where(here, self.total - size * mean, 0.0)
        whole = np.maximum(1 - share, 1e-12)
        pull = size**2 / n**3 / whole
        squares = ((size / n**2) ** 2 - pull**2).sum(axis=1) + pull.sum(axis=1) ** 2
        return mean[:, 0], (left**2 / whole).sum(axis=1) / n[:, 0] ** 2, 1 / n[:, 0], squares


def together(setting: Setting, numbers: range) -> list[Found]:
    """The same trials, from sums over units: estimate, CR2, Satterthwaite's degrees of freedom in closed form."""
    from scipy.stats import t

    pairs = [made(setting, np.random.default_rng([SEED, *setting.key, number])) for number in numbers]
    parts = [_by_unit(setting, pair) for pair in pairs]
    sums = Sums(*(np.stack(one) for one in zip(*parts, strict=True)))
    (one, v1, trace1, squares1), (two, v2, trace2, squares2) = (sums.arm(treated=side) for side in (True, False))
    with np.errstate(all="ignore"):
        estimate, slope, spread = _compared(setting.estimator, one, two)
        variance = v1 * slope[0] ** 2 + v2 * slope[1] ** 2
        df = (spread[0] * trace1 + spread[1] * trace2) ** 2 / (spread[0] ** 2 * squares1 + spread[1] ** 2 * squares2)
        error = np.sqrt(variance)
        p = 2 * t.sf(np.abs(estimate / error), df)
        half = t.ppf(1 - ALPHA / 2, df) * error
    settled = np.isfinite(half) & (error > _NO_SPREAD) & (df >= LEAST_DF) & _some_of_both(setting.estimator, one, two)
    return [
        (float(p[i]), bool(abs(estimate[i] - _truth_of(setting, pairs[i])) <= half[i])) if settled[i]
        else repetition(setting, number)
        for i, number in enumerate(numbers)
    ]  # fmt: skip


_NO_SPREAD = 1e-9


def _some_of_both(name: str, one: Floats, two: Floats) -> Bools:
    """Whether either arm has an event, and for yes or no somebody without."""
    if name in {"ordinal", "survival"}:
        return np.ones(one.size, dtype=bool)
    most = 1.0 if name == "logit" else np.inf
    return (np.minimum(one, two) > 0) & (np.maximum(one, two) < most)


def _compared(name: str, one: Floats, two: Floats) -> tuple[Floats, tuple[Floats, Floats], tuple[Floats, Floats]]:
    """The estimate; how it moves with either mean; and the variance the model expects of a row, so moved."""
    alike = np.ones_like(one)
    if name == "rate_ratio":
        return np.log(one / two), (1 / one, 1 / two), (1 / one, 1 / two)
    if name == "logit":
        return one - two, (alike, alike), (one * (1 - one), two * (1 - two))
    return one - two, (alike, alike), (one, two) if name == "rate_difference" else (alike, alike)


def _by_unit(setting: Setting, pair: Pair) -> tuple[Floats, Floats, Bools]:
    size = np.ones(pair.y.size) if pair.exposure is None else pair.exposure
    values = pair.y
    if setting.estimator == "ordinal":
        values = _placed(pair)
    if setting.estimator == "survival" and pair.event is not None:
        values, last = np.empty(pair.y.size), horizon(pair)
        for side in (True, False):
            here = pair.treated == side
            values[here] = restricted_values(pair.y[here], pair.event[here], last)
    firsts = np.flatnonzero(np.diff(pair.unit, prepend=-1))
    whole, summed = (np.bincount(pair.unit, one).astype(float) for one in (size, values))
    return whole, summed, pair.treated[firsts]


def _placed(pair: Pair) -> Floats:
    values = np.empty(pair.y.size)
    for side in (True, False):
        here = pair.treated == side
        values[here] = placements(pair.y[here], pair.y[~here], np.ones(int((~here).sum())))
    values[~pair.treated] += values[pair.treated].mean() - 0.5
    return values


def simulated(setting: Setting) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    found: list[Found] = []
    for start in range(0, setting.repetitions, _HELD):
        numbers = range(start, min(start + _HELD, setting.repetitions))
        many = setting.estimator in TOGETHER
        found += together(setting, numbers) if many else [repetition(setting, number) for number in numbers]
    return counted(setting, found)


def counted(setting: Setting, found: Sequence[Found]) -> dict[str, Any]:
    """What is stored of a setting."""
    rejected = sum(p is not None and p < ALPHA for p, _ in found) / setting.repetitions
    given = [covers for _, covers in found if covers is not None]
    covered = sum(given) / len(given) if given else None
    return asdict(setting) | {
        "repetitions": setting.repetitions,
        "truth": truth(setting),
        "rejected": rejected,
        "with_interval": len(given) / setting.repetitions,
        "covered": covered,
        "in_band": setting.within(rejected, covered),
        "first": [None if p is None else float(f"{p:.{DIGITS}g}") for p, _ in found[:STORED]],
    }


def as_text(settings: list[dict[str, Any]]) -> str:
    """JSON, a setting a line."""
    head = {
        "script": "docs/simulation/named_estimators.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seeds": f"numpy.random.default_rng([{SEED}, *Setting.key, N]), N from 0 to Setting.repetitions - 1",
    }
    lines = ",\n  ".join(json.dumps(one) for one in settings)
    return json.dumps(head, indent=1)[:-2] + f',\n "settings": [\n  {lines}\n ]\n}}\n'


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/simulation.md."""
    lines = [
        "| estimator | trial | nothing: p < .05 | nothing: held | effect: held | interval given |",
        "|---|---|---|---|---|---|",
    ]
    rows: dict[tuple[str, int, str], dict[bool, Mapping[str, Any]]] = {}
    for one in stored["settings"]:
        rows.setdefault((one["estimator"], one["units"], one["sizes"]), {})[one["effect"] > 0] = one
    for (name, units, sizes), of in rows.items():
        what = {"one": f"{units} individuals", "moments": f"{units} people, {MOMENTS} moments each"}.get(
            sizes, f"{units} clusters of {sizes} sizes"
        )
        cells = [_shown(of[False], "rejected"), _shown(of[False], "covered"), _shown(of.get(True), "covered")]
        lines.append(f"| {name} | {what} | {' | '.join(cells)} | {100 * of[False]['with_interval']:.0f} % |")
    return lines


def _shown(one: Mapping[str, Any] | None, what: str) -> str:
    """A share, with an asterisk where the setting is outside its band."""
    if one is None:
        return ""
    if one[what] is None:
        return "none"
    alone = Setting(**{key: one[key] for key in Setting.__slots__})
    fine = alone.within(one["rejected"], None) if what == "rejected" else alone.within(0.05, one["covered"])
    return f"{100 * one[what]:.1f} %{'' if fine else ' *'}"


if __name__ == "__main__":
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        everything = list(pool.map(simulated, SETTINGS))
    RESULT.write_text(as_text(everything), encoding="utf-8")
    print("\n".join(table({"settings": everything})))
