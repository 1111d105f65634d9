"""How often the default analysis rejects a true null with few clusters (statistics.md 29).

    OMP_NUM_THREADS=1 python docs/simulation/few_clusters.py

A yes-or-no outcome at 30 % in both arms, alike within clusters (ICC .05, beta-binomial), about
30 people to a cluster, of one size or very unequal (coefficient of variation .8). The analysis
is the project's own, from rows to p-value, with what it does where degrees of freedom run out.
Writes few_clusters.json beside itself; docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
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
REPETITIONS = 10_000
STORED = 20
"""So many p-values of each setting are stored one by one, so that a test can make some of them again."""
SEED = 20_270_600
RATE, ICC, SIZE, CV = 0.3, 0.05, 30, 0.8
DIGITS = 12
ALPHA, NORMAL = 0.05, 1.959964


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial without an effect."""

    clusters: int
    treated: int
    sizes: str
    """equal, unequal, or one: individuals."""
    average: str = "person"

    @property
    def number(self) -> int:
        """A part of the seed of its own, the same for both averages: they see the same data."""
        return self.clusters * 1_000 + self.treated * 10 + ["equal", "unequal", "one"].index(self.sizes)

    @property
    def band(self) -> tuple[float, float]:
        """Between which shares rejections of a true null must lie (statistics.md 29)."""
        few = self.clusters < 12 or 2 * self.treated != self.clusters
        return (0.0, 0.07) if few else (0.035, 0.065)


SETTINGS = tuple(
    Setting(clusters, treated, sizes, average)
    for average in ("person", "cluster")
    for clusters, treated, sizes in (
        *((k, k // 2, sizes) for k in (6, 8, 12, 20, 40) for sizes in ("equal", "unequal")),
        *((k, k // 4, "unequal") for k in (8, 12, 20, 40)),
    )
) + tuple(Setting(n, n // 2, "one") for n in (60, 400))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What one trial without an effect gave."""

    p_value: float | None
    interval: bool
    """Whether there was one."""
    usual: bool
    """Whether the usual cluster-robust variance (CR1) with normal critical values would have rejected."""


def repetition(setting: Setting, number: int) -> Found:
    """One trial without an effect, drawn and analysed."""
    rng = np.random.default_rng([SEED, setting.number, number])
    unit, y = _outcomes(setting, rng)
    drawn = rng.permutation(setting.clusters)[: setting.treated]
    n = y.size
    pair = Pair(
        y=y, treated=np.isin(unit, drawn), unit=unit, block=np.zeros(n, dtype=np.int64), weight=np.full(n, np.nan),
        covariates={},
    )  # fmt: skip
    sites = setting.sizes != "one"
    design = Design("cluster" if sites else "complete", clusters=sites, blocks=False)
    found = answer(pair, design, binary=True, average=setting.average)
    return Found(found.p_value, found.interval(1 - ALPHA) is not None, _usual(pair))


def _usual(pair: Pair) -> bool:
    effect, variance = 0.0, 0.0
    for side in (pair.treated, ~pair.treated):
        n, mean = int(side.sum()), float(pair.y[side].mean())
        totals = np.bincount(pair.unit[side], pair.y[side] - mean)
        effect, variance = mean - effect, variance + float((totals**2).sum()) / n**2
    clusters, rows = pair.units, pair.y.size
    variance *= clusters / (clusters - 1) * (rows - 1) / (rows - 2)
    return effect**2 > NORMAL**2 * variance


def _outcomes(setting: Setting, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """The cluster and the outcome of every person."""
    sizes = {
        "one": np.ones(setting.clusters),
        "equal": np.full(setting.clusters, SIZE),
        "unequal": np.maximum(1, np.rint(rng.gamma(1 / CV**2, SIZE * CV**2, setting.clusters))),
    }[setting.sizes].astype(np.int64)
    alike = 1 / ICC - 1
    rates = rng.beta(RATE * alike, (1 - RATE) * alike, setting.clusters)
    unit = np.repeat(np.arange(setting.clusters), sizes)
    return unit, (rng.random(unit.size) < rates[unit]).astype(float)


def simulated(setting: Setting, repetitions: int) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    found = [repetition(setting, number) for number in range(repetitions)]
    rejected = sum(one.p_value is not None and one.p_value < ALPHA for one in found) / repetitions
    return asdict(setting) | {
        "rejected": rejected,
        "mc_error": float(np.sqrt(rejected * (1 - rejected) / repetitions)),
        "with_interval": sum(one.interval for one in found) / repetitions,
        "without_p": sum(one.p_value is None for one in found) / repetitions,
        "usual_rejects": sum(one.usual for one in found) / repetitions,
        "first": [None if one.p_value is None else float(f"{one.p_value:.{DIGITS}g}") for one in found[:STORED]],
    }


def result(repetitions: int) -> dict[str, Any]:
    """Everything that is stored."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        # The largest first, so that no core is left alone with them at the end.
        order = sorted(SETTINGS, key=lambda one: -one.clusters)
        made = dict(zip(order, pool.map(partial(simulated, repetitions=repetitions), order), strict=True))
    return {
        "script": "docs/simulation/few_clusters.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "repetitions": repetitions,
        "seeds": f"numpy.random.default_rng([{SEED}, Setting.number, N]), N from 0 to {repetitions - 1}",
        "settings": [made[setting] for setting in SETTINGS],
    }


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/simulation.md."""
    lines = [
        "| trial | each person counts the same | each cluster counts the same | must lie in | CR1, normal values |",
        "|---|---|---|---|---|",
    ]
    rows: dict[tuple[int, int, str], dict[str, Mapping[str, Any]]] = {}
    for one in stored["settings"]:
        rows.setdefault((one["clusters"], one["treated"], one["sizes"]), {})[one["average"]] = one
    for (clusters, treated, sizes), by_average in rows.items():
        low, high = (100 * bound for bound in Setting(clusters, treated, sizes).band)
        what = f"{clusters} individuals" if sizes == "one" else f"{clusters} clusters of {sizes} sizes"
        shown = [_shown(by_average.get(average)) for average in ("person", "cluster")]
        shown += [f"{low:.1f} to {high:.1f} %", f"{100 * by_average['person']['usual_rejects']:.2f} %"]
        lines.append(f"| {what}, {treated} in the arm | {' | '.join(shown)} |")
    return lines


def _shown(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return ""
    return (
        f"{100 * one['rejected']:.2f} % ({100 * one['mc_error']:.2f}); interval in {100 * one['with_interval']:.0f} %"
    )


def as_text(stored: Mapping[str, Any]) -> str:
    """JSON, lists of numbers on one line."""
    text = json.dumps(stored, indent=1)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda one: f"[{' '.join(one[1].split())}]", text) + "\n"


if __name__ == "__main__":
    everything = result(REPETITIONS)
    RESULT.write_text(as_text(everything), encoding="utf-8")
    print("\n".join(table(everything)))
