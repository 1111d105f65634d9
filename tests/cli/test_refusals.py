"""Refusals and warnings as a person meets them: a trial run elsewhere, its rows, and what the terminal says."""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from scipy.stats import nct, t

from nudge.cli.main import run
from tests.support.databases import database_url
from tests.support.trials import Bench, trial_values, write_rows, write_trial

ELSEWHERE: dict[str, Any] = {
    "trial": "published",
    "population": {"columns": {"hub": "category", "age": "number"}},
    "arms": {"usual": {"control": "yes"}, "default": {"receives": "opting out"}},
    "allocation": {"from": {"csv_file": "rows.csv"}, "arm": "arm", "codes": {"usual": "0", "default": "1"},
                   "method": "complete"},
    "outcomes": {"took": {"role": "primary", "kind": "binary", "better": "higher", "worthwhile": "5 points",
                          "source": {"value": "took", "no_record": "missing"}}},
}  # fmt: skip
BY_SITE = ELSEWHERE["allocation"] | {"method": "cluster", "clusters": "site"}


def rows(number: int, sites: int) -> Iterator[dict[str, str]]:
    chance = random.Random(7)
    for i in range(number):
        site = i % sites
        took = int(chance.random() < 0.3 + 0.2 * (site % 2))
        yield {"arm": str(site % 2), "site": f"s{site}", "hub": "abc"[site % 3], "age": str(chance.randint(20, 40)),
               "took": str(took)}  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    returncode: int


Nudge = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Bench(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NUDGE_DATABASE_URL", database_url(tmp_path))
    monkeypatch.setenv("NUDGE_KEYS_FILE", str(tmp_path / "keys" / "keys.json"))
    return tmp_path


@pytest.fixture
def nudge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Nudge:
    """`nudge WORDS` as the entry point runs it, in this process."""

    def done(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["nudge", *words])
        with pytest.raises(SystemExit) as left:
            run()
        shown = capsys.readouterr()
        return Done(shown.out, shown.err, int(left.value.code or 0))

    return done


def published(folder: Path, number: int = 120, sites: int = 120, **changes: Any) -> str:
    write_rows(folder / "rows.csv", list(rows(number, sites)))
    (folder / "published.yaml").write_text(yaml.safe_dump(copy.deepcopy(ELSEWHERE | changes), sort_keys=False))
    return "published.yaml"


@pytest.mark.parametrize(
    ("key", "column", "said"),
    [
        ("covariates", "arm", "analysis.covariates[1]: `arm` is the column of the arm, and only columns from before "
         "the draw belong here; name a column that was fixed before the draw, or leave it out"),
        ("subgroups", "took", "analysis.subgroups[1]: `took` is where `took` is recorded, and only columns from before "
         "the draw belong here; name a column that was fixed before the draw, or leave it out"),
    ],
)  # fmt: skip
def test_what_came_of_the_draw_is_no_baseline_column(
    key: str, column: str, said: str, folder: Path, nudge: Nudge
) -> None:
    columns = {"columns": {"hub": "category", "arm": "category", "took": "category"}}
    file = published(folder, population=columns, analysis={key: [column]})
    for verb in ("check", "analyse"):
        done = nudge(verb, file)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (folder / "reports").exists()


def test_effects_of_what_was_drawn_are_refused_by_name(folder: Path, nudge: Nudge) -> None:
    plan = {"sensitivity": [{"fixed_effects": "site"}]}
    done = nudge("check", published(folder, sites=20, allocation=BY_SITE, analysis=plan))
    assert done.returncode == 2
    assert (
        "analysis.sensitivity[1].fixed_effects: `site` is what was drawn, so each of its effects would absorb the arm; "
        "name a column that several units share, or leave it out"
    ) in done.stderr


def test_a_model_that_does_not_converge_gives_no_number_and_says_why(folder: Path, nudge: Nudge) -> None:
    took = ELSEWHERE["outcomes"]["took"] | {"estimator": "logit"}
    file = published(folder, outcomes={"took": took}, analysis={"covariates": ["age"]})
    told = [one | {"took": str(int(int(one["age"]) > 30))} for one in rows(120, 120)]
    write_rows(folder / "rows.csv", told)
    done = nudge("analyse", file)
    assert done.returncode == 0
    assert "took, default - usual: –, p " in done.stdout
    assert "no estimate by logit: the logit model does not converge: some group has no events" in done.stdout


def test_six_clusters_say_how_the_method_errs_and_what_it_could_find(folder: Path, nudge: Nudge) -> None:
    """Power by hand: the noncentral t of the smallest worthwhile change over the standard error given."""
    file = published(folder, sites=6, allocation=BY_SITE)
    content = json.loads(nudge("analyse", file, "--json").stdout)
    line = content["estimates"][0]
    at, limit = 0.05 / line["std_error"], t.isf(0.025, line["df"])
    chance = nct.sf(limit, line["df"], at) + nct.cdf(-limit, line["df"], at)
    (note,) = [one["detail"] for one in content["checks"] if one["name"] == "few clusters"]
    assert note == (
        "took, default - usual: with 6 units, counted by person, the method gives a false alarm in 5.0 % of trials "
        f"(simulated at six sites); as precise as this, it would find a true change of 5 points {chance * 100:.0f} % "
        "of the time"
    )
    assert "few clusters" not in nudge("analyse", published(folder, sites=8, allocation=BY_SITE), "--json").stdout


def test_a_site_in_each_arm_has_no_interval_and_no_p(folder: Path, nudge: Nudge) -> None:
    done = nudge("analyse", published(folder, sites=2, allocation=BY_SITE))
    assert "no interval and no p-value: each arm is a single unit" in done.stdout
    assert "with 2 units, counted by person, the method gives no interval" in done.stdout
    assert ", p " not in done.stdout.partition("known")[0]


def test_the_terminal_gives_p_and_the_denominators(folder: Path, nudge: Nudge) -> None:
    done = nudge("analyse", published(folder))
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("took, default - usual")]
    assert "60 of 60 and 60 of 60 known: " in line
    assert ", p " in line


def test_a_comparison_that_was_not_locked_is_exploratory_and_has_no_verdict(folder: Path, nudge: Nudge) -> None:
    values = trial_values()
    arms = values["arms"] | {"letter": {"receives": "a letter"}}
    drawn = {"method": "blocked", "blocks": ["area"]}
    file = write_trial(folder, families=60, arms=arms, randomise=drawn)
    for verb in ("lock", "allocate"):
        assert nudge(verb, file.name).returncode == 0
    write_rows(folder / "outcomes" / "came.csv", [{"person_ref": f"P{i:04d}", "day": "2027-01-25"} for i in range(30)])
    assert nudge("collect", file.name, "--complete-to", "2099-12-31").returncode == 0
    locked = yaml.safe_load(file.read_text())
    locked["analysis"]["comparisons"].append("letter - usual")
    file.write_text(yaml.safe_dump(locked, sort_keys=False))
    said = nudge("analyse", file.name).stdout
    assert "letter - usual is not a comparison of the lock: exploratory, and no verdict" in said
    assert "the trial file differs from its lock at analysis.comparisons" in said
    (line,) = [one for one in said.splitlines() if one.startswith("came, letter - usual")]
    assert line.endswith("known")
    (planned,) = [one for one in said.splitlines() if one.startswith("came, reminder - usual")]
    assert "known: " in planned
