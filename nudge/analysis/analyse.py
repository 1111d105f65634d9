"""Every declared comparison of every outcome, and the families they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nudge.analysis.careless import other_careless
from nudge.analysis.factorial import factor_lines
from nudge.analysis.lines import Line
from nudge.analysis.multiplicity import adjusted
from nudge.analysis.romano_wolf import stepped_down
from nudge.analysis.subgroups import subgroup_lines
from nudge.analysis.survival_curves import survival_curves
from nudge.trial.records.analysis import AnalysisRows, Careless, Design, Estimate, Label, SurvivalCurve

if TYPE_CHECKING:
    from nudge.trial.model import Trial


@dataclass(frozen=True, slots=True)
class Analysed:
    """Every line of a result."""

    estimates: tuple[Estimate, ...]
    careless: tuple[Careless, ...]
    curves: tuple[SurvivalCurve, ...] = ()


def analyse(
    trial: Trial, rows_of: Mapping[str, AnalysisRows], design: Design, label: Label, foreseen: Mapping[str, str]
) -> Analysed:
    """Every declared comparison of every outcome that has rows.

    rows_of: rows by outcome. label: what the lock makes of these estimates.
    foreseen: the estimator the lock foresaw, by comparison.
    """
    lines: list[Estimate] = []
    careless: list[Careless] = []
    curves: list[SurvivalCurve] = []
    asked: dict[int, Line] = {}
    for name, rows in rows_of.items():
        size = family_size(trial, trial.outcomes[name].role)
        curves.extend(survival_curves(name, rows, list(trial.arms)))
        for comparison in trial.comparisons:
            line = Line(
                trial, name, trial.outcomes[name], comparison, rows, design, foreseen.get(str(comparison)), size
            )
            planned = len(lines)
            asked[planned] = line.without_rows()
            lines.append(line.planned(label))
            lines.extend(line.beside())
            lines.extend(subgroup_lines(line, label) if line.has_means else ())
            careless.extend(line.careless())
            careless.extend(other_careless(line, lines[planned]) if line.has_means else ())
        lines.extend(factor_lines(line, label) if trial.comparisons and line.has_means else ())
    if trial.analysis.multiplicity != "none":
        lines = _adjusted(lines, trial)
    if trial.analysis.multiplicity == "romano_wolf":
        lines = stepped_down(lines, asked)
    return Analysed(tuple(lines), tuple(careless), tuple(curves))


def family_size(trial: Trial, role: str) -> int:
    """Outcomes of a role × declared comparisons (rule 12); 1 where the file asks for no adjustment."""
    if trial.analysis.multiplicity == "none":
        return 1
    measured = [one for one in trial.outcomes.values() if one.role == role and one.source is not None]
    return max(1, len(measured) * len(trial.comparisons))


def _adjusted(lines: list[Estimate], trial: Trial) -> list[Estimate]:
    """Holm, or what the file names, within each family; sensitivity lines belong to none."""
    result = list(lines)
    for family in {line.family for line in lines}:
        members = [
            i for i, line in enumerate(lines)
            if line.family == family and line.label != "sensitivity" and line.p_value is not None
        ]  # fmt: skip
        raw = [p for i in members if (p := lines[i].p_value) is not None]
        for i, p in zip(members, adjusted(raw, family_size(trial, family), trial.analysis.multiplicity), strict=True):
            result[i] = replace(result[i], p_adjusted=p)
    return result
