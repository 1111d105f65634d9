"""From a file to an answer: a trial run elsewhere beside plain loads of the same file, in one run.

    pip install 'nudge-trials[bench]'
    python benchmarks/loading.py 100000 1000000 10000000

The file: ten columns, texts in quotes, four arms drawn by household (two and a half
people each), region, age band, tenure, two continuous covariates and a yes-or-no outcome. `rows`: read,
checked and made into analysis rows. `answer`: these rows and the planned estimate of one comparison, HC2 or
CR2 with its degrees of freedom, as the design asks. The others only load the same file: every column, no
check. `duckdb_groups` counts and adds up the outcome by arm and category on the Parquet file itself, which is
what pushing the grouping down would give. Each task runs in a process of its own, after its imports; memory is
the highest mark less what the process held before.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

REGIONS, PER_HOUSEHOLD = 10, 2.5
TRIAL = """
trial: loading
arms: {usual: {control: true}, text: {}, call: {}, visit: {}}
population:
  columns: {region: category, age: category, tenure: category, x1: number, x2: number}
allocation:
  from: {csv_file: rows.csv}
  arm: arm
  unit: household
  method: complete
  ratio: {usual: 1, text: 1, call: 1, visit: 1}
analysis: {covariates: [region, age, tenure, x1, x2], comparisons: [text - usual]}
outcomes:
  y: {role: primary, kind: binary, better: higher, worthwhile: 5 points, source: {value: y, no_record: missing}}
"""


def write(n: int, folder: Path) -> None:
    """The rows as CSV and as Parquet, seeded."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    rng = np.random.default_rng(20_271_101)
    households = int(n / PER_HOUSEHOLD)
    household = np.sort(rng.integers(0, households, n))
    arm = rng.integers(0, 4, households).astype(np.int32)[household]
    region = rng.integers(0, REGIONS, n).astype(np.int32)
    table = pa.table(
        {
            "child": rng.permutation(n) + 10 * n,
            "household": household,
            "arm": pa.DictionaryArray.from_arrays(arm, ["usual", "text", "call", "visit"]).cast(pa.string()),
            "region": pa.DictionaryArray.from_arrays(region, [f"region {i}" for i in range(REGIONS)]).cast(pa.string()),
            "age": rng.integers(0, 5, n),
            "tenure": rng.integers(0, 3, n),
            "x1": rng.normal(size=n),
            "x2": rng.normal(size=n),
            "note": pa.array(["seen"]).take(pa.array(np.zeros(n, dtype=np.int32))),
            "y": (rng.random(n) < 0.3 + 0.02 * arm).astype(np.int8),
        }
    )
    csv.write_csv(table, folder / "rows.csv")
    parquet.write_table(table, folder / "rows.parquet", compression="zstd")


def _rows(path: Path) -> Any:
    from nudge.trial.load import load_trial
    from nudge.workflow.reporting.elsewhere import rows_elsewhere

    trial = path.with_name("trial.yaml")
    trial.write_text(TRIAL, encoding="utf-8")
    loaded = load_trial(trial)
    if loaded.trial.allocation is None:
        raise AssertionError("the trial was run elsewhere")
    return loaded.trial, loaded.trial.allocation, rows_elsewhere(loaded, loaded.trial.allocation, path)[1]


def rows(path: Path) -> float:
    """Read, checked, made into analysis rows."""
    return float(_rows(path)[2]["y"].outcome.mean())


def answer(path: Path) -> float:
    """The same and the planned estimate."""
    from nudge.analysis.lines import Line
    from nudge.workflow.reporting.elsewhere import design_elsewhere

    trial, allocation, rows_of = _rows(path)
    design = design_elsewhere(allocation)
    line = Line(trial, "y", trial.outcomes["y"], trial.comparisons[0], rows_of["y"], design, None, 1)
    return line.planned("replication").std_error or float("nan")


def results(path: Path) -> float:
    """All that `nudge analyse` gives: what a careless analysis would say, checks, balance, the frozen data."""
    from datetime import UTC, datetime

    from nudge.trial.load import load_trial
    from nudge.workflow.reporting.elsewhere import analyse_elsewhere

    trial = path.with_name("trial.yaml")
    trial.write_text(TRIAL, encoding="utf-8")
    found = analyse_elsewhere(load_trial(trial), datetime.now(UTC), path, path.parent / "results")
    return found.estimates[0].std_error or float("nan")


def pandas_load(path: Path) -> float:
    """Every column, by pandas."""
    import pandas as pd

    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return float(frame["y"].mean())


def pyarrow_load(path: Path) -> float:
    """Every column, by pyarrow."""
    from pyarrow import compute, csv, parquet

    table = csv.read_csv(path) if path.suffix == ".csv" else parquet.read_table(path)
    return float(compute.mean(table["y"]).as_py())


def duckdb_load(path: Path) -> float:
    """Every column into a table of DuckDB's in memory."""
    import duckdb

    with duckdb.connect() as there:
        read = there.read_csv if path.suffix == ".csv" else there.read_parquet
        read(str(path)).create("rows")
        found = there.execute("select avg(y) from rows").fetchone()
    return float(found[0]) if found else float("nan")


def duckdb_groups(path: Path) -> float:
    """The cells of arm and categories, grouped by DuckDB on the file."""
    import duckdb

    with duckdb.connect() as there:
        cells = there.read_parquet(str(path)).aggregate("arm, region, age, tenure, count(*), sum(y)").fetchall()
    return float(sum(cell[5] for cell in cells) / sum(cell[4] for cell in cells))


TASKS: dict[str, Callable[[Path], float]] = {
    one.__name__: one for one in (rows, answer, results, pandas_load, pyarrow_load, duckdb_load, duckdb_groups)
}
ONLY_PARQUET = {"duckdb_groups"}


def _megabytes(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else float("nan")


def measured(task: str, path: Path, small: Path) -> dict[str, float]:
    """Seconds on the clock and of the processor, megabytes, and the number found."""
    TASKS[task](small)  # imports, once
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest mark starts from here
    before, cpu, start = _megabytes("VmRSS"), time.process_time(), time.perf_counter()
    found = TASKS[task](path)
    return {
        "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu,
        "megabytes": _megabytes("VmHWM") - before, "found": found,
    }  # fmt: skip


def run(n: int) -> None:
    """Every task in a process of its own, on a file of its own making."""
    with tempfile.TemporaryDirectory() as made:
        folder, small = Path(made, "rows"), Path(made, "small")
        for one, size in ((folder, n), (small, 1000)):
            one.mkdir()
            write(size, one)
        for suffix in ("csv", "parquet"):
            print(f"{n:>12,} rows.{suffix}: {(folder / f'rows.{suffix}').stat().st_size / 1e6:,.0f} MB", flush=True)
            found: dict[str, dict[str, float]] = {}
            for task in TASKS:
                if task in ONLY_PARQUET and suffix == "csv":
                    continue
                paths = [str(one / f"rows.{suffix}") for one in (folder, small)]
                command = [sys.executable, __file__, "--one", task, *paths]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                one_task = found[task] = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"{n:>12,} {suffix:8}{task:14}{one_task['seconds']:9.2f} s {one_task['cpu']:9.2f} s of processor "
                    f"{one_task['megabytes']:9,.0f} MB   {one_task['found']:.10g}",
                    flush=True,
                )
            for peer in ("pandas_load", "pyarrow_load", "duckdb_load", "duckdb_groups"):
                if peer in found:
                    ratio, cpu = (found["rows"][key] / found[peer][key] for key in ("seconds", "cpu"))
                    print(f"{n:>12,} {suffix:8}rows / {peer} = {ratio:.1f} (processor {cpu:.1f})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
    else:
        for number in sys.argv[1:] or ["100000", "1000000"]:
            run(int(number))
