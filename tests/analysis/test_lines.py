"""From an answer to the lines of a result: direction, families, verdict, what stands beside, what not to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from nudge.analysis.analyse import Analysed, analyse, family_size
from nudge.analysis.answers import t_quantile
from nudge.analysis.foreseen import column_of
from nudge.trial.model import Trial
from nudge.trial.records.analysis import AnalysisRows, Design, Estimate
from nudge.trial.records.columns import Coded, some_rows
from tests.analysis.builders import (
    BLOCKED,
    CLUSTER,
    COMPLETE,
    coded_column,
    number_column,
    outcome,
    results,
    rows,
    trial,
)

THREE = {"usual": {"control": True}, "reminder": {}, "plan": {}}


def two_arms(events: int = 34, control_events: int = 22, n: int = 60) -> AnalysisRows:
    """Yes and no in two arms of the same size."""
    values = [1] * events + [0] * (n - events) + [1] * control_events + [0] * (n - control_events)
    return rows(values, ["plan"] * n + ["usual"] * n)


def planned(analysed: Analysed) -> list[Estimate]:
    return [line for line in analysed.estimates if line.label != "sensitivity"]


def beside(analysed: Analysed) -> list[Estimate]:
    return [line for line in analysed.estimates if line.label == "sensitivity"]


def one(analysed: Analysed) -> Estimate:
    (line,) = planned(analysed)
    return line


class TestDirection:
    def test_lower_is_better_turns_the_effect_and_its_interval(self) -> None:
        up = one(results(trial(), {"came": two_arms()}))
        down = one(results(trial(outcomes={"came": outcome(better="lower")}), {"came": two_arms()}))
        turned = [-(value or 0) for value in (down.estimate, down.conf_high, down.conf_low)]
        assert [up.estimate, up.conf_low, up.conf_high] == pytest.approx(turned)
        assert (up.p_value, up.std_error, up.mean_arm) == (down.p_value, down.std_error, down.mean_arm)
        assert up.estimate == pytest.approx(12 / 60)
        assert (up.verdict, down.verdict) == ("worthwhile", "harmful")

    def test_relabelling_the_arms_flips_the_sign(self) -> None:
        back = trial(analysis={"comparisons": ["usual - plan"]})
        there, here = one(results(trial(), {"came": two_arms()})), one(results(back, {"came": two_arms()}))
        assert there.estimate == pytest.approx(-(here.estimate or 0))
        assert (there.mean_arm, there.n_arm) == (here.mean_control, here.n_control)

    def test_a_score_interval_is_turned_too(self) -> None:
        up = one(results(trial(), {"came": two_arms(0, 6)}))
        down = one(results(trial(outcomes={"came": outcome(better="lower")}), {"came": two_arms(0, 6)}))
        assert (up.conf_low, up.conf_high) == (-(down.conf_high or 0), -(down.conf_low or 0))
        assert up.std_error is None


class TestFamilies:
    @pytest.fixture
    def made(self) -> Trial:
        return trial(
            arms=THREE,
            outcomes={
                "came": outcome(), "booked": outcome(),
                "later": {"role": "distal", "kind": "binary", "better": "higher", "expected": "2029"},
                "asked": outcome(role="secondary"),
                "complaint": outcome(role="harm", better="lower", worthwhile=None, margin="0.5 points"),
            },
        )  # fmt: skip

    @pytest.fixture
    def all_rows(self) -> dict[str, AnalysisRows]:
        rng = np.random.default_rng(12)
        arms = ["usual"] * 90 + ["reminder"] * 80 + ["plan"] * 85
        share = {"usual": 0.4, "reminder": 0.55, "plan": 0.7}
        return {
            name: rows([float(rng.random() < share[arm]) for arm in arms], arms)
            for name in ("came", "booked", "asked", "complaint")
        }

    def test_the_family_is_primary_outcomes_times_comparisons(self, made: Trial) -> None:
        assert [family_size(made, role) for role in ("primary", "secondary", "harm", "distal")] == [4, 2, 2, 1]
        alone = trial(arms=THREE, analysis={"multiplicity": "none"})
        assert family_size(alone, "primary") == 1

    def test_the_verdict_is_read_at_the_family_s_level(self, made: Trial, all_rows: dict[str, AnalysisRows]) -> None:
        line = next(line for line in planned(results(made, all_rows)) if line.role == "primary")
        assert (line.estimate, line.std_error, line.df, line.verdict_conf_low) != (None,) * 4
        half = t_quantile(1 - 0.05 / 4, line.df or 0) * (line.std_error or 0)
        assert line.verdict_conf_low == pytest.approx((line.estimate or 0) - half)
        plain = t_quantile(0.95, line.df or 0) * (line.std_error or 0)
        assert line.conf_low == pytest.approx((line.estimate or 0) - plain)
        assert line.conf_level == 0.95

    def test_holm_within_each_family(self, made: Trial, all_rows: dict[str, AnalysisRows]) -> None:
        lines = planned(results(made, all_rows))
        for role, size in (("primary", 4), ("secondary", 2), ("harm", 2)):
            family = sorted((line for line in lines if line.role == role), key=lambda line: line.p_value or 0)
            least = 0.0
            for k, line in enumerate(family):
                least = max(least, min(1.0, (size - k) * (line.p_value or 0)))
                assert line.p_adjusted == pytest.approx(least, rel=1e-12)

    def test_a_comparison_without_a_p_value_still_counts(self, made: Trial, all_rows: dict[str, AnalysisRows]) -> None:
        nobody = replace(all_rows["booked"], outcome=np.zeros(255))
        lines = [line for line in planned(results(made, all_rows | {"booked": nobody})) if line.role == "primary"]
        assert [line.p_adjusted is None for line in lines] == [False, False, True, True]
        smallest = min(line.p_value for line in lines if line.p_value is not None)
        assert min(line.p_adjusted for line in lines if line.p_adjusted is not None) == pytest.approx(4 * smallest)

    def test_an_outcome_not_yet_collected_still_counts(self, made: Trial, all_rows: dict[str, AnalysisRows]) -> None:
        del all_rows["booked"]
        lines = [line for line in planned(results(made, all_rows)) if line.role == "primary"]
        smallest = min(line.p_value for line in lines if line.p_value is not None)
        assert min(line.p_adjusted for line in lines if line.p_adjusted is not None) == pytest.approx(4 * smallest)

    def test_without_adjustment_there_is_none(self, all_rows: dict[str, AnalysisRows]) -> None:
        made = trial(arms=THREE, analysis={"multiplicity": "none"})
        lines = planned(results(made, {"came": all_rows["came"]}))
        assert all(line.p_adjusted is None for line in lines)
        assert [line.verdict_conf_low for line in lines] == [line.conf_low for line in lines]

    def test_each_comparison_knows_only_its_own_arms(self, made: Trial, all_rows: dict[str, AnalysisRows]) -> None:
        came = all_rows["came"]
        noisy = replace(came, outcome=np.where(came.arm.is_("reminder"), 1 - came.outcome, came.outcome))
        before, after = (
            next(line for line in planned(results(made, {"came": values})) if line.arm == "plan")
            for values in (came, noisy)
        )
        assert (before.estimate, before.std_error, before.df) == (after.estimate, after.std_error, after.df)

    def test_harms_get_a_verdict_of_their_own_and_secondary_outcomes_none(
        self, made: Trial, all_rows: dict[str, AnalysisRows]
    ) -> None:
        said = {line.role: line.verdict for line in planned(results(made, all_rows)) if line.arm == "plan"}
        assert said["harm"] == "harmful"
        assert said["secondary"] is None
        assert said["primary"] is not None


class TestBeside:
    columns: ClassVar[dict[str, tuple[str, list[object]]]] = {
        "age": ("number", [float(20 + i % 7) for i in range(120)]),
        "area": ("category", ["north" if i % 3 else "south" for i in range(120)]),
    }  # fmt: skip

    def with_columns(self) -> AnalysisRows:
        return replace(
            two_arms(), covariates={name: column_of(values, kind) for name, (kind, values) in self.columns.items()},
            types={"age": "number", "area": "category"},
        )  # fmt: skip

    def made(self, **analysis: Any) -> Trial:
        return trial(population={"columns": {"age": "number", "area": "category"}}, analysis=analysis)

    def test_a_result_with_covariates_has_one_without_beside_it(self) -> None:
        analysed = results(self.made(covariates=["age"]), {"came": self.with_columns()})
        without = one(results(trial(), {"came": two_arms()}))
        (line,) = beside(analysed)
        assert one(analysed).covariates == ("age",)
        assert (line.covariates, line.note, line.verdict) == ((), "without covariates", None)
        assert (line.estimate, line.std_error) == (without.estimate, without.std_error)

    def test_covariates_that_the_units_cannot_carry_are_not_claimed(self) -> None:
        few = [0, 1, 2, 60, 61, 62, 63, 119]
        made = self.with_columns()
        small = replace(
            made, outcome=np.array([0.0, 1, 1, 0, 0, 1, 0, 1]), arm=Coded.of([*["plan"] * 4, *["usual"] * 4]),
            unit=np.arange(8), block=np.zeros(8, dtype=np.int64), probability=made.probability[:8],
            covariates={name: some_rows(values, np.array(few)) for name, values in made.covariates.items()},
        )  # fmt: skip
        analysed = results(self.made(covariates=["age"], sensitivity=[{"because": "again"}]), {"came": small})
        assert all(line.covariates == () for line in analysed.estimates)
        assert "too few units for 1 covariate column, so it is not used" in one(analysed).note

    def test_effects_of_a_column_beside_the_arm(self) -> None:
        analysed = results(self.made(sensitivity=[{"fixed_effects": "area"}]), {"came": self.with_columns()})
        (line,) = beside(analysed)
        assert (line.estimator, line.note, line.verdict, line.covariates) == (
            "fixed_effects", "with area effects", None, (),
        )  # fmt: skip
        # By hand: least squares on arm and area.
        made = self.with_columns()
        x = np.column_stack([np.ones(120), made.arm.is_("plan"), coded_column(made, "area").is_("south")]).astype(float)
        by_hand = np.linalg.lstsq(x, made.outcome)[0]
        assert line.estimate == pytest.approx(by_hand[1], rel=1e-9)

    def test_effects_of_a_column_with_covariates_beside_them(self) -> None:
        analysis = {"covariates": ["age"], "sensitivity": [{"fixed_effects": "area"}]}
        line = beside(results(self.made(**analysis), {"came": self.with_columns()}))[-1]
        made = self.with_columns()
        x = np.column_stack(
            [np.ones(120), made.arm.is_("plan"), coded_column(made, "area").is_("south"), number_column(made, "age")]
        ).astype(float)
        by_hand = np.linalg.lstsq(x, made.outcome)[0]
        assert line.covariates == ("age",)
        assert line.estimate == pytest.approx(by_hand[1], rel=1e-9)

    def test_effects_that_swallow_the_arm_give_no_number(self) -> None:
        made = replace(self.with_columns(), covariates={"area": Coded.of([*["a"] * 60, *["b"] * 60])})
        (line,) = beside(results(self.made(sensitivity=[{"fixed_effects": "area"}]), {"came": made}))
        assert (line.estimate, line.std_error, line.conf_low) == (None, None, None)
        assert "every level of area is in one arm only, so they absorb the arm" in line.note

    def test_effects_of_a_column_where_an_arm_has_no_event(self) -> None:
        made = replace(self.with_columns(), outcome=np.array([0.0] * 60 + [1.0, 0.0] * 30))
        (line,) = beside(results(self.made(sensitivity=[{"fixed_effects": "area"}]), {"came": made}))
        assert line.std_error is None
        assert "0 of 60 and 30 of 60 had the event" in line.note

    @pytest.mark.parametrize(("units", "shown"), [(30, True), (32, False)])
    def test_at_thirty_clusters_or_fewer_the_other_average_is_shown(self, units: int, *, shown: bool) -> None:
        rng = np.random.default_rng(units)
        of = np.repeat(np.arange(units), 6)
        made = rows(
            (rng.random(of.size) < 0.4).astype(float).tolist(), np.where(of % 2, "plan", "usual").tolist(),
            unit=of.tolist(),
        )  # fmt: skip
        for average, other in (("person", "cluster"), ("cluster", "person")):
            analysed = results(trial(analysis={"average": average}), {"came": made}, CLUSTER)
            assert one(analysed).average == average
            lines = [line for line in beside(analysed) if "re-draws" not in line.note]
            assert [line.average for line in lines] == ([other] if shown else [])
            assert (len(beside(analysed)) > len(lines)) is shown
            assert all(line.verdict is None for line in beside(analysed))


class TestMissing:
    @pytest.mark.parametrize(
        ("lost", "lost_control", "shown"), [(0, 0, False), (2, 2, False), (3, 0, True), (1, 2, False), (4, 4, True)]
    )
    def test_bounds_stand_beside_when_enough_is_missing(self, lost: int, lost_control: int, *, shown: bool) -> None:
        made = two_arms(n=60)
        values = made.outcome.copy()
        values[:lost] = np.nan
        values[60 : 60 + lost_control] = np.nan
        lines = beside(results(trial(), {"came": replace(made, outcome=values)}))
        others = [line for line in lines if line.estimator not in {"lee_bounds", "imputation"}]
        assert (len(others) == 2) == shown
        assert any(line.estimator == "imputation" for line in lines) == shown

    @pytest.mark.parametrize("better", ["higher", "lower"])
    def test_worst_and_best_case(self, better: str) -> None:
        """30 of 50 known came in the arm, 20 of 48 in the control; 10 and 12 are missing."""
        values = [1] * 30 + [0] * 20 + [np.nan] * 10 + [1] * 20 + [0] * 28 + [np.nan] * 12
        made = rows(values, ["plan"] * 60 + ["usual"] * 60)
        analysed = results(trial(outcomes={"came": outcome(better=better)}), {"came": made})
        worst, best = [line for line in beside(analysed) if line.estimator not in {"lee_bounds", "imputation"}]
        assert (worst.note[:10], best.note[:9]) == ("worst case", "best case")
        effects = {"higher": (30 / 60 - 32 / 60, 40 / 60 - 20 / 60), "lower": (20 / 60 - 40 / 60, 32 / 60 - 30 / 60)}
        assert (worst.estimate, best.estimate) == pytest.approx(effects[better])
        line = one(analysed)
        assert (line.n_arm, line.n_control, line.n_allocated_arm, line.n_allocated_control) == (50, 48, 60, 60)
        assert (worst.estimate or 0) < (line.estimate or 0) < (best.estimate or 0)


class TestCareless:
    def households(self) -> AnalysisRows:
        rng = np.random.default_rng(6)
        of = np.repeat(np.arange(30), 8)
        alike = rng.normal(size=30)[of]
        came = (alike + rng.normal(size=of.size) > 0).astype(float)
        return rows(came.tolist(), np.where(of % 2, "plan", "usual").tolist(), unit=of.tolist())

    def test_counting_people_as_drawn_is_shown_as_what_not_to_do(self) -> None:
        made = self.households()
        analysed = results(
            trial(population={"called": {"people": "pupils", "units": "schools"}}), {"came": made}, CLUSTER
        )
        (careless,) = analysed.careless
        one_arm, other = (made.outcome[made.arm.is_(arm)] for arm in ("plan", "usual"))
        by_hand = np.sqrt(one_arm.var(ddof=1) / one_arm.size + other.var(ddof=1) / other.size)
        assert careless.std_error == pytest.approx(float(by_hand), rel=1e-9)
        assert careless.std_error < (one(analysed).std_error or 0)
        assert "30 schools were randomised, not 240 pupils" in careless.why

    def test_individuals_have_no_careless_answer(self) -> None:
        assert results(trial(), {"came": two_arms()}).careless == ()

    @pytest.mark.parametrize("value", [0.0, 1.0])
    def test_nothing_that_varies_has_none_either(self, value: float) -> None:
        made = replace(self.households(), outcome=np.full(240, value))
        assert results(trial(), {"came": made}, CLUSTER).careless == ()


class TestNotes:
    def test_the_lock_foresaw_another_estimator(self) -> None:
        analysed = analyse(
            trial(), {"came": two_arms()}, COMPLETE, "prespecified", {"plan - usual": "block_weighted"}
        )  # fmt: skip
        assert one(analysed).note == "the lock foresaw block_weighted; the rows allow difference_in_means"

    @pytest.mark.parametrize(("alone", "said"), [(1, "1 block without"), (2, "2 blocks without")])
    def test_blocks_that_cannot_inform(self, alone: int, said: str) -> None:
        made = two_arms()
        block = np.zeros(120, dtype=np.int64)
        block[:alone] = np.arange(1, alone + 1)
        line = one(results(trial(), {"came": replace(made, block=block)}, BLOCKED))
        assert said in line.note

    def test_pairs_say_that_they_take_no_covariates(self) -> None:
        made = replace(
            two_arms(), block=np.tile(np.arange(60), 2),
            covariates={"age": np.arange(120.0)}, types={"age": "number"},
        )  # fmt: skip
        described = trial(population={"columns": {"age": "number"}}, analysis={"covariates": ["age"]})
        line = one(results(described, {"came": made}, BLOCKED))
        assert (line.estimator, line.covariates) == ("paired", ())
        assert "pairs are compared without covariates" in line.note
        assert "too few units" not in line.note

    def test_an_arm_nobody_was_in(self) -> None:
        made = rows([0, 1, 1, 0], ["usual"] * 4)
        line = one(results(trial(), {"came": made}))
        assert (line.estimate, line.n_arm, line.note) == (None, 0, "no rows to compare")
        assert line.verdict is None

    def test_without_a_law_the_design_is_named_unknown(self) -> None:
        line = one(results(trial(), {"came": two_arms(0, 5)}, Design(None, clusters=False, blocks=False)))
        assert line.p_value is None
        assert "the law of the draw is not known" in line.note
