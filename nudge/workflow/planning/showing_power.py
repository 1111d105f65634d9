"""The figures of `nudge power` in lines for a terminal, and its curve as a file."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

from nudge.report.curves import Axes, Curve, curve_svg, curve_text
from nudge.report.numbers import percent
from nudge.trial.problems import listed
from nudge.workflow.planning.plans import amount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nudge.design.planning import PowerLine
    from nudge.workflow.planning.powering import PowerReport


def curves_of(report: PowerReport) -> tuple[list[Curve], Axes, str]:
    """The curves of every comparison, their axes, and the figure in words."""
    first = report.lines[0]
    alike = [
        line for line in report.lines if (line.scale, line.unit, line.turn) == (first.scale, first.unit, first.turn)
    ]
    shapes: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for line in alike:
        shapes.setdefault(line.curve, []).append(f"{line.outcome}, {line.comparison}")
    curves = [
        Curve("; ".join(names), tuple((_across(effect, first), chance) for effect, chance in points))
        for points, names in shapes.items()
    ]
    in_percent = "per cent more" if first.turn > 0 else "per cent less"
    across = {"probability": "percentage points", "log_ratio": in_percent}.get(first.scale, first.unit)
    axes = Axes(
        f"Power of {report.trial} by true effect",
        f"true effect, {across}",
        _across(first.worthwhile, first),
        first.target,
    )
    words = "; ".join(
        f"{line.outcome}, {line.comparison}: power {percent(line.power, 0)} "
        f"at {amount(line.worthwhile, line.scale, line.unit, line.turn)}"
        for line in alike
    )
    return curves, axes, words


def _across(effect: float, line: PowerLine) -> float:
    """Where an effect stands on the axis: points, the outcome's unit, or by how many per cent a rate changes."""
    if line.scale == "log_ratio":
        return 100 * line.turn * (exp(line.turn * effect) - 1)
    return 100 * effect if line.scale == "probability" else effect


def write_curve(report: PowerReport, path: Path) -> None:
    """The power curve as an SVG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(curve_svg(*curves_of(report)), encoding="utf-8")


def power_in_lines(report: PowerReport) -> list[str]:
    """The report for a terminal."""
    lines = [f"What {report.trial} can show", "", *(f"  {said}" for said in report.assumptions)]
    for line, names in _alike(report.lines):
        lines += ["", *_in_lines(line, names)]
    curves, axes, _ = curves_of(report)
    return [*lines, "", *curve_text(curves, axes), "", *report.advice]


def _alike(lines: Sequence[PowerLine]) -> list[tuple[PowerLine, str]]:
    """Comparisons that share every figure are shown once, with all their names."""
    groups: dict[str, list[PowerLine]] = {}
    for line in lines:
        groups.setdefault(repr(replace(line, comparison="")), []).append(line)
    return [(ones[0], listed(f"{one.outcome}, {one.comparison}" for one in ones)) for ones in groups.values()]


def _in_lines(line: PowerLine, names: str) -> list[str]:
    def shown(effect: float) -> str:
        return amount(effect, line.scale, line.unit, line.turn)

    error = f"{line.standard_error:.3g} of the log ratio" if line.scale == "log_ratio" else shown(line.standard_error)
    lines = [
        f"{names} ({line.units:,.0f} units, {line.people:,.0f} people)",
        f"  standard error          {error}, {line.df:,.0f} degrees of freedom",
        f"  power at {shown(line.worthwhile):14} {percent(line.power, 0)} (wanted {percent(line.target, 0)})",
        "  smallest effect shown   " + (shown(line.detectable) if line.detectable else "none that is possible"),
        "  units needed in all     "
        + (f"{line.needed_units:,}" if line.needed_units else "more than a thousand times as many"),
    ]
    if line.by_icc:
        by = ", ".join(f"{percent(chance, 0)} at {icc:.3g}" for icc, chance in line.by_icc.items())
        lines.append(f"  power by ICC            {by}")
    lines.append("  chance of each verdict  " + "".join(f"{where:>16}" for where in line.verdicts))
    lines += [
        f"    {_short(name):22}" + "".join(f"{percent(chances[name], 0):>16}" for chances in line.verdicts.values())
        for name in next(iter(line.verdicts.values()))
    ]
    if line.priors:
        lines.append("  if effects are like     found   of those: wrong sign   overstated")
    for name, one in line.priors.items():
        used = " (this trial's)" if name == line.prior else ""
        found, wrong = percent(one.power, 0), percent(one.wrong_sign, 0)
        lines.append(f"    {name:20} {found:>7} {wrong:>18} {one.exaggeration:>12.1f}×{used}")
    return lines


def _short(verdict: str) -> str:
    return "better, size unsure" if verdict.startswith("undecided:") else verdict
