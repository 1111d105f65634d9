"""`nudge power` and `nudge simulate` on counts, times and ordered answers, and on estimators that the file names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.trial.errors import InputError
from nudge.trial.problems import Level
from nudge.workflow.checking.examine import examine
from nudge.workflow.planning.plans import plans_of, sizes_of
from nudge.workflow.planning.powering import PowerReport, power_of
from nudge.workflow.planning.showing_power import power_in_lines
from nudge.workflow.planning.showing_simulation import simulation_in_lines
from nudge.workflow.planning.simulated_laws import LawWorld, foretold_share, made_by_law
from nudge.workflow.planning.simulated_world import runs_of, setting_of
from nudge.workflow.planning.simulating import Asked, Simulated, simulate_trial
from tests.support.trials import START, family, trial_values, write_trial

SOURCE = {
    "csv_file": "outcomes/came.csv", "id": "person_ref", "date": "day", "value": "present",
    "no_record": "did_not_happen", "covers": "all clinics",
}  # fmt: skip
COUNTED: dict[str, Any] = {"rate": 1.5, "dispersion": 0.8}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "logit": ({"kind": "binary", "estimator": "logit", "worthwhile": "12 points"}, {"baseline": "60%"}),
    "risk": (
        {"kind": "binary", "estimator": "rate_ratio", "better": "lower", "worthwhile": "0.7 times"},
        {"baseline": "40%"},
    ),
    "rates": ({"kind": "count", "estimator": "rate_ratio", "worthwhile": "1.4 times"}, COUNTED),
    "visits": ({"kind": "count", "worthwhile": "0.5 visits"}, COUNTED),
    "dispersed": (
        {"kind": "count", "estimator": "negative_binomial", "better": "lower", "worthwhile": "0.7 times"}, COUNTED,
    ),
    "days": ({"kind": "time_to_event", "better": "lower", "worthwhile": "3 days"}, {"baseline": "40%"}),
    "hazards": (
        {"kind": "time_to_event", "better": "lower", "estimator": "cox", "worthwhile": "1.5 times"},
        {"baseline": "40%"},
    ),
    "answers": (
        {"kind": "ordinal", "worthwhile": "8 points", "source": SOURCE | {"value": "answer", "no_record": "missing"}},
        {"answers": ["10%", "20%", "40%", "30%"]},
    ),
}  # fmt: skip


def write(folder: Path, kind: str, families: int = 400, power: dict[str, Any] | None = None, **changes: Any) -> Path:
    stated, assumed = KINDS[kind]
    came = {
        "role": "primary", "better": "higher", "question": "Did they come?", "source": SOURCE,
        "window": "28 days from first_planned_send",
    } | ({"unit": "visits"} if stated["kind"] == "count" else {}) | stated  # fmt: skip
    given = {"power": "80%", "alpha": "5%"} | (assumed if power is None else power)
    changes.setdefault("randomise", {"method": "complete"})
    rows = changes.pop("rows", None) or [family(i) for i in range(families)]
    return write_trial(folder, rows=rows, power=given, outcomes={"came": came}, **changes)


def sites(number: int, people: int = 30) -> dict[str, Any]:
    population = {
        "people": "people/small.csv", "id": "person_ref", "unit": "household_ref", "site": "household_ref",
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
        "contact": {"sms": "mobile", "email": "email", "prefer": ["sms", "email"]},
        "safe_to_contact": {"sms": "safe_to_text", "email": "safe_to_email"}, "exclude": "refuge",
    }  # fmt: skip
    rows = [family(i, household_ref=f"S{i // people}", area="north") for i in range(number * people)]
    return {"population": population, "rows": rows, "randomise": {"method": "cluster"}}


def shown(path: Path) -> PowerReport:
    assert not examine(path, START).at(Level.ERROR), [str(one) for one in examine(path, START).at(Level.ERROR)]
    return power_of(path, START)


def simulated(path: Path, **asked: Any) -> Simulated:
    return simulate_trial(path, START, Asked(opt_out=0.0, **asked), lambda *_: None)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_power_and_is_simulated_by_its_own_estimator(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path, kind)
    line = shown(path).lines[0]
    assert 0.5 < line.power < 0.97
    assert line.needed_units is not None
    made = simulated(path, runs=6)
    stated = KINDS[kind][0]
    by = stated.get("estimator") or {"ordinal": "ordinal", "time_to_event": "survival"}.get(stated["kind"])
    assert (f"came is analysed by `{by}`" in made.notes) == (by is not None)
    singly = {"cox"}
    assert any("is fitted by itself" in note for note in made.notes) == (by in singly)
    assert made.scenarios["nothing"][0].operating.by_rows == (6 if by in singly else 0)
    assert made.scenarios["worthwhile"][0].operating.truth == pytest.approx(line.worthwhile)


def test_runs_are_fewer_where_each_is_fitted_by_itself(tmp_path: Path) -> None:
    assert simulated(write(tmp_path / "a", "rates", 60), effects={"nothing": 0.0}).runs == 1000
    assert simulated(write(tmp_path / "b", "hazards", 30), effects={"nothing": 0.0}).runs == 200


BATCHED = ("logit", "risk", "rates", "visits", "dispersed", "days", "answers")


@pytest.mark.slow
@pytest.mark.parametrize("kind", BATCHED)
def test_formula_and_simulation_agree_for_individuals(kind: str, tmp_path: Path) -> None:
    """statistics.md 29: within 2 points from 200 an arm."""
    path = write(tmp_path, kind, power=KINDS[kind][1] | {"reached": "85%", "known": "90%"})
    found = simulated(path, runs=2000, effects={"worthwhile": None}).scenarios["worthwhile"][0].operating
    assert abs(found.found.value - shown(path).lines[0].power) < 0.02 + 2 * found.found.mc_error
    assert abs(found.bias.value) < 4 * found.bias.mc_error + 0.03 * found.spread
    assert abs(found.coverage.value - 0.95) < 4 * found.coverage.mc_error + 0.005


@pytest.mark.slow
@pytest.mark.parametrize("kind", BATCHED)
def test_formula_and_simulation_agree_for_sites(kind: str, tmp_path: Path) -> None:
    """statistics.md 29: within 2 points from 20 clusters."""
    path = write(tmp_path, kind, power=KINDS[kind][1] | {"icc": 0.04}, **sites(24))
    found = simulated(path, runs=1500, effects={"worthwhile": None}).scenarios["worthwhile"][0].operating
    assert abs(found.found.value - shown(path).lines[0].power) < 0.02 + 2 * found.found.mc_error


def test_people_of_one_site_are_as_alike_as_the_file_says(tmp_path: Path) -> None:
    """Two of a site correlate by the ICC, whatever the luck is made into."""
    examined = examine(write(tmp_path, "rates", power=COUNTED | {"icc": 0.2}, **sites(40, 2)), START)
    trial, roll = examined.trial, examined.roll
    sizes = sizes_of(trial, roll)
    made = setting_of(trial, roll, plans_of(trial, roll, sizes), sizes, 0.0, np.random.default_rng(1))
    _, outcomes = runs_of(made, 2000, lambda _: np.zeros(2), np.random.default_rng(2))
    first, second = outcomes["came"].totals[:, 0::2].ravel(), outcomes["came"].totals[:, 1::2].ravel()
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.2, abs=0.02)
    assert first.mean() == pytest.approx(1.5, abs=0.03)
    assert first.var() == pytest.approx(1.5 + 0.8 * 1.5**2, rel=0.05)


@pytest.mark.parametrize("kind", ["rates", "days", "answers", "logit"])
def test_covariates_foretell_as_much_as_the_file_says(kind: str, tmp_path: Path) -> None:
    examined = examine(write(tmp_path, kind), START)
    law = plans_of(examined.trial, None, sizes_of(examined.trial, examined.roll))[0].law
    assert law is not None
    score = np.random.default_rng(3).standard_normal(400)
    world = LawWorld(
        law, np.arange(400), 0.0, 1.0, 1.0, together=True, score=(score - score.mean()) / score.std(), r2=0.2
    )
    assert 0.2 <= foretold_share(world) < 0.5
    made = made_by_law(world, np.zeros((500, 400), dtype=np.int8), np.zeros(1), np.random.default_rng(4))
    assert np.corrcoef(np.broadcast_to(score, (500, 400)).ravel(), made.totals.ravel())[0, 1] ** 2 == pytest.approx(
        0.2, abs=0.03
    )


def test_times_end_at_the_window_and_say_whether_it_happened(tmp_path: Path) -> None:
    examined = examine(write(tmp_path, "days"), START)
    trial, roll = examined.trial, examined.roll
    sizes = sizes_of(trial, roll)
    made = setting_of(trial, roll, plans_of(trial, roll, sizes), sizes, 0.0, np.random.default_rng(1))
    _, outcomes = runs_of(made, 50, lambda _: np.zeros(2), np.random.default_rng(2))
    came = outcomes["came"]
    assert came.event is not None
    assert set(np.unique(came.totals)) == set(range(1, 29))
    assert (came.totals[came.event == 0] == 28).all()
    assert came.event.mean() == pytest.approx(0.4, abs=0.01)


def test_counts_are_over_the_roll_s_own_exposure(tmp_path: Path) -> None:
    rows = [family(i, children=str(1 + i % 4)) for i in range(200)]
    population = trial_values()["population"] | {
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no", "children": "number"}
    }
    stated, _ = KINDS["rates"]
    path = write(tmp_path, "rates", rows=rows, population=population)
    text = path.read_text().replace("estimator: rate_ratio", "estimator: rate_ratio\n    exposure: children")
    path.write_text(text)
    line = shown(path).lines[0]
    assert "per unit of exposure" in " ".join(shown(path).assumptions)
    # 1/(1.5 · 2.5) + .8 · (1 + 1.25/6.25), and less where the rate is higher, over 100 in each arm
    below, above = (sum(1 / (rate * 2.5) + 0.96 for rate in (1.5, high)) / 100 for high in (1.5 * 1.4, 1.5))
    assert below <= line.standard_error**2 <= above + 1e-12
    found = simulated(path, runs=2000, effects={"nothing": 0.0}).scenarios["nothing"][0].operating
    assert stated["estimator"] == "rate_ratio"
    assert found.spread == pytest.approx(line.standard_error, rel=0.06)
    assert abs(found.rejected.value - 0.05) < 4 * 0.005


MISSING: dict[str, tuple[dict[str, Any], str]] = {
    "rates": ({}, "how often came happens to a person without a message; add `rate: 1.5`"),
    "dispersed": ({"rate": 1.5}, "how much more came varies than Poisson's law allows; add `dispersion: 0.8`"),
    "days": ({}, "how often came happens within its window without a message; add `baseline: 62%`"),
    "hazards": ({"baseline": "100%"}, "`baseline` says that came happens to everyone within its window"),
    "answers": ({"answers": ["50%", "40%"]}, "`power.answers` add up to 90 %"),
    "visits": ({}, "how much came varies; add `sd:` .* or `rate:` and `dispersion:`"),
    "logit": ({}, "how often came happens without a message"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_the_file_does_not_say_is_asked_for(kind: str, tmp_path: Path) -> None:
    power, sentence = MISSING[kind]
    with pytest.raises(InputError, match=sentence):
        power_of(write(tmp_path, kind, power=power), START)


def test_an_answer_that_nobody_gives_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds an answer that nobody gives; write the share of each answer"):
        power_of(write(tmp_path, "answers", power={"answers": ["0%", "40%", "60%"]}), START)


def test_hazards_need_thirty_sites(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="needs 30 sites for its error, and a comparison has 24; leave `estimator: cox`"
    ):
        power_of(write(tmp_path / "a", "hazards", power={"baseline": "40%", "icc": 0.02}, **sites(24, 4)), START)
    line = shown(write(tmp_path / "b", "hazards", power={"baseline": "40%", "icc": 0.02}, **sites(30, 4))).lines[0]
    assert line.df == 28, "clusters less one less the arm's column"


def test_a_spread_says_the_dispersion_of_counts(tmp_path: Path) -> None:
    """sd² = rate + dispersion · rate²."""
    sd = (1.5 + 0.8 * 1.5**2) ** 0.5
    by_sd = shown(write(tmp_path / "a", "rates", power={"rate": 1.5, "sd": sd})).lines[0]
    assert by_sd.power == pytest.approx(shown(write(tmp_path / "b", "rates")).lines[0].power, abs=1e-9)


def test_ratios_are_shown_as_the_file_writes_them(tmp_path: Path) -> None:
    fewer = write(tmp_path, "risk")
    text = "\n".join(power_in_lines(shown(fewer)))
    for words in ("power at 0.7 times", "of the log ratio", "true effect, per cent less"):
        assert words in text
    assert "\n  smallest effect shown   0.6" in text
    told = "\n".join(simulation_in_lines(simulated(fewer, runs=20, effects={"0.8 times": float(np.log(0.8))})))
    assert "true effect: 0.8 times (0.8 times on average over everyone)" in told
    more = "\n".join(power_in_lines(shown(write(tmp_path / "b", "rates"))))
    assert "true effect, per cent more" in more
    assert "1.5 events per person without a message; their variance is rate + 0.8 × rate²" in more


def test_those_fitted_singly_find_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, "hazards", 100)
    found = simulated(file, runs=24, effects={"nothing": 0.0}).scenarios["nothing"][0].operating
    assert found.rejected.value < 0.05 + 4 * (0.05 * 0.95 / 24) ** 0.5
    assert abs(found.bias.value) < 4 * found.bias.mc_error
