"""What a file says of an outcome's estimator, with a sentence for each that cannot be; and such files analysed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from nudge.report.page import report_page
from nudge.trial.load import load_trial
from nudge.workflow.allocating.locking import _by_outcome
from nudge.workflow.checking.naming import named_things
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from tests.conftest import ROOT
from tests.support.trials import trial_values

ROWS = ROOT / "tests" / "reference"


def outcome(**changes: Any) -> dict[str, Any]:
    return {
        "role": "primary", "kind": "count", "better": "higher", "unit": "visits",
        "source": {"value": "count", "no_record": "missing"},
    } | changes  # fmt: skip


def elsewhere(folder: Path, came: dict[str, Any], **changes: Any) -> Path:
    whole: dict[str, Any] = {
        "trial": "made-up",
        "population": {"columns": {"x": "number", "exposure": "number", "block": "category"}},
        "arms": {"usual": {"control": True}, "plan": {}},
        "allocation": {"from": {"csv_file": "made_rows.csv"}, "arm": "arm", "codes": {"usual": 0, "plan": 1},
                       "method": "cluster", "clusters": "site"},
        "outcomes": {"came": came},
    }  # fmt: skip
    return written(folder, whole | changes)


def written(folder: Path, whole: dict[str, Any]) -> Path:
    for name in ("made_rows.csv", "made_decisions.csv"):
        shutil.copy(ROWS / name, folder / name)
    path = folder / "trial.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return path


def said(path: Path) -> list[str]:
    loaded = load_trial(path)
    return [f"{one.path}: {one.what}; {one.remedy}" for one in named_things(loaded)]


TIMED: dict[str, Any] = {
    "role": "primary", "kind": "time_to_event", "better": "lower",
    "source": {"value": "days", "event": "event", "no_record": "missing"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("came", "sentence"),
    [
        (
            outcome(estimator="rate_ration"),
            "outcomes.came.estimator: there is no estimator `rate_ration`; did you mean `rate_ratio`?",
        ),
        (
            outcome(estimator="block_weighted"),
            "outcomes.came.estimator: `block_weighted` follows from how the arms were "
            "drawn; leave `estimator` out, and the one the draw allows is used",
        ),
        (
            outcome(estimator="logit"),
            "outcomes.came.estimator: `logit` takes binary outcomes, and this is count; name "
            "negative_binomial, ordinal, rate_difference or rate_ratio, or leave it out",
        ),
        (
            outcome(estimator="rate_ratio", worthwhile="2 visits"),
            "outcomes.came.worthwhile: `2 visits` is not in what `rate_ratio` gives; write it as `1.2 times`",
        ),
        (
            outcome(estimator="rate_ratio", worthwhile="0.8 times"),
            "outcomes.came.worthwhile: `0.8 times` is not a change "
            "for the better; higher is better here: write a number above 1",
        ),
        (
            outcome(estimator="rate_ratio", margin="1.1 times"),
            "outcomes.came.margin: `1.1 times` is not a change for the "
            "worse; higher is better here: write a number between 0 and 1",
        ),
        (
            outcome(estimator="rate_difference", worthwhile="5 points"),
            "outcomes.came.worthwhile: `5 points` is not in what `rate_difference` gives; write it in `visits`",
        ),
        (
            outcome(exposure="exposure"),
            "outcomes.came.exposure: is only used for counts, by an estimator of rates; add "
            "`estimator: rate_ratio`, or leave it out",
        ),
        (
            outcome(estimator="rate_ratio", exposure="block"),
            "outcomes.came.exposure: `block` is not a number column of "
            "the roll; add `block: number` to `population.columns`",
        ),
        (
            outcome(kind="ordinal", worthwhile="2 visits"),
            "outcomes.came.worthwhile: `2 visits` is not in what `ordinal` gives; write it as `5 points`",
        ),
        (
            TIMED | {"worthwhile": "2 points"},
            "outcomes.came.worthwhile: `2 points` is not in what `survival` gives; write it as `2 days`",
        ),
        (
            TIMED | {"estimator": "cox", "worthwhile": "0.8 times"},
            "outcomes.came.worthwhile: `0.8 times` is not a change "
            "for the better; lower is better here: write a number above 1",
        ),
        (
            TIMED | {"source": {"value": "days", "no_record": "missing"}},
            "outcomes.came.source: does not say which times end with the event; add `event: COLUMN`",
        ),
        (
            outcome(source={"value": "count", "event": "event", "no_record": "missing"}),
            "outcomes.came.source.event: is read of times to an event in a trial run elsewhere, only; leave it out",
        ),
        (
            outcome(estimator="micro_randomised"),
            "outcomes.came.estimator: nothing here draws a micro-randomised trial; "
            "one run elsewhere is analysed where its file gives `allocation: {decision, unit, probability}`",
        ),
    ],
)
def test_a_sentence_for_each(came: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    assert said(elsewhere(tmp_path, came)) == [sentence]


def test_what_a_named_estimator_does_not_follow(tmp_path: Path) -> None:
    came = outcome(estimator="rate_ratio")
    pairs = {"method": "matched_pairs", "blocks": ["block"], "clusters": "site"}
    drawn = {"from": {"csv_file": "made_rows.csv"}, "arm": "arm", "codes": {"usual": 0, "plan": 1}}
    path = elsewhere(tmp_path, came, allocation=drawn | pairs, analysis={"average": "cluster"})
    assert said(path) == [
        "outcomes.came.estimator: `rate_ratio` does not follow a `matched_pairs` draw; leave `estimator` out, and the "
        "one the draw allows is used",
        "outcomes.came.estimator: `rate_ratio` averages over people, and `analysis.average` is cluster; leave one of "
        "the two out",
    ]


def test_subgroups_of_times_are_worked_out(tmp_path: Path) -> None:
    assert said(elsewhere(tmp_path, TIMED | {"worthwhile": "2 days"}, analysis={"subgroups": ["block"]})) == []


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"value": "days"}, "outcomes.came.source.value: a time is counted here from the window to the day of the "
         "record; write `value: present` and name the day in `date:`"),
        ({"event": "event"}, "outcomes.came.source.event: is read of times to an event in a trial run elsewhere, only; "
         "leave it out"),
    ],
)  # fmt: skip
def test_times_of_a_trial_run_here_come_from_days(source: dict[str, str], sentence: str, tmp_path: Path) -> None:
    values = trial_values()
    came = values["outcomes"]["came"]
    came |= {"kind": "time_to_event", "better": "lower", "worthwhile": "2 days", "source": came["source"] | source}
    assert sentence in said(written(tmp_path, values))


def test_the_lock_holds_what_is_named(tmp_path: Path) -> None:
    path = elsewhere(tmp_path, TIMED | {"worthwhile": "2 days"})
    assert _by_outcome(load_trial(path).trial) == {"outcomes": {"came": "survival"}}
    assert _by_outcome(load_trial(elsewhere(tmp_path, outcome())).trial) == {}


def test_a_report_with_every_kind(tmp_path: Path) -> None:
    given = {"no_record": "missing"}
    path = elsewhere(
        tmp_path, TIMED | {"worthwhile": "2 days"}, analysis={"covariates": ["x"]},
        outcomes={
            "came": TIMED | {"worthwhile": "2 days"},
            "answer": {"role": "secondary", "kind": "ordinal", "better": "higher", "margin": "5 points",
                       "hypothesis": "non_inferiority", "source": {"value": "level"} | given},
            "visits": outcome(role="secondary", estimator="rate_ratio", exposure="exposure"),
            "calls": outcome(role="harm", better="lower", estimator="negative_binomial", margin="1.2 times"),
            "agreed": {"role": "secondary", "kind": "binary", "better": "higher", "estimator": "logit",
                       "source": {"value": "yes"} | given},
        },
    )  # fmt: skip
    assert said(path) == []
    results = analyse_trial(path, Desk())
    kept = {line.outcome: line.estimator for line in results.estimates if line.label == "replication"}
    assert kept == {
        "came": "survival", "answer": "ordinal", "visits": "rate_ratio", "calls": "negative_binomial",
        "agreed": "logit",
    }  # fmt: skip
    page = report_page(results, load_trial(path).trial)
    for words in (
        "days sooner", "When it happened: came", "at risk", "Held to a margin", "did better in 54",
        "Against the margin, one-sided p", "times that", "Kaplan-Meier",
    ):  # fmt: skip
        assert words in page
    assert "nan" not in page


MOMENTS: dict[str, Any] = {
    "from": {"csv_file": "made_decisions.csv"}, "arm": "sent", "codes": {"usual": 0, "plan": 1}, "unit": "person",
    "decision": "slot", "available": "available", "probability": "chance",
}  # fmt: skip
STEPS: dict[str, Any] = {
    "role": "primary", "kind": "continuous", "unit": "steps", "better": "higher", "worthwhile": "0.2 steps",
    "source": {"value": "steps", "no_record": "missing"},
}  # fmt: skip


def moments(folder: Path, came: dict[str, Any] = STEPS, **allocation: Any) -> Path:
    drawn = {key: value for key, value in (MOMENTS | allocation).items() if value is not None}
    mood = {"columns": {"mood": "number"}}
    return elsewhere(folder, came, allocation=drawn, population=mood, analysis={"covariates": ["mood"]})


def test_a_trial_of_moments_is_analysed_by_its_chances(tmp_path: Path) -> None:
    path = moments(tmp_path)
    assert said(path) == []
    results = analyse_trial(path, Desk())
    line = results.estimates[0]
    assert (line.estimator, line.vcov, line.n, line.n_clusters) == ("micro_randomised", "Mancl-DeRouen", 235, 24)
    assert line.estimate == pytest.approx(0.468624769540478, rel=1e-9)  # tests/reference/estimators.json
    assert line.std_error == pytest.approx(0.149239391403504, rel=1e-9)
    said_so = next(check for check in results.checks if check.name == "availability")
    assert said_so.detail == "53 of 288 decision points were not available, and are left out"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"probability": None}, "allocation: has decision points without probability; add the column of the person as "
         "`unit`, and of each row's chance of its own arm as `probability`"),
        ({"method": "simple"}, "allocation.method: is not part of a draw at every decision point; leave it out"),
        ({"decision": None}, "allocation.available: is of decision points, and no column says which; add `decision: "
         "COLUMN`"),
    ],
)  # fmt: skip
def test_a_trial_of_moments_says_whose_and_with_what_chance(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    assert said(moments(tmp_path, **changes)) == [sentence]


def test_moments_take_no_other_estimator(tmp_path: Path) -> None:
    came = outcome(estimator="rate_ratio")
    assert said(moments(tmp_path, came)) == [
        "outcomes.came.estimator: `rate_ratio` does not follow a draw at every decision point; leave `estimator` out"
    ]


def test_a_decision_point_stands_once(tmp_path: Path) -> None:
    path = moments(tmp_path)
    rows = tmp_path / "made_decisions.csv"
    text = rows.read_text(encoding="utf-8").splitlines()
    rows.write_text("\n".join([*text, text[1]]) + "\n", encoding="utf-8")
    from nudge.trial.errors import ProblemsFound

    with pytest.raises(ProblemsFound, match="slot: stands twice for `0`; keep one row each"):
        analyse_trial(path, Desk())


@pytest.mark.parametrize("kind", ["times", "counts", "moments"])
def test_frozen_data_give_the_same_lines_again(kind: str, tmp_path: Path) -> None:
    from nudge.workflow.reporting.telling import report_trial

    made = {
        "times": lambda: elsewhere(tmp_path, TIMED | {"worthwhile": "2 days"}),
        "counts": lambda: elsewhere(tmp_path, outcome(estimator="rate_ratio", exposure="exposure")),
        "moments": lambda: moments(tmp_path),
    }
    path = made[kind]()
    first = analyse_trial(path, Desk())
    report_trial(path, Desk(), tmp_path / "reports")
    (frozen,) = (tmp_path / "reports").glob("*.parquet")
    again = analyse_trial(path, Desk(), frozen)
    assert again.estimates == first.estimates
    assert again.curves == first.curves
