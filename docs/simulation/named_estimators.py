"""How often named estimators reject a true null and how often their intervals hold a true effect.

    OMP_NUM_THREADS=1 python docs/simulation/named_estimators.py

Individuals, and clusters of about 20 people of unequal sizes whose outcomes are alike (a normal shift on the logit or
log scale). The truth of each setting is worked out from the law the rows are made by, never by the estimator. Writes
named_estimators.json beside itself; docs/simulation.md says what is in it.
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
from nudge.trial.records.analysis import Design

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.records.analysis import Floats, Ints

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_270_800
REPETITIONS = {"negative_binomial": 300, "cox": 300}
"""Where not 1,000: these take longest."""
STORED = 5
SIZE, ALIKE = 20, 0.3
MEAN_DAYS, LAST_DAY = 40.0, 56.0
CUTS = (-1.0, 0.0, 1.0)
"""Where the answers of the ordered outcome change, on the logistic scale."""
RATE, DISPERSION = 1.5, 0.8
MOMENTS = 20
ALPHA = 0.05
DIGITS = 8
"""Of stored p-values: likelihoods are not the same to the last digit everywhere."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. effect: on the logit or log scale; of moments, in the outcome's unit."""

    estimator: str
    units: int
    clusters: bool
    effect: float

    @property
    def number(self) -> int:
        """A part of the seed of its own."""
        names = sorted({name for name, _, _ in KINDS})
        return names.index(self.estimator) * 100_000 + self.units * 10 + self.clusters * 2 + (self.effect > 0)

    @property
    def repetitions(self) -> int:
        """How often it is run."""
        return REPETITIONS.get(self.estimator, 1_000)

    @property
    def alike(self) -> float:
        """Standard deviation of the shift that people of one cluster share."""
        return ALIKE if self.clusters else 0.0


KINDS = (
    *((name, n, clusters) for name in ("logit", "rate_ratio", "ordinal", "survival")
      for n, clusters in ((100, False), (12, True), (40, True))),
    ("negative_binomial", 100, False), ("negative_binomial", 12, True), ("negative_binomial", 40, True),
    ("cox", 100, False), ("cox", 30, True), ("cox", 40, True),
    ("micro_randomised", 12, True), ("micro_randomised", 24, True), ("micro_randomised", 48, True),
)  # fmt: skip
SETTINGS = tuple(Setting(name, n, clusters, effect) for name, n, clusters in KINDS for effect in (0.0, 0.4))


def made(setting: Setting, rng: np.random.Generator) -> Pair:
    """The rows of one trial."""
    if setting.estimator == "micro_randomised":
        return _moments(setting, rng)
    sizes = np.maximum(2, rng.poisson(SIZE, setting.units)) if setting.clusters else np.ones(setting.units, dtype=int)
    unit = np.repeat(np.arange(setting.units), sizes)
    treated = np.isin(unit, rng.permutation(setting.units)[: setting.units // 2])
    push = setting.effect * treated + rng.normal(0, 1, setting.units)[unit] * setting.alike
    y, event = _outcome(setting.estimator, push, rng)
    return _pair(y, treated, unit, event)


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
    mean = RATE * np.exp(push)
    return rng.negative_binomial(1 / DISPERSION, 1 / (1 + DISPERSION * mean)).astype(float), None


def _moments(setting: Setting, rng: np.random.Generator) -> Pair:
    """Chances that follow what was known, which also foretells the outcome."""
    unit = np.repeat(np.arange(setting.units), MOMENTS)
    known = rng.normal(size=unit.size)
    chance = np.where(known > 0, 0.6, 0.3)
    treated = rng.random(unit.size) < chance
    y = known + setting.effect * treated + rng.normal(0, 0.5, setting.units)[unit] + rng.normal(size=unit.size)
    return replace(_pair(y, treated, unit), weight=1 / np.where(treated, chance, 1 - chance))


@cache
def truth(setting: Setting) -> float:
    """The effect that the estimate is of, by integration over the clusters' shift."""
    if setting.effect == 0:
        return 0.0
    if setting.estimator in {"rate_ratio", "negative_binomial", "cox", "micro_randomised"}:
        return setting.effect
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    arms = [effect + setting.alike * nodes for effect in (setting.effect, 0.0)]
    if setting.estimator == "logit":
        one, other = (float(weights @ (1 / (1 + np.exp(0.8 - push)))) for push in arms)
        return one - other
    if setting.estimator == "survival":
        one, other = (float(weights @ _mean_time(MEAN_DAYS * np.exp(-push))) for push in arms)
        return one - other
    below = [np.array([0.0, *(float(weights @ (1 / (1 + np.exp(push - cut)))) for cut in CUTS), 1.0]) for push in arms]
    share = [np.diff(one) for one in below]
    return float((share[0] * (below[1][:-1] + share[1] / 2)).sum() - 0.5)


def _mean_time(mean: Floats) -> Floats:
    """Of an exponential time, up to the last day."""
    area: Floats = mean * (1 - np.exp(-LAST_DAY / mean))
    return area


def holds_truth(setting: Setting) -> bool:
    """Whether the effect is one number: with shifts between clusters hazards are not in proportion."""
    return not (setting.estimator == "cox" and setting.clusters)


def repetition(setting: Setting, number: int) -> tuple[float | None, bool | None]:
    """One trial: its p-value, and whether its interval holds the truth, None where there is none."""
    pair = made(setting, np.random.default_rng([SEED, setting.number, number]))
    design = Design("cluster" if setting.clusters else "complete", clusters=setting.clusters, blocks=False)
    found = answer(pair, design, binary=setting.estimator == "logit", average="person", named=setting.estimator)
    bounds = found.interval(1 - ALPHA)
    return found.p_value, None if bounds is None else bounds[0] <= truth(setting) <= bounds[1]


def simulated(setting: Setting) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    found = [repetition(setting, number) for number in range(setting.repetitions)]
    rejected = sum(p is not None and p < ALPHA for p, _ in found) / setting.repetitions
    given = [covers for _, covers in found if covers is not None]
    return asdict(setting) | {
        "repetitions": setting.repetitions,
        "truth": truth(setting) if holds_truth(setting) else None,
        "rejected": rejected,
        "with_interval": len(given) / setting.repetitions,
        "covered": sum(given) / len(given) if given and holds_truth(setting) else None,
        "first": [None if p is None else float(f"{p:.{DIGITS}g}") for p, _ in found[:STORED]],
    }


def as_text(settings: list[dict[str, Any]]) -> str:
    """JSON, a setting a line."""
    head = {
        "script": "docs/simulation/named_estimators.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seeds": f"numpy.random.default_rng([{SEED}, Setting.number, N])",
    }
    lines = ",\n  ".join(json.dumps(one) for one in settings)
    return json.dumps(head, indent=1)[:-2] + f',\n "settings": [\n  {lines}\n ]\n}}\n'


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/simulation.md."""
    lines = ["| estimator | trial | rejects a true null | interval holds a true effect |", "|---|---|---|---|"]
    rows: dict[tuple[str, int, bool], dict[bool, Mapping[str, Any]]] = {}
    for one in stored["settings"]:
        rows.setdefault((one["estimator"], one["units"], one["clusters"]), {})[one["effect"] > 0] = one
    for (name, units, clusters), by_effect in rows.items():
        what = f"{units} people, {MOMENTS} moments each" if name == "micro_randomised" else (
            f"{units} clusters" if clusters else f"{units} individuals"
        )  # fmt: skip
        null, effect = by_effect[False], by_effect[True]
        covered = "" if effect["covered"] is None else f"{100 * effect['covered']:.1f} %"
        lines.append(f"| {name} | {what} | {100 * null['rejected']:.1f} % | {covered} |")
    return lines


if __name__ == "__main__":
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        everything = list(pool.map(simulated, SETTINGS))
    RESULT.write_text(as_text(everything), encoding="utf-8")
    print("\n".join(table({"settings": everything})))
