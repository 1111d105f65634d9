"""The figures of docs/examples.md: what each design can show, held to its own file and to the published sizes."""

from __future__ import annotations

import re

import pytest
from scipy.stats import norm

from nudge.design.power import Block, Plan, standard_error
from nudge.trial.load import load_trial
from nudge.trial.model import Trial
from nudge.workflow.acting.example_records import EXAMPLES
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
TRIALS = {name: load_trial(ROOT / "experiments" / f"{name}.yaml").trial for name in EXAMPLES}
POWERED = [name for name, trial in TRIALS.items() if trial.stage == "trial" and trial.underpowered is None]


def section(name: str) -> str:
    """A trial's paragraph, on one line."""
    return " ".join(PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0].split())


def can_show(trial: Trial, sizes: tuple[float, float], family: int = 1) -> float:
    """The effect found four times in five: the sum of two normal quantiles times the standard error at it."""
    said = trial.power
    rows, cv, icc = said.people or 1.0, said.cv or 0.0, said.icc or 0.0
    plan = Plan((Block(*sizes),), 0.05 / family, rows, cv, icc, said.baseline, said.sd, said.r2, said.known)
    effect = 0.0
    for _ in range(50):
        effect = float(norm.ppf(1 - 0.025 / family) + norm.ppf(0.8)) * standard_error(plan, effect)[0]
    return effect


# domain figures for two equal arms; CAMHS: 20,000 appointments with a design effect of 1.3, as 13,333 children
PUBLISHED = [
    ("two-year-entitlement", 1010, 0.072), ("two-year-entitlement", 12120, 0.022), ("parenting-programme", 6000, 0.021),
    ("school-attendance", 52000, 0.21), ("ehc-advice-form", 7500, 0.032), ("ehc-advice-form", 750, 0.097),
    ("foster-enquiry", 5160, 0.027), ("foster-enquiry", 172, 0.168), ("camhs-was-not-brought", 13333, 0.013),
]  # fmt: skip


@pytest.mark.parametrize(("name", "units", "figure"), PUBLISHED, ids=str)
def test_two_equal_arms_can_show_what_the_page_says(name: str, units: int, figure: float) -> None:
    trial = TRIALS[name]
    found = can_show(trial, (units / 2, units / 2))
    days = trial.power.sd is not None
    assert round(found, 2 if days else 3) == pytest.approx(figure, abs=0.0011)
    assert f"{figure:g} days" in section(name) if days else re.search(rf"\b{figure * 100:g}\b", section(name))


@pytest.mark.parametrize("name", TRIALS)
def test_the_stated_size_is_that_of_file_generator_and_page(name: str) -> None:
    units = EXAMPLES[name].units
    assert f"{units:,}" in section(name)
    assert TRIALS[name].power.units in {None, units}
    baseline = TRIALS[name].power.baseline
    primary = next(one for one in TRIALS[name].outcomes if TRIALS[name].outcomes[one].role == "primary")
    if baseline is not None:
        assert EXAMPLES[name].outcomes[primary].base == baseline


@pytest.mark.parametrize("name", POWERED)
def test_a_trial_that_does_not_say_it_is_underpowered_is_not(name: str) -> None:
    trial = TRIALS[name]
    primary = next(outcome for outcome in trial.outcomes.values() if outcome.role == "primary")
    assert trial.randomise is not None
    assert primary.worthwhile is not None
    shares = trial.randomise.ratio
    for pair in trial.comparisons:
        each = tuple(EXAMPLES[name].units * shares[arm] / sum(shares.values()) for arm in (pair.arm, pair.control))
        assert can_show(trial, (each[0], each[1]), len(trial.comparisons)) < primary.worthwhile.value


def test_one_council_s_entitlement_trial_says_it_is_too_small() -> None:
    trial = TRIALS["two-year-entitlement"]
    assert trial.underpowered is not None
    assert can_show(trial, (1010 / 3, 1010 / 3), 2) == pytest.approx(0.095, abs=0.0005)
