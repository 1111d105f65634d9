"""The demonstration's council trial, many times over: does its 95 % interval keep its word.

    OMP_NUM_THREADS=1 python docs/simulation/two_year_review.py

The families are those of `nudge demo`, and so is the process that makes outcomes; every
repetition has a new draw of the arms and new luck of every child. Draw, outcome and analysis
are the project's own, by the rules that the trial file asks for. Nothing is sent or stored on
the way. Writes two_year_review.json beside itself; docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.analyse import family_size
from nudge.analysis.answers import t_p_value, t_quantile
from nudge.analysis.comparison import pair_of
from nudge.analysis.foreseen import baseline_columns
from nudge.analysis.inference import answer
from nudge.analysis.verdict import verdict
from nudge.design.methods import method
from nudge.design.seed import PublishedSeed
from nudge.outcomes.synthetic import potential_outcomes
from nudge.people.synthetic import review_roll, write_csv
from nudge.trial.library import shipped
from nudge.trial.records.analysis import AnalysisRows
from nudge.trial.records.columns import Coded
from nudge.trial.records.design import DrawUnit
from nudge.workflow.acting.example_records import EXAMPLES, FAMILIES
from nudge.workflow.allocating.drawn_design import design_of
from nudge.workflow.checking.examine import examine
from nudge.workflow.law import law_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nudge.trial.model import Trial
    from nudge.trial.quantities import Comparison
    from nudge.trial.records.people import Roll

RESULT = Path(__file__).with_suffix(".json")
REPETITIONS = 10_000
STORED = 200
"""So many repetitions are stored one by one, so that a test can make some of them again."""
OUTCOME = "attended"
PROCESS = EXAMPLES["two-year-review"].outcomes[OUTCOME]
PHRASE = "simulation of the two-year review"
LUCK = 20_270_500
"""A repetition's outcomes have this seed plus its number; its draw has the phrase with its number."""
DIGITS = 12
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Found:
    """One comparison of one repetition."""

    estimate: float
    std_error: float
    df: float
    truth: float
    """The effect among these very children with this luck."""
    verdict: str


@cache
def council() -> tuple[Trial, Roll]:
    """The shipped trial with the demonstration's families, as `nudge check` reads them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "two-year-review.yaml"
        file.write_bytes((shipped("experiments") / "two-year-review.yaml").read_bytes())
        write_csv(review_roll(FAMILIES), file.parent / "people" / "two-year-review.csv")
        examined = examine(file, datetime(2026, 10, 30, 9, 0, tzinfo=UTC))
    if examined.roll is None:
        raise AssertionError("the shipped example has a roll")
    return examined.trial, examined.roll


def repetition(number: int) -> dict[str, Found]:
    """A whole trial: arms drawn, outcomes settled, every comparison analysed as the file says."""
    trial, roll = council()
    law = law_of(trial)
    units = [DrawUnit(unit.id, unit.block) for unit in roll.units]
    seed = PublishedSeed(f"{PHRASE} {number}").new()
    arm_of = {row.unit: row.arm for row in method(law.method).draw(units, law, seed).rows}
    people = [(person, unit) for unit in roll.units for person in unit.people]
    potential = potential_outcomes([person for person, _ in people], replace(PROCESS, seed=LUCK + number))
    arms = [arm_of[unit.id] for _, unit in people]
    blocks = {block: i for i, block in enumerate(dict.fromkeys(unit.block for unit in roll.units))}
    codes = {unit.id: i for i, unit in enumerate(roll.units)}
    rows = AnalysisRows(
        outcome=np.array([potential.by_arm[arm][i] for i, arm in enumerate(arms)], dtype=float),
        arm=Coded.of(arms),
        unit=np.array([codes[unit.id] for _, unit in people], dtype=np.int64),
        block=np.array([blocks[unit.block] for _, unit in people], dtype=np.int64),
        probability=np.array([law.probability(arm) for arm in arms]),
        covariates=baseline_columns(trial, [person.columns for person, _ in people]),
        types=trial.population.columns,
    )
    found = {}
    for comparison in trial.comparisons:
        truth = potential.true_effect(comparison.arm, comparison.control)
        found[str(comparison)] = _compared(trial, rows, comparison.arm, comparison.control, truth)
    return found


def _compared(trial: Trial, rows: AnalysisRows, arm: str, control: str, truth: float) -> Found:
    pair = pair_of(rows, arm, control, trial.analysis.covariates)
    one = answer(pair, design_of(trial), binary=True, average=trial.analysis.average)
    bounds = one.interval(1 - trial.power.alpha / family_size(trial, "primary"))
    worthwhile = trial.outcomes[OUTCOME].worthwhile
    if one.std_error is None or one.df is None or bounds is None or worthwhile is None:
        raise AssertionError(f"{arm} - {control}: {one.note}")
    return Found(one.estimate, one.std_error, one.df, truth, verdict(one.estimate, *bounds, worthwhile.value))


def summary(found: Sequence[Found], effect: float) -> dict[str, Any]:
    """What the repetitions of one comparison say; shares with their Monte Carlo standard errors.

    effect: what the process adds, on average over all luck.
    """
    estimate, std_error, df, truth = (
        np.array([getattr(one, name) for one in found]) for name in ("estimate", "std_error", "df", "truth")
    )
    half = np.array([t_quantile(0.95, one) for one in df]) * std_error
    p_values = np.array([t_p_value(one, other) for one, other in zip(estimate / std_error, df, strict=True)])
    return {
        "effect": effect,
        "mean_estimate": {
            "mean": float(estimate.mean()), "mc_error": float(estimate.std(ddof=1) / np.sqrt(estimate.size)),
        },
        "spread_of_estimates": float(estimate.std(ddof=1)),
        "mean_std_error": float(std_error.mean()),
        "covers_the_effect": share(np.abs(estimate - effect) <= half),
        "covers_the_childrens_own_effect": share(np.abs(estimate - truth) <= half),
        "p_below_5_per_cent": share(p_values < ALPHA),
        "verdicts": dict(Counter(one.verdict for one in found).most_common()),
    }  # fmt: skip


def share(hits: np.ndarray) -> dict[str, float]:
    """How often, with its Monte Carlo standard error."""
    part = float(hits.mean())
    return {"share": part, "mc_error": float(np.sqrt(part * (1 - part) / hits.size))}


def stored_row(one: Found) -> list[float]:
    """Estimate, standard error, degrees of freedom and truth of one repetition."""
    return [float(f"{value:.{DIGITS}g}") for value in (one.estimate, one.std_error, one.df, one.truth)]


def result(repetitions: int) -> dict[str, Any]:
    """Everything that is stored."""
    trial, roll = council()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        every = list(pool.map(repetition, range(repetitions), chunksize=20))
    return {
        "script": "docs/simulation/two_year_review.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "repetitions": repetitions,
        "seeds": {"draw": f"{PHRASE} N", "outcomes": f"{LUCK} + N", "N": f"0 to {repetitions - 1}"},
        "households": len(roll.units),
        "children": sum(len(unit.people) for unit in roll.units),
        "comparisons": {
            str(pair): summary([one[str(pair)] for one in every], effect_of(pair)) for pair in trial.comparisons
        },
        "columns": ["estimate", "std_error", "df", "truth"],
        "first": {
            str(pair): [stored_row(one[str(pair)]) for one in every[:STORED]] for pair in trial.comparisons
        },
    }  # fmt: skip


def effect_of(pair: Comparison) -> float:
    """What the process adds to the chance of the outcome, arm less control."""
    return round(PROCESS.effects[pair.arm] - PROCESS.effects[pair.control], DIGITS)


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/simulation.md."""
    lines = [
        (
            "| comparison | effect put in | mean estimate | mean SE | spread of estimates "
            "| interval holds the effect | interval holds these children's own effect | p < .05 |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in stored["comparisons"].items():
        mean = one["mean_estimate"]
        numbers = [
            f"{one['effect']:.2f}", f"{mean['mean']:.4f} ({mean['mc_error']:.4f})", f"{one['mean_std_error']:.4f}",
            f"{one['spread_of_estimates']:.4f}", percent(one["covers_the_effect"]),
            percent(one["covers_the_childrens_own_effect"]), percent(one["p_below_5_per_cent"]),
        ]  # fmt: skip
        lines.append(f"| {name} | {' | '.join(numbers)} |")
    return lines


def percent(part: Mapping[str, float]) -> str:
    """A share and its Monte Carlo standard error, in per cent."""
    return f"{100 * part['share']:.2f} % ({100 * part['mc_error']:.2f})"


def as_text(stored: Mapping[str, Any]) -> str:
    """JSON, a line for each repetition."""
    return (
        re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda one: f"[{' '.join(one[1].split())}]", json.dumps(stored, indent=1))
        + "\n"
    )


if __name__ == "__main__":
    made = result(REPETITIONS)
    RESULT.write_text(as_text(made), encoding="utf-8")
    print("\n".join(table(made)))
