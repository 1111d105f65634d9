"""Time and peak memory of the analysis engine beside statsmodels, pyfixest and tea-tasting, in one run.

    pip install 'nudge-trials[bench]'
    OMP_NUM_THREADS=2 python benchmarks/analysis.py 100000 1000000 10000000

The model: a yes-or-no outcome on four arms drawn by household (10,000 households), region (10),
age band (5), tenure (3) and two continuous covariates: 21 columns. Everyone starts from the same
columns in memory; making a matrix of them is part of the work, as it is for the engine. Each
figure is the best of three (one at ten million for the slow) in a process of its own, whose memory
is what it took beyond the columns. tea-tasting is compared on its own problem: two arms, one
covariate, the same Arrow table. `scan` reads every column once (a sum), which nothing can beat.
`nudge_rows` is the product: from the rows of the analysis to the planned estimate of two arms, with
their choice of estimator, their blocks (or households) and two covariates by Lin.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LEVELS = {"arm": 4, "region": 10, "age": 5, "tenure": 3}
HOUSEHOLDS = 10_000
SLOW = {"statsmodels_hc2", "statsmodels_clusters", "pyfixest_hc2", "pyfixest_clusters"}
TOO_MUCH_MEMORY = {"pyfixest_hc2": 1_000_000, "pyfixest_clusters": 1_000_000}
"""pyfixest took over 4 GB more at a million rows (HC2)."""
Columns = dict[str, np.ndarray[Any, Any]]


def columns(n: int) -> Columns:
    """The columns, seeded."""
    rng = np.random.default_rng(20_271_101)
    made: Columns = {"household": rng.integers(0, HOUSEHOLDS, n)}
    made["arm"] = rng.integers(0, LEVELS["arm"], HOUSEHOLDS)[made["household"]]
    for name in ("region", "age", "tenure"):
        made[name] = rng.integers(0, LEVELS[name], n)
    made["x1"], made["x2"] = rng.normal(size=n), rng.normal(size=n)
    luck = rng.normal(scale=0.1, size=HOUSEHOLDS)[made["household"]]
    made["y"] = (rng.random(n) < 0.3 + 0.02 * made["arm"] + luck).astype(float)
    return made


def scan(made: Columns) -> float:
    """Every column read once."""
    return float(sum(values.sum() for values in made.values()))


def _engine(made: Columns) -> Any:
    from nudge.analysis.cells import cells_of
    from nudge.analysis.least_squares import Column, fit

    cells = cells_of([made[name] for name in LEVELS], [made["x1"], made["x2"]])
    terms = [Column("the constant", np.ones(cells.count.size))]
    for i, (name, levels) in enumerate(LEVELS.items()):
        terms += [Column(f"{name} {k}", (cells.levels[:, i] == k).astype(float)) for k in range(1, levels)]
    terms += [Column(name, *cells.measure(i)) for i, name in enumerate(("x1", "x2"))]
    return fit(cells, made["y"], terms)


def nudge_hc2(made: Columns) -> float:
    """HC2 of all 21 columns, degrees of freedom of one arm."""
    from nudge.analysis.sandwich import robust

    model = _engine(made)
    return robust(model, model.contrast("arm 1")).std_error


def nudge_clusters(made: Columns) -> float:
    """Stata's cluster variance, as statsmodels and pyfixest give it: from the engine's parts, as no report has it."""
    model, households = _engine(made), made["household"]
    pull, residuals = model.linear(model.bread @ model.contrast("arm 1")), model.residuals()
    scores = np.zeros(HOUSEHOLDS)
    for run in model.cells.runs():
        scores += np.bincount(households[run.rows], pull.of(run) * residuals(run), HOUSEHOLDS)
    n, k, groups = households.size, len(model.names), np.unique(households).size
    return float(np.sqrt(scores @ scores * groups / (groups - 1) * (n - 1) / (n - k)))


def nudge_cr2(made: Columns) -> float:
    """CR2 with Satterthwaite degrees of freedom: what the product reports, and what the others do not have."""
    from nudge.analysis.sandwich import clustered

    model = _engine(made)
    return clustered(model, made["household"], model.contrast("arm 1")).std_error


def _matrix(made: Columns) -> np.ndarray[Any, Any]:
    n = made["y"].size
    x = np.empty((n, 3 + sum(levels - 1 for levels in LEVELS.values())), order="F")
    x[:, 0] = 1
    at = 1
    for name, levels in LEVELS.items():
        for k in range(1, levels):
            x[:, at] = made[name] == k
            at += 1
    x[:, at], x[:, at + 1] = made["x1"], made["x2"]
    return x


def statsmodels_hc2(made: Columns) -> float:
    """Its array interface."""
    import statsmodels.api as sm

    return float(sm.OLS(made["y"], _matrix(made)).fit(cov_type="HC2").bse[1])


def statsmodels_clusters(made: Columns) -> float:
    """Its array interface."""
    import statsmodels.api as sm

    model = sm.OLS(made["y"], _matrix(made))
    return float(model.fit(cov_type="cluster", cov_kwds={"groups": made["household"]}).bse[1])


def _pyfixest(made: Columns, vcov: Any) -> float:
    import pandas as pd
    import pyfixest as pf

    formula = "y ~ C(arm) + C(region) + C(age) + C(tenure) + x1 + x2"
    return float(pf.feols(formula, data=pd.DataFrame(made), vcov=vcov).se().iloc[1])


def pyfixest_hc2(made: Columns) -> float:
    """pyfixest, whose HC2 carries a small-sample factor of its own."""
    return _pyfixest(made, "HC2")


def pyfixest_clusters(made: Columns) -> float:
    """Pyfixest."""
    return _pyfixest(made, {"CRV1": "household"})


def _two_arms(made: Columns) -> Any:
    import pyarrow as pa

    return pa.table({"variant": made["arm"] % 2, "y": made["y"], "x": made["x1"]})


def tea_tasting_arrow(made: Any) -> float:
    """Two means, adjusted for one covariate, on an Arrow table."""
    import tea_tasting as tt

    found = tt.Experiment(m=tt.Mean("y", "x")).analyze(made)
    return float(found["m"].effect_size)


def nudge_two_arms(made: Any) -> float:
    """The same table: Lin's adjustment, HC2 with degrees of freedom."""
    from nudge.analysis.cells import cells_of
    from nudge.analysis.least_squares import Column, fit
    from nudge.analysis.sandwich import robust

    cells = cells_of([made["variant"].to_numpy()], [made["x"].to_numpy()])
    arm = cells.levels[:, 0].astype(float)
    x = Column("x", *cells.measure(0))
    terms = [Column("the constant", np.ones(2)), Column("arm", arm), x, x.times(arm, "arm × x")]
    model = fit(cells, made["y"].to_numpy(), terms)
    return robust(model, model.contrast("arm")).std_error


def _rows(made: Columns, unit: np.ndarray[Any, Any], block: np.ndarray[Any, Any]) -> Any:
    """What an analysis of two arms reads."""
    from nudge.trial.records.analysis import AnalysisRows
    from nudge.trial.records.columns import Coded

    return AnalysisRows(
        outcome=made["y"], arm=Coded((made["arm"] % 2).astype(np.int32), ("usual", "plan")), unit=unit,
        block=block, probability=np.full(unit.size, 0.5),
        covariates={"age": Coded(made["age"].astype(np.int32), tuple("abcde")), "x1": made["x1"]},
        types={"age": "category", "x1": "number"},
    )  # fmt: skip


def _people(made: Columns) -> Any:
    return _rows(made, np.arange(made["y"].size), made["region"])


def _households(made: Columns) -> Any:
    return _rows(made, made["household"], np.zeros(made["y"].size, dtype=np.int64))


def nudge_rows(rows: Any) -> float:
    """The planned estimate where people were drawn within regions."""
    return _planned(rows, clusters=False)


def nudge_rows_clusters(rows: Any) -> float:
    """The planned estimate where households were drawn."""
    return _planned(rows, clusters=True)


def _planned(rows: Any, *, clusters: bool) -> float:
    from nudge.analysis.comparison import pair_of
    from nudge.analysis.inference import answer
    from nudge.trial.records.analysis import Design

    pair = pair_of(rows, "plan", "usual", ["age", "x1"])
    design = Design("cluster" if clusters else "blocked", clusters=clusters, blocks=not clusters)
    found = answer(pair, design, binary=True, average="person")
    return found.std_error or 0.0


TASKS: dict[str, Callable[[Any], float]] = {
    one.__name__: one
    for one in (
        scan, nudge_hc2, statsmodels_hc2, pyfixest_hc2, nudge_clusters, nudge_cr2, statsmodels_clusters,
        pyfixest_clusters, nudge_two_arms, tea_tasting_arrow, nudge_rows, nudge_rows_clusters,
    )
}  # fmt: skip


PREPARED: dict[str, Callable[[Columns], Any]] = {
    "nudge_two_arms": _two_arms, "tea_tasting_arrow": _two_arms,
    "nudge_rows": _people, "nudge_rows_clusters": _households,
}  # fmt: skip
"""What a task starts from, where it is not the columns themselves."""


def _megabytes(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def measured(task: str, n: int) -> dict[str, float]:
    """Best time in seconds, megabytes beyond the columns, and the number found."""
    made: Any = PREPARED.get(task, dict)(columns(n))
    TASKS[task](PREPARED.get(task, dict)(columns(20_000)))  # imports, once
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest mark starts from here
    before, times, found = _megabytes("VmRSS"), [], 0.0
    for _ in range(1 if task in SLOW and n > 1_000_000 else 3):
        start = time.perf_counter()
        found = TASKS[task](made)
        times.append(time.perf_counter() - start)
    return {"seconds": min(times), "megabytes": _megabytes("VmHWM") - before, "found": found}


def run(n: int) -> dict[str, dict[str, float]]:
    """Every task in a process of its own."""
    found: dict[str, dict[str, float]] = {}
    for task in TASKS:
        if n > TOO_MUCH_MEMORY.get(task, n):
            continue
        made = subprocess.run(
            [sys.executable, __file__, "--one", task, str(n)], capture_output=True, text=True, check=True
        )
        found[task] = json.loads(made.stdout.splitlines()[-1])
        one = found[task]
        print(
            f"{n:>12,} {task:22} {one['seconds']:9.4f} s {one['megabytes']:9.0f} MB   {one['found']:.12g}", flush=True
        )
    for ours, theirs in (
        ("nudge_hc2", "statsmodels_hc2"), ("nudge_hc2", "pyfixest_hc2"), ("nudge_clusters", "statsmodels_clusters"),
        ("nudge_cr2", "statsmodels_clusters"), ("nudge_clusters", "pyfixest_clusters"),
        ("nudge_two_arms", "tea_tasting_arrow"), ("scan", "nudge_hc2"), ("scan", "nudge_cr2"),
        ("scan", "nudge_rows"), ("scan", "nudge_rows_clusters"),
    ):  # fmt: skip
        if ours in found and theirs in found:
            print(f"{n:>12,} {theirs} / {ours} = {found[theirs]['seconds'] / found[ours]['seconds']:.1f}", flush=True)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]))))
    else:
        for size in sys.argv[1:] or ["100000", "1000000"]:
            run(int(size))
