"""One comparison of one outcome: the planned estimate, what stands beside it, what not to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.among_reached import among_reached
from nudge.analysis.answers import Answer, t_p_value, t_quantile
from nudge.analysis.comparison import FEW_CLUSTERS, Pair, pair_of
from nudge.analysis.covariates import by_level
from nudge.analysis.estimators import estimator
from nudge.analysis.groups import by_side
from nudge.analysis.icc import anova_icc
from nudge.analysis.inference import answer
from nudge.analysis.least_squares import Column
from nudge.analysis.linear_effect import THE_ARM, adjusted, arm_effect, arm_model, grouped, need_spread
from nudge.analysis.missing import filled, needs_bounds
from nudge.analysis.missing_lines import missing_lines
from nudge.analysis.named import BY_KIND, MOMENTS, beside, estimator_of, scale_of, turned
from nudge.analysis.redrawn import by_the_draw
from nudge.analysis.sandwich import clustered, robust
from nudge.analysis.verdict import equivalence_verdict, harm_verdict, margin_verdict, p_beyond, verdict
from nudge.analysis.wedge import within_periods
from nudge.analysis.wedge_lines import about_the_periods, before_and_after, other_estimand
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Careless, Design, Estimate, Label
from nudge.trial.records.columns import some_rows

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.quantities import Comparison, Difference

_MISLEADING = 1.05
"""An interval this much too narrow is worth a warning; a few twins are not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison of one outcome."""

    trial: Trial
    name: str
    outcome: Outcome
    comparison: Comparison
    rows: AnalysisRows
    design: Design
    locked: str | None
    family_size: int
    _pairs: dict[tuple[str, ...], Pair] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def sign(self) -> int:
        """Effects are oriented so that positive is better (rule 3)."""
        return -1 if self.outcome.better == "lower" else 1

    @property
    def level(self) -> float:
        """The confidence level of the plain interval."""
        return 1 - self.trial.power.alpha

    @property
    def binary(self) -> bool:
        """Whether the outcome is yes or no."""
        return self.outcome.kind == "binary"

    @property
    def named(self) -> str | None:
        """The estimator that the file names for this outcome, or that its kind needs."""
        return estimator_of(self.trial, self.outcome)

    @property
    def has_means(self) -> bool:
        """Whether a difference in means says something of this outcome."""
        return self.outcome.kind not in BY_KIND and self.named != MOMENTS

    def pair(self, covariates: Sequence[str] = (), rows: AnalysisRows | None = None) -> Pair:
        """The two arms' rows that have an outcome, found once; of other rows than the line's own, each time."""
        arms = (self.comparison.arm, self.comparison.control)
        if rows is not None:
            return pair_of(rows, *arms, covariates)
        named = tuple(covariates)
        if named not in self._pairs:
            self._pairs[named] = pair_of(self.rows, *arms, named)
        return self._pairs[named]

    def without_rows(self) -> Line:
        """The same, with nothing kept of what was found."""
        return replace(self)

    def planned(self, label: Label) -> Estimate:
        """The estimate the plan names."""
        analysis = self.trial.analysis
        pair = self.pair(analysis.covariates)
        found = answer(
            pair, self.design, binary=self.binary, average=analysis.average,
            arms=(self.comparison.arm, self.comparison.control), named=self.named,
        )  # fmt: skip
        line = self.line(pair, found, analysis.average, analysis.covariates, label)
        low, high = self._oriented(found, 1 - self.trial.power.alpha / self.family_size)
        return replace(
            line, note=_joined(line.note, self._about(found, pair)), verdict=self._verdict(line, low, high),
            verdict_conf_low=low, verdict_conf_high=high, p_margin=self._p_margin(line),
        )  # fmt: skip

    def _verdict(self, line: Estimate, low: float | None, high: float | None) -> str | None:
        """Rule 11, on the interval at the family's level; None where no interval can be had."""
        if low is None or high is None or line.estimate is None:
            return None
        worthwhile, margin = (_size(one) for one in (self.outcome.worthwhile, self.outcome.margin))
        if margin is not None and self.outcome.hypothesis == "equivalence":
            return equivalence_verdict(low, high, margin)
        if line.role == "harm" and margin is not None:
            return harm_verdict(low, high, margin)
        if margin is not None and self.outcome.hypothesis == "non_inferiority":
            return margin_verdict(low, high, margin)
        if line.role == "primary" and worthwhile is not None:
            return verdict(line.estimate, low, high, worthwhile)
        return None

    def _p_margin(self, line: Estimate) -> float | None:
        """One-sided p that the effect is beyond the margin: of the worse side, or of the nearer of both."""
        margin = _size(self.outcome.margin)
        if margin is None or line.estimate is None or line.std_error is None or line.df is None:
            return None
        return p_beyond(line.estimate, line.std_error, line.df, margin, both=self.outcome.hypothesis == "equivalence")

    def _about(self, found: Answer, pair: Pair) -> str:
        notes = []
        if self.locked and self.named is None and found.choice.estimator != self.locked:
            notes.append(f"the lock foresaw {self.locked}; the rows allow {found.choice.estimator}")
        if found.blocks_left_out:
            blocks = "1 block" if found.blocks_left_out == 1 else f"{found.blocks_left_out} blocks"
            notes.append(f"{blocks} without both arms cannot inform this comparison")
        if pair.names and found.choice.estimator == "paired":
            notes.append("pairs are compared without covariates")
        elif pair.names and found.choice.adjustment == "none" and found.std_error is not None and self.named is None:
            notes.append(f"too few units for {len(pair.names)} covariate columns, so none is used")
        if pair.phases is not None:
            notes.append(about_the_periods(pair))
        return "; ".join(notes)

    def beside(self) -> list[Estimate]:
        """Sensitivity lines; none of them sets the verdict."""
        lines = list(self._companions())
        if self.outcome.role != "primary":
            return lines
        analysis = self.trial.analysis
        pair = self.pair()
        if analysis.covariates:
            found = answer(pair, self.design, binary=self.binary, average=analysis.average, named=self.named)
            lines.append(self.line(pair, found, analysis.average, (), "sensitivity", "without covariates"))
        if not self.has_means:
            return lines
        if (pair.clustered or self.design.clusters) and pair.units <= FEW_CLUSTERS:
            other = "person" if analysis.average == "cluster" else "cluster"
            found = answer(pair, self.design, binary=self.binary, average=other)
            note = f"averaged over each {other}, shown because there are {pair.units} clusters"
            lines.append(self.line(pair, found, other, (), "sensitivity", note))
        lines.extend(self._declared())
        lines.extend(self._bounds())
        if self.design.method == "stepped_wedge":
            return [*lines, *other_estimand(self)]
        lines.extend(missing_lines(self))
        lines.extend(among_reached(self))
        lines.extend(by_the_draw(self))
        return lines

    def _companions(self) -> Iterator[Estimate]:
        """Other estimators of the same comparison that a reader of this one will ask for."""
        covariates = self.trial.analysis.covariates
        for name in beside(self.named):
            pair = self.pair(covariates)
            found = answer(pair, self.design, binary=self.binary, average="person", named=name)
            yield self.line(pair, found, "person", covariates, "sensitivity", "beside the plan")

    def _declared(self) -> list[Estimate]:
        lines = []
        for extra in self.trial.analysis.sensitivity:
            average = extra.average or self.trial.analysis.average
            covariates = self.trial.analysis.covariates if extra.covariates is None else extra.covariates
            pair = self.pair(covariates)
            if extra.fixed_effects is None:
                found = answer(pair, self.design, binary=self.binary, average=average)
            else:
                average = "person"
                found = self._with_fixed_effects(pair, extra.fixed_effects)
            note = extra.because or (f"with {extra.fixed_effects} effects" if extra.fixed_effects else "declared")
            lines.append(self.line(pair, found, average, covariates, "sensitivity", note))
        return lines

    def _with_fixed_effects(self, pair: Pair, column: str) -> Answer:
        """Indicators of a baseline column beside the arm: a declared sensitivity, never primary."""
        here = self.rows.arm.among([self.comparison.arm, self.comparison.control]) & ~np.isnan(self.rows.outcome)
        codes, levels = by_level(some_rows(self.rows.covariates[column], here), self.rows.types[column])
        plain = answer(pair, self.design, binary=self.binary, average="person")
        if plain.std_error is None:
            return plain
        adjustment = "none" if plain.choice.adjustment == "none" else "additive"
        made = grouped(pair, codes)
        effects = [Column(f"{column}={one}", (made.extra == i).astype(float)) for i, one in enumerate(levels) if i]
        choice = replace(plain.choice, estimator="fixed_effects", adjustment=adjustment)
        try:
            fitted = arm_effect(pair, made, [*effects, *adjusted(made, adjustment)], "fixed_effects")
        except EstimationRefused as refusal:
            note = f"{column} effects give no number: {refusal.what}"
            return replace(plain, choice=choice, estimate=nan, std_error=None, df=None, p_value=None, note=note)
        p_value = t_p_value(fitted.estimate / fitted.std_error, fitted.df)
        return replace(
            plain, choice=choice, estimate=fitted.estimate, std_error=fitted.std_error, df=fitted.df,
            p_value=p_value, vcov=fitted.vcov, note="",
        )  # fmt: skip

    def _bounds(self) -> list[Estimate]:
        """Best and worst case for missing outcomes, whenever there are enough of them (rule 1)."""
        arm, control = self.comparison.arm, self.comparison.control
        if not self.binary or not needs_bounds(self.rows, arm, control):
            return []
        lines = []
        for what, arm_value, control_value in (("worst", 0.0, 1.0), ("best", 1.0, 0.0)):
            if self.sign < 0:
                arm_value, control_value = control_value, arm_value  # noqa: PLW2901 - a harm turns the cases round
            rows = filled(self.rows, arm, arm_value=arm_value, control_value=control_value)
            pair = self.pair(rows=rows)
            found = answer(pair, self.design, binary=True, average=self.trial.analysis.average)
            note = f"{what} case: every missing outcome {what} for {arm}"
            lines.append(self.line(pair, found, self.trial.analysis.average, (), "sensitivity", note))
        return lines

    def careless(self) -> list[Careless]:
        """What counting rows as if each had been drawn would have claimed."""
        if self.outcome.role != "primary" or not self.has_means:
            return []
        if self.design.method == "stepped_wedge":
            return list(before_and_after(self))
        pair = self.pair()
        if not pair.clustered or pair.y.size == 0:
            return []
        try:
            model = arm_model(grouped(pair), pair.y, ())
            contrast = model.contrast(THE_ARM)
            wrong, right = robust(model, contrast), clustered(model, pair.unit, contrast)
            need_spread(wrong.std_error, pair)
        except EstimationRefused:
            return []
        if right.std_error < wrong.std_error * _MISLEADING:
            return []
        called = self.trial.population.called
        effect = self.sign * model.estimate(contrast)
        df = float(pair.y.size - 2)
        half = t_quantile(self.level, df) * wrong.std_error
        return [
            Careless(
                self.name, self.comparison.arm, self.comparison.control,
                f"{pair.y.size:,} {called.people} counted as if each had been randomised",
                f"{pair.units:,} {called.units} were randomised, not {pair.y.size:,} {called.people}; those in one "
                "share its arm and its luck, so the interval is too narrow",
                effect, wrong.std_error, t_p_value(effect / wrong.std_error, df), effect - half, effect + half,
            )
        ]  # fmt: skip

    def line(
        self, pair: Pair, found: Answer, average: str, covariates: Sequence[str], label: Label, note: str = "",
        estimand: str = "",
    ) -> Estimate:  # fmt: skip
        """An answer as a line of the results, oriented. covariates: those the model used, if it took any."""
        bounds, sign = self._oriented(found, self.level), self.sign * turned(found.choice.estimator)
        (n_control, n_arm), totals = (by_side(None, pair.treated, values)[0].tolist() for values in (None, pair.y))
        means = found.means or (totals[1] / n_arm if n_arm else None, totals[0] / n_control if n_control else None)
        clustered = pair.clustered or self.design.clusters
        if not estimand:
            estimand = "none" if found.choice.estimator == "none" else estimator(found.choice.estimator).ESTIMAND
        return Estimate(
            outcome=self.name, role=self.outcome.role, family=self.outcome.role, arm=self.comparison.arm,
            control=self.comparison.control, estimand=f"ITT: {estimand}", estimator=found.choice.estimator,
            vcov=found.vcov, average=average,
            covariates=() if found.choice.adjustment == "none" else tuple(covariates),
            better=self.outcome.better or "higher", scale=scale_of(found.choice.estimator, self.outcome.kind),
            estimate=None if np.isnan(found.estimate) else sign * found.estimate,
            std_error=found.std_error, df=found.df, p_value=found.p_value, p_adjusted=None,
            conf_low=bounds[0], conf_high=bounds[1], conf_level=self.level,
            mean_arm=means[0], mean_control=means[1],
            n=pair.y.size, n_arm=int(n_arm), n_control=int(n_control),
            n_allocated_arm=self.rows.arm.count(self.comparison.arm),
            n_allocated_control=self.rows.arm.count(self.comparison.control),
            n_clusters=pair.units if clustered else None,
            n_blocks=pair.blocks if self.design.blocks else None,
            icc=anova_icc(within_periods(pair), pair.unit) if clustered and pair.event is None else None,
            verdict=None, verdict_conf_low=None, verdict_conf_high=None, label=label,
            note=_joined(note, found.note),
        )  # fmt: skip

    def _oriented(self, found: Answer, level: float) -> tuple[float | None, float | None]:
        bounds = found.interval(level)
        if bounds is None:
            return None, None
        low, high = sorted(self.sign * turned(found.choice.estimator) * bound for bound in bounds)
        return low, high


def _size(given: Difference | None) -> float | None:
    return None if given is None else given.as_estimated


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
