"""What `nudge check` says of a roll too small, or a plan it cannot hold, before anything is locked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nudge.trial.problems import Level
from nudge.workflow.checking.examine import examine
from tests.support.trials import START, family, trial_values, write_trial

COLUMNS = {"area": "category", "visit": "date", "refuge": "yes_no"}
PLAN = {"comparisons": ["reminder - usual"]}
COMPLETE = {"randomise": {"method": "complete"}}


def said(file: Path) -> dict[Level, list[str]]:
    problems = examine(file, START).problems
    return {level: [f"{p.path}: {p.what}; {p.remedy}" for p in problems if p.level == level] for level in Level}


def trial(folder: Path, rows: list[dict[str, str]], columns: dict[str, str] | None = None, **changes: Any) -> Path:
    population = trial_values()["population"] | {"columns": COLUMNS | (columns or {})}
    return write_trial(folder, rows=rows, **({"population": population} | changes))


def sites(folder: Path, number: int, people: int = 6, **changes: Any) -> Path:
    rows = [family(i * people + j, clinic=f"C{i}") for i in range(number) for j in range(people)]
    population = trial_values()["population"] | {"unit": "clinic", "site": "clinic", "columns": COLUMNS}
    given = {"randomise": {"method": "cluster"}, "power": {"baseline": "50%"}, "population": population}
    return write_trial(folder, rows=rows, **(given | changes))


class TestCovariates:
    """What the analysis would leave out, or could not fit, is named before the lock."""

    @pytest.mark.parametrize(("covariates", "named"), [(["age", "months"], "months"), (["area", "age"], "area")])
    def test_one_that_blocks_or_others_settle(self, covariates: list[str], named: str, tmp_path: Path) -> None:
        rows = [family(i, age=str(20 + i % 7), months=str(12 * (20 + i % 7))) for i in range(60)]
        columns = {"age": "number", "months": "number"}
        advice = said(trial(tmp_path, rows, columns, analysis=PLAN | {"covariates": covariates}))[Level.ADVICE]
        place = covariates.index(named) + 1
        assert (
            f"analysis.covariates[{place}]: `{named}` says nothing that blocks and other covariates do not, so the "
            "analysis leaves it out; leave it out, or name it in place of the column that says the same"
        ) in advice

    def test_cluster_means_hold_no_blocks(self, tmp_path: Path) -> None:
        plan = PLAN | {"covariates": ["area"], "average": "cluster"}
        rows = [family(i) for i in range(60)]
        assert not any("says nothing" in one for one in said(trial(tmp_path, rows, analysis=plan))[Level.ADVICE])

    def test_a_level_of_a_handful(self, tmp_path: Path) -> None:
        rows = [family(i, hub="far" if i < 3 else "near") for i in range(60)]
        plan = PLAN | {"covariates": ["hub"]}
        told = said(trial(tmp_path / "a", rows, {"hub": "category"}, analysis=plan))[Level.ADVICE]
        assert any("fewer than 4 units have `hub` `far`: one alone in its arm" in one for one in told)
        enough = [family(i, hub="far" if i < 4 else "near") for i in range(60)]
        told = said(trial(tmp_path / "b", enough, {"hub": "category"}, analysis=plan))[Level.ADVICE]
        assert not any("fewer than 4" in one for one in told)

    def test_effects_that_would_absorb_the_arm(self, tmp_path: Path) -> None:
        rows = [family(i, flat=f"F{i}") for i in range(60)]
        plan = PLAN | {"sensitivity": [{"fixed_effects": "flat"}]}
        told = said(trial(tmp_path, rows, {"flat": "category"}, analysis=plan))
        assert told[Level.LAUNCH] == [
            "analysis.sensitivity[1].fixed_effects: `flat` is different for each of the units drawn, so its effects "
            "would absorb the arm; name a column that many of them share, or leave it out"
        ]

    @pytest.mark.parametrize("key", ["risk_bands", "sensitivity"])
    def test_a_column_of_the_plan_is_not_called_unused(self, key: str, tmp_path: Path) -> None:
        uses = {"risk_bands": {"predicted_from": ["age"]}, "sensitivity": [{"covariates": ["age"]}]}
        rows = [family(i, age=str(20 + i % 7)) for i in range(60)]
        told = said(trial(tmp_path, rows, {"age": "number"}, analysis=PLAN | {key: uses[key]}))
        assert not any("used by nothing" in one for one in told[Level.ADVICE])


class TestUnits:
    """Re-draws, blocks and looks that so few units cannot carry (statistics.md 6, 14, 22)."""

    @pytest.mark.parametrize(
        ("number", "level", "least"),
        # 5: two and three of five, 1 in 10. 6: three and three of six, this draw and its mirror, 2 in 20.
        [(5, Level.LAUNCH, "10 %"), (6, Level.ADVICE, "10 %"), (8, None, "")],
    )
    def test_few_ways_to_draw(self, number: int, level: Level | None, least: str, tmp_path: Path) -> None:
        told = said(trial(tmp_path, [family(i) for i in range(number)], **COMPLETE))
        found = [(at, one) for at, many in told.items() for one in many if "so few ways" in one]
        assert [at for at, _ in found] == ([level] if level else [])
        assert all(f"no p-value by re-drawing them can be below {least}" in one for _, one in found)
        assert all(("too few degrees of freedom" in one) == (at == Level.LAUNCH) for at, one in found)

    def test_three_pairs_are_eight_draws(self, tmp_path: Path) -> None:
        rows = [family(i, age=str(20 + i)) for i in range(6)]
        drawn = {"method": "matched_pairs", "balance_on": ["age"]}
        told = said(trial(tmp_path, rows, {"age": "number"}, randomise=drawn))[Level.LAUNCH]
        assert any("can be below 25 %, and too few degrees of freedom" in one for one in told)  # 2 / 2³

    def test_blocks_of_one_compare_nobody(self, tmp_path: Path) -> None:
        told = said(trial(tmp_path, [family(i, area=f"a{i}") for i in range(20)]))[Level.ERROR]
        assert told == [
            "randomise.blocks: every block holds one of the units only, so no two arms can be compared within any; "
            "block on fewer columns, or merge levels"
        ]

    def test_some_blocks_too_small_for_the_arms_are_counted(self, tmp_path: Path) -> None:
        rows = [family(i, area="big" if i < 30 else f"a{i}") for i in range(34)]
        told = said(trial(tmp_path / "a", rows))[Level.ADVICE]
        assert any("4 of 5 blocks, with 4 units, hold fewer than the 2 arms" in one for one in told)
        hardly = said(trial(tmp_path / "b", rows[:33]))[Level.ADVICE]  # fewer than a tenth of them
        assert not any("hold fewer" in one for one in hardly)

    @pytest.mark.parametrize(("number", "refused"), [(12, True), (20, False)])
    def test_looks_at_few_sites_are_refused(self, tmp_path: Path, number: int, *, refused: bool) -> None:
        told = said(sites(tmp_path, number, analysis=PLAN | {"looks": {"at": ["50%"]}}))[Level.ERROR]
        sentence = (
            f"analysis.looks: plans to look at {number} sites, too few for a look to stop a trial: it takes 20; leave "
            "`looks` out, or find more sites"
        )
        assert told == ([sentence] if refused else [])

    def test_four_sites_are_told_that_they_give_no_interval(self, tmp_path: Path) -> None:
        told = said(sites(tmp_path, 4))
        (one,) = [one for one in told[Level.ADVICE] if "counted by person" in one]
        assert "with 4 sites, counted by person, the method gives no interval" in one
        assert "finds" not in one
        assert any("can be below 33 %" in one for one in told[Level.LAUNCH])

    def test_hazards_of_few_sites_are_told_before_they_give_no_number(self, tmp_path: Path) -> None:
        came = trial_values()["outcomes"]["came"] | {"kind": "time_to_event", "estimator": "cox"}
        outcomes = {"came": came | {"worthwhile": "0.8 times"}}
        told = said(sites(tmp_path / "a", 20, outcomes=outcomes))[Level.LAUNCH]
        assert any("`cox` needs 30 sites for its error, and there are 20" in one for one in told)
        enough = said(sites(tmp_path / "b", 30, people=2, outcomes=outcomes))[Level.LAUNCH]
        assert not any("`cox` needs" in one for one in enough)

    def test_a_draw_of_sites_that_names_none_is_told_what_it_draws(self, tmp_path: Path) -> None:
        drawn = {"method": "cluster"}
        told = said(trial(tmp_path, [family(i) for i in range(60)], randomise=drawn))[Level.ADVICE]
        assert any("names none, so each `household_ref` is drawn like a site" in one for one in told)
