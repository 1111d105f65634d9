"""How often a family of questions, a trial that is looked at as it goes, or the draw made again, errs anywhere.

    OMP_NUM_THREADS=1 python docs/simulation/families.py

Families: three arms, each against the control, by Holm and by Romano and Wolf. Looks: at a third and at two thirds of
the units, and at the end, by the boundaries of the plan; and the sequence that may be read at any moment, read ten
times. Re-draws: the test of the estimator's own t. Individuals, and sites of 30 people, or of sizes that vary by 80 %
about that, whose yes or no is alike (a normal shift, a tenth of the variance on the normal scale). Writes
families.json beside itself; docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import t

from nudge.analysis.batched import fits
from nudge.analysis.comparison import Pair
from nudge.analysis.groups import compact
from nudge.analysis.inference import answer
from nudge.analysis.lines import Line
from nudge.analysis.looks import Moment, looked
from nudge.analysis.multiplicity import adjusted
from nudge.analysis.romano_wolf import Question, Units, adjust
from nudge.analysis.runs import Runs
from nudge.analysis.sequential import whenever_half_width
from nudge.analysis.studentised import studentised_test
from nudge.trial.model import Trial
from nudge.trial.quantities import Comparison
from nudge.trial.records.analysis import AnalysisRows, Bools, Design, Floats, Ints
from nudge.trial.records.columns import Coded
from nudge.trial.records.companions import Look

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_281_123
REPETITIONS = 2_000
_HELD = 500
"""Trials worked out together."""
STORED = 5
SIZE, CV, ALIKE = 30, 0.8, 0.1
BASE, ALPHA = 0.4, 0.05
ARMS, DRAWS, MOMENTS = 4, 199, 10
EFFECT = {60: 0.11, 120: 0.25, 200: 0.2}
"""What is put in where anything is, by units; looks plan to find it with 80 %."""

Found = dict[str, bool | None]
"""By question, whether it came so in one trial; None where it was not asked."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. sizes: one (individuals), equal or unequal (sites). effect: whether one arm has one."""

    way: str
    units: int
    sizes: str
    effect: bool

    @property
    def sites(self) -> bool:
        """Whether sites were drawn."""
        return self.sizes != "one"

    @property
    def key(self) -> list[int]:
        """A part of the seed of its own."""
        return [*self.way.encode(), self.units, *self.sizes.encode(), int(self.effect)]

    @property
    def repetitions(self) -> int:
        """How often it is run."""
        return REPETITIONS

    @property
    def truth(self) -> float:
        """What the one arm adds."""
        return EFFECT[self.units] if self.effect else 0.0

    @property
    def design(self) -> Design:
        """As the lock would store it."""
        return Design("cluster" if self.sites else "complete", clusters=self.sites, blocks=False)

    def band(self, question: str) -> tuple[float, float]:
        """Between which shares the answer must lie: statistics.md 29, and never above 5 % what promises that."""
        slack = 3 * sqrt(0.05 * 0.95 / self.repetitions)
        if question == "held":
            return 0.935, 0.965
        if question in {"Romano-Wolf", "ever left out", "p < .05"}:
            return 0.0, 0.05 + slack
        return (0.0 if question == "Holm" else 0.035), 0.065


_TRIALS = ((60, "equal"), (60, "unequal"))
SETTINGS = (
    *(Setting("family", n, sizes, effect) for effect in (False, True) for n, sizes in ((120, "one"), *_TRIALS)),
    *(
        Setting(way, n, sizes, effect=False)
        for way in ("obrien_fleming", "pocock") for n, sizes in ((200, "one"), (60, "unequal"))
    ),
    *(Setting("whenever", n, sizes, effect=False) for n, sizes in ((200, "one"), *_TRIALS)),
    *(Setting("redrawn", n, "unequal", effect=False) for n in (8, 12, 20, 40)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """Everyone's unit, arm and outcome."""

    unit: Ints
    arm: Ints
    y: Floats

    def pair(self, arm: int) -> Pair:
        """An arm and the control."""
        here = (self.arm == arm) | (self.arm == 0)
        y, n = self.y[here], int(here.sum())
        return Pair(
            y=y, treated=self.arm[here] == arm, unit=compact(self.unit[here]),
            block=np.zeros(n, dtype=np.int64), weight=np.full(n, np.nan), covariates={},
        )  # fmt: skip

    def first(self, units: int) -> People:
        """Those of the units that came first."""
        here = self.unit < units
        return People(self.unit[here], self.arm[here], self.y[here])


def made(setting: Setting, arms: int, rng: np.random.Generator) -> People:
    """Units of blocks of so many come and go to the arms alike, so that looks find them even."""
    sizes = {
        "one": np.ones(setting.units), "equal": np.full(setting.units, SIZE),
        "unequal": np.maximum(1, np.rint(rng.gamma(1 / CV**2, SIZE * CV**2, setting.units))),
    }  # fmt: skip
    unit = np.repeat(np.arange(setting.units, dtype=np.int64), sizes[setting.sizes].astype(np.int64))
    parts = {"family": 1, "redrawn": 1, "whenever": MOMENTS}.get(setting.way, 3)
    edges = np.rint(np.linspace(0, setting.units, parts + 1)).astype(int)
    arm = np.concatenate([
        rng.permutation(np.arange(last - first) % arms) for first, last in pairwise(edges)
    ])  # fmt: skip
    luck = rng.standard_normal(unit.size)
    if setting.sites:
        luck = sqrt(ALIKE) * rng.standard_normal(setting.units)[unit] + sqrt(1 - ALIKE) * luck
    chance = BASE + setting.truth * (arm[unit] == 1)
    return People(unit, arm[unit], (luck < ndtri(chance)).astype(float))


def family(setting: Setting, rng: np.random.Generator) -> Found:
    """Whether any arm that does nothing is said to do something."""
    people = made(setting, ARMS, rng)
    found = [answer(people.pair(arm), setting.design, binary=True, average="person") for arm in range(1, ARMS)]
    return _of_family(setting, people, [1.0 if one.p_value is None else one.p_value for one in found], rng)


def _of_family(setting: Setting, people: People, plain: list[float], rng: np.random.Generator) -> Found:
    """By each way. No adjusted p is below the plain one, so that most families need not be adjusted."""
    nothing = [arm for arm in range(1, ARMS) if not (setting.effect and arm == 1)]
    holm = adjusted(plain, ARMS - 1) if min(plain) < ALPHA else plain
    stepped = _stepped(setting, people, int(rng.integers(2**31))) if min(plain) < _FAR else plain
    return {
        "no adjustment": any(plain[arm - 1] < ALPHA for arm in nothing),
        "Holm": any(holm[arm - 1] < ALPHA for arm in nothing),
        "Romano-Wolf": any(stepped[arm - 1] <= ALPHA for arm in nothing),
    }


_FAR = 0.2
"""Beyond this plain p, no share of re-draws as far out is near 5 %."""


def _stepped(setting: Setting, people: People, seed: int) -> Sequence[float]:
    of = Units(
        np.bincount(people.unit, people.y).astype(float), np.bincount(people.unit).astype(float),
        np.zeros(setting.units, dtype=np.int64),
    )  # fmt: skip
    arms = people.arm[np.flatnonzero(np.diff(people.unit, prepend=-1))]

    def shuffled(number: int, rng: np.random.Generator) -> Ints:
        return rng.permuted(np.broadcast_to(arms, (number, arms.size)), axis=1)

    return adjust([Question(of, arm, 0) for arm in range(1, ARMS)], shuffled, arms, draws=DRAWS, seed=seed).p_values


@cache
def trial(spending: str, size: float) -> Trial:
    """A trial file's values, planned to find `size`."""
    return Trial.model_validate({
        "trial": "made-up", "arms": {"usual": {"control": True}, "plan": {}},
        "allocation": {"arm": "arm", "method": "complete"},
        "outcomes": {
            "came": {"role": "primary", "kind": "binary", "better": "higher", "worthwhile": f"{100 * size:g} points",
                     "source": {"value": "came", "no_record": "missing"}},
        },
        "analysis": {"looks": {"at": ["33%", "67%"], "spending": spending}},
    })  # fmt: skip


def looks(setting: Setting, rng: np.random.Generator) -> Found:
    """Whether any look crosses its boundary, and whether the interval after the stop holds the truth."""
    people = made(setting, 2, rng)
    file = trial(setting.way, EFFECT[setting.units])
    before: tuple[Look, ...] = ()
    for part in (1, 2, 3):
        rows = _rows(people.first(round(setting.units * part / 3)))
        line = Line(file, "came", file.outcomes["came"], Comparison("plan", "usual"), rows, setting.design, None, 1)
        waiting = frozenset({"came"} if part < 3 else ())
        planned = line.planned("prespecified")
        before = looked(file, [planned], before, Moment(f"2027-0{part}-01", waiting))[1]
        if before and before[-1].crossed:
            break
    last = before[-1]
    # An end that tells less than an earlier look, as sites of unequal size may, is the only look that counts.
    plain = last.stopped_low is None or last.stopped_high is None
    low, high = (planned.conf_low, planned.conf_high) if plain else (last.stopped_low, last.stopped_high)
    return {"any look": last.crossed, "held": None if low is None or high is None else low <= setting.truth <= high}


def _rows(people: People) -> AnalysisRows:
    n = people.y.size
    return AnalysisRows(
        outcome=people.y, arm=Coded(people.arm.astype(np.int32), ("usual", "plan")), unit=people.unit,
        block=np.zeros(n, dtype=np.int64), probability=np.full(n, 0.5), covariates={}, types={},
    )  # fmt: skip


def whenever(setting: Setting, rng: np.random.Generator) -> Found:
    """Whether the sequence, set to be tightest at a third, leaves out the truth at any of ten moments."""
    people = made(setting, 2, rng)
    moments = [_alone(setting, people, part) for part in range(1, MOMENTS + 1)]
    return _of_moments(setting, [one for one in moments if one is not None])


def _alone(setting: Setting, people: People, part: int) -> tuple[float, float, float] | None:
    """Estimate, error and p at one moment; None where there is no error yet."""
    pair = people.first(round(setting.units * part / MOMENTS)).pair(1)
    found = answer(pair, setting.design, binary=True, average="person")
    if found.std_error is None or found.p_value is None:
        return None
    return found.estimate, found.std_error, found.p_value


def _moment(setting: Setting, people: People, many: Many, i: int, part: int) -> tuple[float, float, float] | None:
    return (many.estimate[i], many.error[i], many.p[i]) if many.settled[i] else _alone(setting, people, part)


def _of_moments(setting: Setting, moments: Sequence[tuple[float, float, float]]) -> Found:
    planned = ((1.959964 + 0.841621) / EFFECT[setting.units]) ** 2
    out = any(
        abs(estimate) > whenever_half_width(error, 3 / error**2 / planned, ALPHA) for estimate, error, _ in moments
    )
    return {"ever p < .05": any(p < ALPHA for _, _, p in moments), "ever left out": out}


def redrawn(setting: Setting, rng: np.random.Generator) -> Found:
    """The p-value of re-drawing the arms where nothing is."""
    pair = made(setting, 2, rng).pair(1)
    return {"p < .05": studentised_test(pair, draws=DRAWS, seed=int(rng.integers(2**31))).p_value <= ALPHA}


WAYS: dict[str, Callable[[Setting, np.random.Generator], Found]] = {
    "family": family, "obrien_fleming": looks, "pocock": looks, "whenever": whenever,
    "redrawn": redrawn,
}  # fmt: skip
UNGUARDED = {"no adjustment", "ever p < .05"}
"""What happens without what is shown beside it."""


def repetition(setting: Setting, number: int) -> Found:
    """One trial."""
    return WAYS[setting.way](setting, np.random.default_rng([SEED, *setting.key, number]))


def together(setting: Setting, numbers: range) -> list[Found]:
    """Many trials, their p-values by the estimators' batched form; what that cannot settle is gone through alone."""
    rngs = [np.random.default_rng([SEED, *setting.key, number]) for number in numbers]
    trials = [made(setting, ARMS if setting.way == "family" else 2, rng) for rng in rngs]
    if setting.way == "family":
        asked = [_fitted(setting, trials, arm, setting.units) for arm in range(1, ARMS)]
    else:
        parts = MOMENTS if setting.way == "whenever" else 3
        asked = [_fitted(setting, trials, 1, round(setting.units * part / parts)) for part in range(1, parts + 1)]
    found = []
    for i, number in enumerate(numbers):
        p = [float(one.p[i]) for one in asked]
        if setting.way == "whenever":
            moments = [_moment(setting, trials[i], one, i, part) for part, one in enumerate(asked, 1)]
            found.append(_of_moments(setting, [one for one in moments if one is not None]))
        elif not all(one.settled[i] for one in asked) or (setting.way != "family" and min(p) < 2 * ALPHA):
            found.append(repetition(setting, number))
        elif setting.way == "family":
            found.append(_of_family(setting, trials[i], p, rngs[i]))
        else:  # no look can cross where every p is far above the whole error
            found.append({"any look": False, "held": True})
    return found


@dataclass(frozen=True, slots=True)
class Many:
    """One comparison in R trials, (R,) each."""

    estimate: Floats
    error: Floats
    p: Floats
    settled: Bools


def _fitted(setting: Setting, trials: Sequence[People], arm: int, units: int) -> Many:
    """An arm against the control among the first units."""
    size = setting.units
    arms = np.stack([one.arm[np.flatnonzero(np.diff(one.unit, prepend=-1))] for one in trials])
    rows = np.stack([np.bincount(one.unit, minlength=size) for one in trials]).astype(float)
    totals = np.stack([np.bincount(one.unit, one.y, size) for one in trials]).astype(float)
    here = ((arms == arm) | (arms == 0)) & (np.arange(size) < units)
    block = np.zeros(size, dtype=np.int64)
    runs = Runs(arms == arm, here, rows, totals, block, binary=True, clusters=setting.sites, average="person")
    found = fits(runs, setting.design)
    with np.errstate(all="ignore"):
        p = 2 * t.sf(np.abs(found.estimate / found.std_error), found.df)
    return Many(found.estimate, found.std_error, p, found.settled)


TOGETHER = {"family", "whenever", "obrien_fleming", "pocock"}


def simulated(setting: Setting) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    many = setting.way in TOGETHER and not (setting.effect and WAYS[setting.way] is looks)
    found: list[Found] = []
    for start in range(0, setting.repetitions, _HELD):
        numbers = range(start, min(start + _HELD, setting.repetitions))
        found += together(setting, numbers) if many else [repetition(setting, number) for number in numbers]
    shares = {
        question: None if none is None else sum(bool(one[question]) for one in found) / setting.repetitions
        for question, none in found[0].items()
    }
    return asdict(setting) | {"repetitions": setting.repetitions, "shares": shares, "first": found[:STORED]}


def within(setting: Setting, question: str, share: float | None) -> bool:
    """Whether a share lies in its band, or has none."""
    if share is None or question in UNGUARDED or (question == "any look" and setting.effect):
        return True
    low, high = setting.band(question)
    return low <= share <= high


def tables(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    """The rows of docs/simulation.md, by way. An asterisk marks what lies outside its band."""
    rows: dict[str, list[str]] = {}
    for one in stored["settings"]:
        setting = Setting(**{key: one[key] for key in Setting.__slots__})
        of = "looks" if WAYS[setting.way] is looks else setting.way
        beside = ["spending"] if of == "looks" else []
        head = ["trial", *beside, "put in", *one["shares"]]
        mine = rows.setdefault(of, [f"| {' | '.join(head)} |", "|---" * len(head) + "|"])
        what = f"{setting.units} sites of {setting.sizes} sizes" if setting.sites else f"{setting.units} individuals"
        put_in = f"{100 * setting.truth:.0f} points" if setting.effect else "nothing"
        shares = [
            "" if share is None else f"{100 * share:.1f} %{'' if within(setting, question, share) else ' *'}"
            for question, share in one["shares"].items()
        ]
        spending = [setting.way.replace("_", "-")] if beside else []
        mine.append(f"| {' | '.join([what, *spending, put_in, *shares])} |")
    return rows


def as_text(settings: list[dict[str, Any]]) -> str:
    """JSON, a setting a line."""
    head = {
        "script": "docs/simulation/families.py",
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
