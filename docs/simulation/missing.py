"""How often the lines hold the truth that say what missing outcomes could mean.

    OMP_NUM_THREADS=1 python docs/simulation/missing.py

Individuals, and sites of 30 people whose outcomes are alike (a normal shift, a tenth of the variance). Outcomes go
missing by a number that foretells them, the other way round in either arm: weights take it for known.
Or the message gains outcomes, from anybody or from the highest, as Lee's bounds assume. Every line is made by the
code that makes it for a report. Writes missing.json beside itself; docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from nudge.analysis.inference import answer
from nudge.analysis.lines import Line
from nudge.analysis.missing_lines import missing_lines
from nudge.trial.model import Trial
from nudge.trial.quantities import Comparison
from nudge.trial.records.analysis import AnalysisRows, Design, Estimate, Floats, Ints
from nudge.trial.records.columns import Coded

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_281_122
REPETITIONS = {"missing": 2_000, "lee": 2_000}
STORED = 5
SIZE, ALIKE, BASE, EFFECT, ALPHA = 30, 0.1, 0.4, 0.1, 0.05

Found = dict[str, bool | None]
"""By line, whether it held the truth in one trial; None where it was not given."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. sizes: one (individuals) or equal (sites). put_in: what is measured, or who is gained."""

    line: str
    units: int
    sizes: str
    put_in: str

    @property
    def sites(self) -> bool:
        """Whether sites were drawn."""
        return self.sizes != "one"

    @property
    def key(self) -> list[int]:
        """A part of the seed of its own."""
        return [*self.line.encode(), self.units, *self.sizes.encode(), *self.put_in.encode()]

    @property
    def repetitions(self) -> int:
        """How often it is run."""
        return REPETITIONS[self.line]

    @property
    def design(self) -> Design:
        """As the lock would store it."""
        return Design("cluster" if self.sites else "complete", clusters=self.sites, blocks=False)


SETTINGS = (
    *(
        Setting("missing", n, sizes, put_in)
        for put_in, n, sizes in (("yes or no", 400, "one"), ("a number", 20, "equal"))
    ),
    *(Setting("lee", n, "one", f"gained from {whom}") for whom in ("anybody", "the highest") for n in (400,)),
)  # fmt: skip
INFORM = {"known only", "bounds"}
"""What has no band: those with an outcome taken for all, which is wrong here; and bounds without an error."""


def people(setting: Setting, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The unit and the arm of everyone."""
    sizes = np.full(setting.units, SIZE if setting.sites else 1)
    unit = np.repeat(np.arange(setting.units, dtype=np.int64), sizes)
    return unit, rng.permutation(np.arange(setting.units) % 2)[unit]


def luck(setting: Setting, unit: Ints, rng: np.random.Generator) -> Floats:
    """Normal, with variance 1, of which people of one site share a part."""
    own: Floats = rng.standard_normal(unit.size)
    if not setting.sites:
        return own
    shared = rng.standard_normal(setting.units)[unit]
    return np.asarray(sqrt(ALIKE) * shared + sqrt(1 - ALIKE) * own, dtype=float)


@cache
def trial(kind: str, *, covariate: bool) -> Trial:
    """A trial file's values."""
    size = {"worthwhile": "5 points"} if kind == "binary" else {"worthwhile": "0.1 points", "unit": "points"}
    return Trial.model_validate({
        "trial": "made-up", "arms": {"usual": {"control": True}, "plan": {}},
        "allocation": {"arm": "arm", "method": "complete"},
        "outcomes": {
            "came": {"role": "primary", "kind": kind, "better": "higher", **size,
                     "source": {"value": "came", "no_record": "missing"}},
        },
        "analysis": {"covariates": ["number"] if covariate else [], "imputations": 0},
    })  # fmt: skip


def line_of(setting: Setting, y: Floats, arm: Ints, unit: Ints, made: Trial, number: Floats | None = None) -> Line:
    """The comparison of the arm with its control."""
    rows = AnalysisRows(
        outcome=y, arm=Coded(arm.astype(np.int32), ("usual", "plan")), unit=unit,
        block=np.zeros(y.size, dtype=np.int64),
        probability=np.full(y.size, 0.5), covariates={} if number is None else {"number": number},
        types={} if number is None else {"number": "number"},
    )  # fmt: skip
    return Line(made, "came", made.outcomes["came"], Comparison("plan", "usual"), rows, setting.design, None, 1)


def _holds(low: float | None, high: float | None) -> bool | None:
    return None if low is None or high is None else low <= EFFECT <= high


def missing(setting: Setting, rng: np.random.Generator) -> Found:
    """Outcomes that go missing by a number which foretells them, the other way round in either arm."""
    unit, arm = people(setting, rng)
    number = rng.standard_normal(unit.size)
    with_luck = luck(setting, unit, rng)
    kind = "binary" if setting.put_in.startswith("yes") else "continuous"
    chance = np.clip(BASE + 0.15 * np.clip(number, -2, 2) + EFFECT * arm, 0, 1)
    y = (with_luck < ndtri(chance)) if kind == "binary" else 0.7 * number + EFFECT * arm + with_luck
    gone = rng.random(unit.size) < 1 / (1 + np.exp(1.5 - number * np.where(arm == 1, 1.0, -1.0)))
    line = line_of(setting, np.where(gone, np.nan, y), arm, unit, trial(kind, covariate=True), number)
    shown = {one.estimator: one for one in missing_lines(line) if isinstance(one, Estimate)}
    plain = answer(line.pair(), setting.design, binary=line.binary, average="person").interval(1 - ALPHA)
    weighted = shown.get("response_weights")
    return {
        "known only": None if plain is None else _holds(*plain),
        "weighted": None if weighted is None else _holds(weighted.conf_low, weighted.conf_high),
    }


def lee(setting: Setting, rng: np.random.Generator) -> Found:
    """Whether Lee's bounds hold the effect where the message gains outcomes, from anybody or from the highest."""
    unit, arm = people(setting, rng)
    y = EFFECT * arm + luck(setting, unit, rng)
    order = rng.random(unit.size) if setting.put_in == "gained from anybody" else -(y - EFFECT * arm)
    place = np.argsort(np.argsort(order)) / unit.size
    known = (place >= 0.2) | ((arm == 1) & (place >= 0.1))
    line = line_of(setting, np.where(known, y, np.nan), arm, unit, trial("continuous", covariate=False))
    bounds = [
        one.estimate for one in missing_lines(line) if isinstance(one, Estimate) and one.estimator == "lee_bounds"
    ]
    return {"bounds": _holds(bounds[0], bounds[1]) if len(bounds) == 2 else None}


LINES = {"missing": missing, "lee": lee}


def repetition(setting: Setting, number: int) -> Found:
    """One trial."""
    return LINES[setting.line](setting, np.random.default_rng([SEED, *setting.key, number]))


def simulated(setting: Setting) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    found = [repetition(setting, number) for number in range(setting.repetitions)]
    held: dict[str, float | None] = {}
    for line in found[0]:
        answers = [bool(one[line]) for one in found if one[line] is not None]
        held[line] = round(sum(answers) / len(answers), 6) if answers else None
    given = {line: sum(one[line] is not None for one in found) / setting.repetitions for line in found[0]}
    return asdict(setting) | {
        "repetitions": setting.repetitions, "held": held, "given": given, "first": found[:STORED],
    }  # fmt: skip


def within(line: str, held: float | None) -> bool:
    """Whether a share lies in the band of statistics.md 29, or has none."""
    return held is None or line in INFORM or 0.935 <= held <= 0.965


def tables(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    """The rows of docs/simulation.md, by line. An asterisk marks what lies outside its band."""
    made: dict[str, list[str]] = {}
    for one in stored["settings"]:
        rows = made.setdefault(
            one["line"], [f"| trial | put in | {' | '.join(one['held'])} |", "|---" * (len(one["held"]) + 2) + "|"]
        )
        what = f"{one['units']} individuals" if one["sizes"] == "one" else f"{one['units']} sites of equal sizes"
        cells = [
            "none" if held is None else f"{100 * held:.1f} %{'' if within(line, held) else ' *'}"
            for line, held in one["held"].items()
        ]
        rows.append(f"| {what} | {one['put_in']} | {' | '.join(cells)} |")
    return made


def as_text(settings: list[dict[str, Any]]) -> str:
    """JSON, a setting a line."""
    head = {
        "script": "docs/simulation/missing.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seeds": f"numpy.random.default_rng([{SEED}, *Setting.key, N]), N from 0 to Setting.repetitions - 1",
    }
    lines = ",\n  ".join(json.dumps(one) for one in settings)
    return json.dumps(head, indent=1)[:-2] + f',\n "settings": [\n  {lines}\n ]\n}}\n'


if __name__ == "__main__":
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        everything = list(pool.map(simulated, SETTINGS))
    RESULT.write_text(as_text(everything), encoding="utf-8")
    for table in tables({"settings": everything}).values():
        print("\n".join([*table, ""]))
