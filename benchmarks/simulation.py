"""Seconds to simulate 1,000 trials of 10,000 families: ours, a pandas idiom, and a loop of statsmodels.

    OMP_NUM_THREADS=1 python benchmarks/simulation.py

Every way re-draws the arms within 20 blocks, makes yes-or-no outcomes and fits the block-weighted
difference with its HC2 variance. The others are timed on fewer runs and scaled up, since they take
as long for each; how many is printed. All are first shown the same run and must agree on it.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import statsmodels.api as sm

from nudge.analysis.operating import Tally
from nudge.analysis.runs import Runs
from nudge.design.fixed_numbers import redraws
from nudge.design.simulation import World, totals
from nudge.trial.records.analysis import Design, Floats, Ints
from nudge.trial.records.design import DrawUnit, Law

RUNS, FAMILIES, BLOCKS = 1000, 10_000, 20
BASE, EFFECT, SEED = 0.4, 0.02, 20_261_122
AT_ONCE = 100
STATSMODELS_RUNS, PANDAS_RUNS = 10, 50
DESIGN = Design("blocked", clusters=False, blocks=True)

Fit = tuple[float, float]


def block_codes() -> Ints:
    """(n,) the block of every family."""
    return np.arange(FAMILIES, dtype=np.int64) % BLOCKS


def units() -> tuple[list[DrawUnit], Law]:
    """The families as the draw knows them, and the law of their arms."""
    known = [DrawUnit(str(i), (str(block),)) for i, block in enumerate(block_codes())]
    return known, Law("benchmark", "blocked", ("usual", "reminder"), (1, 1), ("block",))


def ours() -> Tally:
    """Draw, outcomes and analysis in batches."""
    rng = np.random.default_rng(SEED)
    known, law = units()
    people = np.ones(FAMILIES, dtype=np.int64)
    world = World(people, np.full(FAMILIES, BASE), None, 0.0, 1.0, 1.0, together=True)
    tally = Tally()
    for _ in range(0, RUNS, AT_ONCE):
        arms = redraws(known, law, AT_ONCE, rng)
        rows, sums = totals(world, arms, np.array([0.0, EFFECT]), rng)
        tally.add(
            Runs(
                arms == 1,
                arms < len(law.arms),
                rows,
                sums,
                block_codes(),
                binary=True,
                clusters=False,
                average="person",
            ),
            DESIGN,
        )
    return tally


def one_trial(rng: np.random.Generator) -> tuple[np.ndarray, Floats]:
    """Arms and outcomes of one trial, as a loop makes them."""
    treated = np.empty(FAMILIES, dtype=bool)
    block = block_codes()
    for code in range(BLOCKS):
        here = np.flatnonzero(block == code)
        treated[here] = rng.permutation(np.arange(here.size) % 2 == 0)
    return treated, (rng.random(FAMILIES) < BASE + EFFECT * treated).astype(float)


def by_statsmodels(treated: np.ndarray, y: Floats) -> Fit:
    """Ordinary least squares on arm × centred block, HC2."""
    indicators = (block_codes()[:, None] == np.arange(1, BLOCKS)).astype(float)
    centred = indicators - indicators.mean(axis=0)
    x = np.column_stack([np.ones(y.size), treated, centred, centred * treated[:, None]])
    fitted = sm.OLS(y, x).fit(cov_type="HC2")
    return float(fitted.params[1]), float(fitted.bse[1])


def by_pandas(treated: np.ndarray, y: Floats) -> Fit:
    """Group means and variances by block and arm."""
    table = pd.DataFrame({"block": block_codes(), "treated": treated, "y": y})
    cells = table.groupby(["block", "treated"])["y"].agg(["mean", "var", "count"])
    arm, control = cells.xs(key=True, level="treated"), cells.xs(key=False, level="treated")
    share = (arm["count"] + control["count"]) / len(table)
    estimate = (share * (arm["mean"] - control["mean"])).sum()
    variance = (share**2 * (arm["var"] / arm["count"] + control["var"] / control["count"])).sum()
    return float(estimate), float(np.sqrt(variance))


def agree() -> float:
    """The largest relative difference between the three on one trial."""
    treated, y = one_trial(np.random.default_rng(SEED))
    arms = treated[None, :]
    tally = Tally()
    tally.add(
        Runs(
            arms,
            np.ones_like(arms),
            np.ones((1, FAMILIES)),
            y[None, :],
            block_codes(),
            binary=True,
            clusters=False,
            average="person",
        ),
        DESIGN,
    )
    mine = (float(tally.estimate[0][0]), float(tally.std_error[0][0]))
    others = (by_statsmodels(treated, y), by_pandas(treated, y))
    return max(abs(a / b - 1) for other in others for a, b in zip(mine, other, strict=True))


def timed(fit: Callable[[np.ndarray, Floats], Fit], runs: int) -> float:
    """Seconds for RUNS trials, scaled up from `runs`."""
    rng = np.random.default_rng(SEED)
    start = time.perf_counter()
    for _ in range(runs):
        fit(*one_trial(rng))
    return (time.perf_counter() - start) * RUNS / runs


def main() -> None:
    """Print seconds and ratios."""
    print(f"Python {platform.python_version()}, numpy {np.__version__}; {RUNS:,} trials of {FAMILIES:,} families")
    print(f"largest relative difference of estimate and standard error on one trial: {agree():.1e}")
    ours()  # the first call pays for imports
    start = time.perf_counter()
    tally = ours()
    mine = time.perf_counter() - start
    found = tally.operating(EFFECT, EFFECT, 0.05, 1).found
    print(f"nudge, in batches of {AT_ONCE}: {mine:8.2f} s   (power {found.value:.3f} ± {found.mc_error:.3f})")
    for name, fit, runs in (
        ("pandas groupby, one by one", by_pandas, PANDAS_RUNS),
        ("statsmodels OLS with HC2, one by one", by_statsmodels, STATSMODELS_RUNS),
    ):
        seconds = timed(fit, runs)
        print(f"{name}: {seconds:8.2f} s   {seconds / mine:6.1f} times as long (scaled up from {runs} runs)")


if __name__ == "__main__":
    main()
