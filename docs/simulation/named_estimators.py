"""How often named estimators reject a true null and how often their intervals hold a true effect.

    OMP_NUM_THREADS=1 python docs/simulation/named_estimators.py

Individuals, and clusters of 20 people, or of sizes that vary by 80 % about that, whose outcomes are alike (a normal
shift on the logit or log scale). The truth of each setting is worked out from the law the rows are made by, never by
the estimator. Writes named_estimators.json beside itself; docs/simulation.md says what is in it.
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
from nudge.analysis.inference import answer
from nudge.analysis.survival_times import horizon
from nudge.trial.records.analysis import Design

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.records.analysis import Floats, Ints

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_270_800
SLOW = {"negative_binomial": 4_000, "cox": 2_000}
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
    numbers = (8, 12, 30, 40) if name == "cox" else CLUSTERS
    return *((n, "one") for n in (100, 400)), *((n, sizes) for n in numbers for sizes in ("equal", "unequal"))


SETTINGS = tuple(
    Setting(name, n, sizes, effect)
    for name in NAMES for n, sizes in _kinds(name) for effect in (0.0, EFFECT)
    if effect == 0 or name != "cox" or sizes == "one"
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
        covariates=np.empty((n, 0)), names=(), event=event,
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


def repetition(setting: Setting, number: int) -> tuple[float | None, bool | None]:
    """One trial: its p-value, and whether its interval holds the truth, None where there is none."""
    pair = made(setting, np.random.default_rng([SEED, *setting.key, number]))
    design = Design("cluster" if setting.sizes != "one" else "complete", clusters=setting.sizes != "one", blocks=False)
    found = answer(pair, design, binary=setting.estimator == "logit", average="person", named=setting.estimator)
    bounds = found.interval(1 - ALPHA)
    if bounds is None:
        return found.p_value, None
    real = truth(setting, horizon(pair)) if setting.estimator == "survival" else truth(setting)
    return found.p_value, bounds[0] <= real <= bounds[1]


def simulated(setting: Setting) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    found = [repetition(setting, number) for number in range(setting.repetitions)]
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
