"""How often the lines that stand beside a plan err: factors, subgroups, those reached, margins.

    OMP_NUM_THREADS=1 python docs/simulation/lines.py

Individuals, and sites of 30 people, or of sizes that vary by 80 % about that. A yes or no is alike within sites by a
normal shift that two people of one share (a tenth of the variance on the normal scale). Every line is made by the
code that makes it for a report. Writes lines.json beside itself; docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from nudge.analysis.answers import t_quantile
from nudge.analysis.batched import fits
from nudge.analysis.cace import ComplierEffect, complier_effect
from nudge.analysis.factorial import factor_lines
from nudge.analysis.inference import answer
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.lines import Line
from nudge.analysis.runs import Fits, Runs
from nudge.analysis.subgroups import interaction, levels_of
from nudge.analysis.verdict import margin_verdict
from nudge.trial.errors import EstimationRefused
from nudge.trial.model import Trial
from nudge.trial.quantities import Comparison
from nudge.trial.records.analysis import AnalysisRows, Design, Fitted, Floats, Ints
from nudge.trial.records.columns import Coded

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Estimate

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_281_122
REPETITIONS = {"factorial": 10_000, "reached": 4_000, "margin": 4_000, "subgroups": 2_000}
SLOW = 2_000
STORED = 5
SIZE, CV, ALIKE = 30, 0.8, 0.1
BASE, EFFECT, MARGIN, ALPHA = 0.4, 0.1, 0.05, 0.05
_ENOUGH, _FEWEST = 12, 8

Found = dict[str, bool | None]
"""By question, whether it came so in one trial; None where the line gives no answer."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. sizes: one (individuals), equal or unequal (sites). put_in: what is true there."""

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
        """How often it is run; fewer times where trials must be gone through one by one."""
        alone = self.sizes == "unequal" and (self.units < _FEWEST or self.four_of_few)
        return SLOW if alone else REPETITIONS[self.line]

    @property
    def four_of_few(self) -> bool:
        """Whether four arms share so few sites that the batch settles nothing."""
        return self.line == "factorial" and self.units == _ENOUGH

    @property
    def design(self) -> Design:
        """As the lock would store it."""
        return Design("cluster" if self.sites else "complete", clusters=self.sites, blocks=False)

    def band(self, question: str) -> tuple[float, float] | None:
        """Between which shares the answer must lie (statistics.md 29); None where it only informs."""
        few = self.sites and self.units < _ENOUGH * (2 if question.startswith("simple") else 1)
        if self.line == "margin":
            return 0.0, (0.035 if few else 0.0325)
        if question in _INFORM or (self.put_in, question) in _INFORM_THERE:
            return None
        if question.endswith("p < .05"):
            return (0.0, 0.07) if few else (0.035, 0.065)
        return (0.93, 1.0) if few or question.startswith("Anderson") else (0.935, 0.965)


_INFORM = {"interval without end"}
_INFORM_THERE = {("1 in 10 reached", "two stages: held")}
TRIALS = {
    "individuals": ((100, "one"), (400, "one")),
    "sites": ((12, "equal"), (12, "unequal"), (20, "unequal"), (40, "unequal")),
    "few": ((6, "equal"), (6, "unequal"), (8, "unequal")),
}


def people(setting: Setting, rng: np.random.Generator) -> Ints:
    """The unit of everyone."""
    sizes = {
        "one": np.ones(setting.units), "equal": np.full(setting.units, SIZE),
        "unequal": np.maximum(1, np.rint(rng.gamma(1 / CV**2, SIZE * CV**2, setting.units))),
    }  # fmt: skip
    return np.repeat(np.arange(setting.units, dtype=np.int64), sizes[setting.sizes].astype(np.int64))


def drawn(setting: Setting, unit: Ints, arms: int, rng: np.random.Generator) -> Ints:
    """Everyone's arm, as many units to each."""
    return rng.permutation(np.arange(setting.units) % arms)[unit]


def luck(setting: Setting, unit: Ints, rng: np.random.Generator) -> Floats:
    """Normal, with variance 1, of which people of one site share a part."""
    own: Floats = rng.standard_normal(unit.size)
    if not setting.sites:
        return own
    shared = rng.standard_normal(setting.units)[unit]
    return np.asarray(sqrt(ALIKE) * shared + sqrt(1 - ALIKE) * own, dtype=float)


def happened(chance: Floats, luck: Floats) -> Floats:
    """A yes or no of such chances."""
    return np.asarray(luck < ndtri(chance), dtype=float)


@cache
def trial(arms: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Trial:
    """A trial file's values. arms: names, and the level each has of every factor; the first is the control."""
    return Trial.model_validate({
        "trial": "made-up",
        "arms": {
            name: ({"control": True} if i == 0 else {}) | ({"levels": dict(levels)} if levels else {})
            for i, (name, levels) in enumerate(arms)
        },
        "allocation": {"arm": "arm", "method": "complete"},
        "outcomes": {
            "came": {"role": "primary", "kind": "binary", "better": "higher", "worthwhile": "5 points",
                     "source": {"value": "came", "no_record": "missing"}},
        },
    })  # fmt: skip


TWO = (("usual", ()), ("plan", ()))
FOUR = tuple(
    (name, (("text", text), ("letter", letter)))
    for name, text, letter in (
        ("neither", "no", "no"), ("text", "yes", "no"), ("letter", "no", "yes"), ("both", "yes", "yes"),
    )
)  # fmt: skip


def line_of(
    setting: Setting, y: Floats, arm: Ints, unit: Ints, made: Trial, columns: Mapping[str, np.ndarray] | None = None
) -> Line:
    """The comparison of the second arm with the first."""
    given = columns or {}
    names = list(made.arms)
    rows = AnalysisRows(
        outcome=y, arm=Coded(arm.astype(np.int32), tuple(names)), unit=unit, block=np.zeros(y.size, dtype=np.int64),
        probability=np.full(y.size, 1 / len(names)),
        covariates={
            name: values if values.dtype == float else Coded.of(values.tolist()) for name, values in given.items()
        },
        types={name: "number" if values.dtype == float else "category" for name, values in given.items()},
    )  # fmt: skip
    return Line(made, "came", made.outcomes["came"], Comparison(names[1], names[0]), rows, setting.design, None, 1)


def _holds(low: float | None, high: float | None, truth: float) -> bool | None:
    return None if low is None or high is None else low <= truth <= high


@dataclass(frozen=True, slots=True)
class Made:
    """Everyone's unit, arm and outcome, and whether the message reached them."""

    unit: Ints
    arm: Ints
    y: Floats
    received: Floats


def made(setting: Setting, rng: np.random.Generator) -> Made:
    """A trial of four arms, of two of which one reaches some, or of two of which one is worse by the margin."""
    unit = people(setting, rng)
    arm = drawn(setting, unit, 4 if setting.line == "factorial" else 2, rng)
    if setting.line == "reached":
        would = rng.random(unit.size) < (0.7 if setting.put_in.startswith("7") else 0.1)
        received = would & (arm == 1)
        chance = BASE - 0.1 + 0.1 * would + EFFECT * received
        return Made(unit, arm, happened(chance, luck(setting, unit, rng)), received.astype(float))
    added = -MARGIN if setting.line == "margin" else _text(setting)
    y = happened(np.asarray(BASE + added * (arm == 1), dtype=float), luck(setting, unit, rng))
    return Made(unit, arm, y, np.zeros(unit.size))


def _text(setting: Setting) -> float:
    """What the text adds by itself; with the letter it adds nothing."""
    return EFFECT if setting.put_in == _UNDOES else 0.0


def factorial(setting: Setting, rng: np.random.Generator) -> Found:
    """The main effect of one factor, and its simple effect: two arms compared."""
    one = made(setting, rng)
    line = line_of(setting, one.y, one.arm, one.unit, trial(FOUR))
    main = next((one for one in factor_lines(line, "prespecified") if one.arm == "text: yes"), None)
    simple = line.planned("prespecified")
    added = _text(setting)
    return {**_of("main effect", main, added / 2), **_of("simple effect", simple, added)}


def _of(name: str, line: Estimate | None, truth: float) -> Found:
    if line is None:
        return {f"{name}: p < .05": None, f"{name}: held": None}
    rejected = None if line.p_value is None or truth else line.p_value < ALPHA
    return {f"{name}: p < .05": rejected, f"{name}: held": _holds(line.conf_low, line.conf_high, truth)}


def subgroups(setting: Setting, rng: np.random.Generator) -> Found:
    """Whether an effect that is the same in every kind is said to differ."""
    unit = people(setting, rng)
    arm = drawn(setting, unit, 2, rng)
    kinds = 3 if setting.put_in.startswith("three") else 2
    kind = rng.integers(0, kinds, unit.size)
    y = happened(np.asarray(BASE + EFFECT * (arm + kind - 1), dtype=float), luck(setting, unit, rng))
    line = line_of(setting, y, arm, unit, trial(TWO), {"kind": kind.astype(str)})
    levels = levels_of(line, "kind")
    shown = levels.shown()
    try:
        return {"p < .05": interaction(levels, shown).p_value < ALPHA if len(shown) > 1 else None}
    except EstimationRefused:
        return {"p < .05": None}


def reached(setting: Setting, rng: np.random.Generator) -> Found:
    """The effect on those reached, who would do better anyway; and Anderson and Rubin's interval for it."""
    one = made(setting, rng)
    pair = line_of(setting, one.y, one.arm, one.unit, trial(TWO)).pair()
    found = answer(pair, setting.design, binary=True, average="person")
    nothing: Found = {"two stages: held": None, "Anderson-Rubin: held": None, "interval without end": None}
    if found.std_error is None or found.score_counts is not None or not one.received.any():
        return nothing
    try:
        effect = complier_effect(pair, one.received, found.choice)
    except EstimationRefused:
        return nothing
    return _of_reached(effect)


def _of_reached(effect: ComplierEffect) -> Found:
    half = t_quantile(1 - ALPHA, effect.df) * effect.std_error if effect.df >= LEAST_DF else None
    parts = effect.anderson_rubin(t_quantile(1 - ALPHA, effect.itt.df))
    return {
        "two stages: held": None if half is None else bool(abs(effect.estimate - EFFECT) <= half),
        "Anderson-Rubin: held": any(low <= EFFECT <= high for low, high in parts),
        "interval without end": bool(np.isinf(parts).any()),
    }


def margin(setting: Setting, rng: np.random.Generator) -> Found:
    """Trials whose arm is worse by just the margin: how often that is said to be ruled out."""
    one = made(setting, rng)
    pair = line_of(setting, one.y, one.arm, one.unit, trial(TWO)).pair()
    return _of_margin(answer(pair, setting.design, binary=True, average="person").interval(1 - ALPHA))


def _of_margin(bounds: tuple[float, float] | None) -> Found:
    """Without an interval nothing is ruled out."""
    return {"no worse": bounds is not None and margin_verdict(*bounds, MARGIN) == "no worse"}


LINES: dict[str, Callable[[Setting, np.random.Generator], Found]] = {
    "factorial": factorial, "subgroups": subgroups, "reached": reached,     "margin": margin,
}  # fmt: skip
_UNDOES = "an effect that the letter undoes"
_WHERE = {
    "factorial": (("individuals", "sites"), ("nothing", _UNDOES)),
    "subgroups": (("individuals", "sites"), ("two kinds of people", "three kinds of people")),
    "reached": (("individuals", "sites"), ("7 in 10 reached", "1 in 10 reached")),
    "margin": (("individuals", "few", "sites"), ("worse by the margin",)),
}
_TOO_SLOW = {
    ("factorial", 12, "nothing"),
    ("factorial", 12, _UNDOES),
    ("factorial", 20, _UNDOES),
    ("factorial", 40, _UNDOES),
    ("subgroups", 12, "three kinds of people"),
}
"""Left out: trials that have to be gone through one by one, and say little more than those kept."""
SETTINGS = tuple(
    Setting(line, units, sizes, put_in)
    for line, (where, puts) in _WHERE.items()
    for put_in in puts for one in where for units, sizes in TRIALS[one]
    if (line, units, put_in) not in _TOO_SLOW or (sizes == "equal" and line == "factorial")
)  # fmt: skip


def repetition(setting: Setting, number: int) -> Found:
    """One trial."""
    return LINES[setting.line](setting, np.random.default_rng([SEED, *setting.key, number]))


def together(setting: Setting, numbers: range) -> list[Found]:
    """Many trials by the estimators' batched form; what that cannot settle goes through the plain one."""
    trials = [made(setting, np.random.default_rng([SEED, *setting.key, number])) for number in numbers]
    whole = [Sums.of(setting, one) for one in trials]
    sums = Sums(*(np.stack([getattr(one, name) for one in whole]) for name in Sums.__slots__))
    asked = {"factorial": _factorials, "reached": _reached, "margin": _margins}[setting.line](setting, sums)
    return [repetition(setting, n) if one is None else one for n, one in zip(numbers, asked, strict=True)]


@dataclass(frozen=True, slots=True)
class Sums:
    """Trials by randomised unit, (R, U) each."""

    rows: Floats
    arm: Floats
    y: Floats
    received: Floats

    @classmethod
    def of(cls, setting: Setting, one: Made) -> Sums:
        """Of one trial, (U,) each."""
        rows, arm, y, received = (
            np.bincount(one.unit, values, setting.units).astype(float)
            for values in (np.ones(one.y.size), one.arm, one.y, one.received)
        )
        return cls(rows, np.rint(arm / rows), y, received)

    def compared(self, setting: Setting, arm: int, control: int, total: Floats, *, binary: bool) -> Fits:
        """The plan's estimate, its error and degrees of freedom."""
        block = np.zeros(setting.units, dtype=np.int64)
        here = (self.arm == arm) | (self.arm == control)
        return fits(
            Runs(self.arm == arm, here, self.rows, total, block, binary, setting.sites, "person"), setting.design
        )


def _factorials(setting: Setting, sums: Sums) -> list[Found | None]:
    """Main effect: the mean of two simple ones, whose arms are others."""
    with_text, with_both = (sums.compared(setting, a, b, sums.y, binary=True) for a, b in ((1, 0), (3, 2)))
    error = np.sqrt(with_text.std_error**2 + with_both.std_error**2) / 2
    expected = [sum(1 / ((sums.arm == k) * sums.rows).sum(axis=1) for k in pair) for pair in ((1, 0), (3, 2))]
    df = (expected[0] + expected[1]) ** 2 / (expected[0] ** 2 / with_text.df + expected[1] ** 2 / with_both.df)
    estimate, added = (with_text.estimate + with_both.estimate) / 2, _text(setting)
    return [
        {
            **_of_numbers("main effect", estimate[i], error[i], df[i], added / 2),
            **_of_numbers("simple effect", with_text.estimate[i], with_text.std_error[i], with_text.df[i], added),
        } if with_text.settled[i] and with_both.settled[i] else None
        for i in range(len(sums.y))
    ]  # fmt: skip


def _of_numbers(name: str, estimate: float, error: float, df: float, truth: float) -> Found:
    half = t_quantile(1 - ALPHA, df) * error
    rejected = None if truth else bool(abs(estimate) > half)
    return {f"{name}: p < .05": rejected, f"{name}: held": bool(abs(estimate - truth) <= half)}


def _reached(setting: Setting, sums: Sums) -> list[Found | None]:
    """As `complier_effect`, whose four fits are of sums."""
    rows = sums.rows.sum(axis=1)
    mean = sums.y.sum(axis=1) / rows
    spread = np.sqrt(mean * (1 - mean))
    effect = sums.compared(setting, 1, 0, sums.y, binary=True)
    up, down = (
        sums.compared(setting, 1, 0, sums.y + side * spread[:, None] * sums.received, binary=False) for side in (1, -1)
    )
    with np.errstate(all="ignore"):
        share = (up.estimate - down.estimate) / (2 * spread)
        ratio = effect.estimate / share
        left = sums.compared(setting, 1, 0, sums.y - ratio[:, None] * sums.received, binary=False)
    settled = effect.settled & up.settled & down.settled & left.settled & (share > 0)
    found: list[Found | None] = []
    for i in range(len(sums.y)):
        outcome = effect.std_error[i] ** 2
        both = (up.std_error[i] ** 2 - down.std_error[i] ** 2) / (4 * spread[i])
        of_reached = max(0.0, (up.std_error[i] ** 2 + down.std_error[i] ** 2 - 2 * outcome) / (2 * spread[i] ** 2))
        itt = Fitted(effect.estimate[i], effect.std_error[i], effect.df[i], "difference_in_means", "", 2)
        one = ComplierEffect(
            ratio[i], left.std_error[i] / abs(share[i]), left.df[i], "", share[i], itt, (outcome, both, of_reached)
        )
        found.append(_of_reached(one) if settled[i] else None)
    return found


def _margins(setting: Setting, sums: Sums) -> list[Found | None]:
    found = sums.compared(setting, 1, 0, sums.y, binary=True)
    return [
        _of_margin((estimate - half, estimate + half)) if settled else None
        for estimate, half, settled in (
            (found.estimate[i], t_quantile(1 - ALPHA, found.df[i]) * found.std_error[i], found.settled[i])
            for i in range(len(sums.y))
        )
    ]


TOGETHER = {"factorial", "reached", "margin"}
_HELD = 500


def simulated(setting: Setting) -> dict[str, Any]:
    """Every repetition of one setting, counted."""
    found: list[Found] = []
    for start in range(0, setting.repetitions, _HELD):
        numbers = range(start, min(start + _HELD, setting.repetitions))
        many = setting.line in TOGETHER
        found += together(setting, numbers) if many else [repetition(setting, number) for number in numbers]
    shares, given = {}, {}
    for question in found[0]:
        answers = [one[question] for one in found if one[question] is not None]
        given[question] = len(answers) / setting.repetitions
        shares[question] = round(sum(map(bool, answers)) / len(answers), 6) if answers else None
    return asdict(setting) | {
        "repetitions": setting.repetitions, "shares": shares, "given": given, "first": found[:STORED],
    }  # fmt: skip


def within(setting: Setting, question: str, share: float | None) -> bool:
    """Whether a share lies in its band, or has none."""
    band = setting.band(question)
    return share is None or band is None or band[0] <= share <= band[1]


def tables(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    """The rows of docs/simulation.md, by line. An asterisk marks what lies outside its band."""
    made: dict[str, list[str]] = {}
    for one in stored["settings"]:
        setting = Setting(**{key: one[key] for key in Setting.__slots__})
        rows = made.setdefault(
            setting.line,
            [f"| trial | put in | {' | '.join(one['shares'])} | given |", "|---" * (len(one["shares"]) + 3) + "|"],
        )
        what = f"{setting.units} sites of {setting.sizes} sizes" if setting.sites else f"{setting.units} individuals"
        cells = [_shown(setting, question, share) for question, share in one["shares"].items()]
        given = f"{100 * max(one['given'].values()):.0f} %"
        rows.append(f"| {what} | {setting.put_in} | {' | '.join(cells)} | {given} |")
    return made


def _shown(setting: Setting, question: str, share: float | None) -> str:
    if share is None:
        return ""
    return f"{100 * share:.1f} %{'' if within(setting, question, share) else ' *'}"


def as_text(settings: list[dict[str, Any]]) -> str:
    """JSON, a setting a line."""
    head = {
        "script": "docs/simulation/lines.py",
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
