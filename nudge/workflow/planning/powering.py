"""What a trial file's own design can show: its draw, its roll and its comparisons, put to the formulas."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nudge.analysis.analyse import family_size
from nudge.analysis.comparison import FEW_CLUSTERS
from nudge.design.planning import PowerLine, power_line
from nudge.design.power import Plan
from nudge.report.numbers import percent
from nudge.trial.errors import ProblemsFound
from nudge.trial.problems import Level
from nudge.workflow.checking.drawing import draws_sites
from nudge.workflow.checking.examine import examine
from nudge.workflow.planning.outcome_laws import said_of_law
from nudge.workflow.planning.plans import (
    FEW_INDIVIDUALS,
    LikelyIcc,
    Planned,
    Sizes,
    advice_of,
    icc_of,
    plans_of,
    sizes_of,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from nudge.trial.model import Trial
    from nudge.trial.records.people import Roll


@dataclass(frozen=True, slots=True)
class PowerReport:
    """What `nudge power` has to say."""

    trial: str
    lines: tuple[PowerLine, ...]
    assumptions: tuple[str, ...]
    advice: tuple[str, ...]
    enough: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def power_of(path: Path, now: datetime) -> PowerReport:
    """Power, detectable effects and verdicts of a trial file.

    Raises ProblemsFound, or InputError with what the file does not say.
    """
    examined = examine(path, now)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    return power_report(examined.trial, examined.roll)


def power_report(trial: Trial, roll: Roll | None) -> PowerReport:
    """Every primary outcome and comparison. Raises InputError with what the file does not say."""
    sizes = sizes_of(trial, roll)
    likely = icc_of(trial)
    planned = plans_of(trial, roll, sizes)
    iccs = () if sizes.rows <= 1 or trial.power.icc is not None else (likely.low, likely.value, likely.high)
    lines = tuple(power_line(one.named, one.plan, one.aim, sizes.units, iccs) for one in planned)
    advice = tuple(advice_of(trial, one, line) for one, line in zip(planned, lines, strict=True))
    enough = all(line.power >= line.target for line in lines)
    return PowerReport(trial.trial, lines, tuple(_assumed(trial, sizes, likely, planned)), advice, enough)


def _assumed(trial: Trial, sizes: Sizes, likely: LikelyIcc, planned: list[Planned]) -> list[str]:
    given = trial.power
    unit = "sites" if draws_sites(trial) else "units"
    lines = [f"{sizes.units:,.0f} {unit} with {sizes.rows:.3g} people each on average, from {sizes.source}"]
    if sizes.rows > 1:
        lines.append(
            f"people of one unit are alike: ICC {likely.value:.3g} ({likely.because}); "
            f"sizes of units vary by {percent(sizes.cv, 0)}"
        )
    lines.extend(_outcomes(trial, planned))
    lines.append(f"{percent(given.reached, 0)} are reached, and the outcome of {percent(given.known, 0)} will be known")
    family = family_size(trial, "primary")
    if family > 1:
        lines.append(
            f"{family} comparisons share {percent(given.alpha, 0)}: each is held to "
            f"{percent(given.alpha / family, 2)}, Holm's first and hardest step"
        )
    if trial.analysis.covariates and given.r2 > 0:
        used = any(one.choice.adjustment != "none" for one in planned)
        lines.append(
            f"covariates explain {percent(given.r2, 0)} of the variance"
            if used
            else "too few units for the covariates, so none is counted on"
        )
    elif trial.analysis.covariates:
        lines.append("covariates are taken to explain nothing; `power.r2` would say how much they do")
    if any(one.plan.steps for one in planned):
        lines.append("sites are taken as alike in size, and their families as spread evenly over the periods")
        lines.append(f"periods of one cluster keep {percent(planned[0].plan.cac, 0)} of that likeness (`power.cac`)")
        lines.append(
            "the effect may change with the time since crossing, and its average is what is shown"
            if planned[0].plan.averaged
            else "a constant effect from the day of crossing is assumed; an effect that builds up needs more"
        )
    if trial.randomise is not None and trial.randomise.method == "adaptive":
        lines.append("shares are taken as fixed; an adaptive draw moves them, so its power is only roughly this")
    if draws_sites(trial) and sizes.units <= FEW_CLUSTERS:
        lines.append("with so few sites the formula is rough: nudge simulate FILE is the better guide")
    elif not draws_sites(trial) and any(_smaller_arm(one.plan) < FEW_INDIVIDUALS for one in planned):
        lines.append("with fewer than 200 in an arm the formula is rough: nudge simulate FILE is the better guide")
    return lines


def _outcomes(trial: Trial, planned: list[Planned]) -> list[str]:
    """What each primary outcome is without a message."""
    laws = {one.named.outcome: one.law for one in planned}
    lines = [
        said for name, law in laws.items()
        for said in said_of_law(law, name, exposed=trial.outcomes[name].exposure is not None)
    ]  # fmt: skip
    level = trial.power.baseline
    if level is not None and any(trial.outcomes[name].kind == "binary" for name in laws):
        lines.append(f"without a message the outcome happens to {percent(level, 0)}")
    return lines


def _smaller_arm(plan: Plan) -> float:
    return min(sum(block.treated for block in plan.blocks), sum(block.control for block in plan.blocks))
