"""What families answer, as an outcome: pseudonymous, in its window, silence as the file says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from twilio.request_validator import RequestValidator

from nudge.service.app import build_service
from nudge.store.outcomes import outcome_by_person
from nudge.store.tables import outcome_loads, replies, sends
from nudge.trial.errors import ProblemsFound
from nudge.trial.records.outcomes import OutcomeState
from nudge.workflow.allocating.locking import lock_trial
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from tests.support.trials import Bench, family, lock_draw_and_launch, trial_values, write_rows, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
TOKEN = "twilio-token-of-the-test"
SEND = {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]}
ROWS = [family(i, mobile=f"07700900{i:03d}") for i in range(40)]
WORDS = {"coming": ["YES", "IE"], "not_coming": ["NO", "NA"]}


def outcome(no_record: str = "did_not_happen") -> dict[str, Any]:
    return {
        "role": "process", "kind": "binary", "better": "higher", "question": "Did they say they will come?",
        "source": {"replies": "coming", "no_record": no_record, "covers": "everyone who was written to"},
        "window": "7 days from first_planned_send",
    }  # fmt: skip


def launched(bench: Bench, rows: list[dict[str, str]] | None = None, **changes: Any) -> tuple[Desk, Path]:
    desk = bench.desk(twilio_auth_token=TOKEN)
    arms = {"usual": {"control": "true", "messages": [dict(SEND["messages"][0])]}, "reminder": dict(SEND)}
    values: dict[str, Any] = {"rows": rows or ROWS, "arms": arms, "replies": WORDS}
    values |= {"outcomes": trial_values()["outcomes"] | {"said_yes": outcome()}}
    file = write_trial(bench.folder, **(values | changes))
    lock_draw_and_launch(file, desk)
    write_rows(bench.folder / "outcomes" / "came.csv", [{"person_ref": "P0001", "day": "2027-01-25"}])
    bench.clock.advance_to(DUE)
    send_due(desk)
    return desk, file


def texted(desk: Desk, *said: tuple[str, str]) -> None:
    with TestClient(build_service(desk, clock=False)) as client:
        for number, text in said:
            with desk.store.begin() as connection:
                told = connection.scalar(sa.select(sa.func.count()).select_from(replies)) or 0
            form = {"MessageSid": f"SM{told}", "From": number, "To": "+447700900999", "Body": text}
            path = "/callbacks/twilio/inbound"
            signature = RequestValidator(TOKEN).compute_signature(f"http://testserver{path}", form)
            headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
            assert client.post(path, content=urlencode(form), headers=headers).status_code == 200


def found(desk: Desk, name: str = "said_yes") -> dict[str, tuple[OutcomeState, float | None]]:
    with desk.store.begin() as connection:
        return {who: (row.state, row.value) for who, row in outcome_by_person(connection, "small", name).items()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_answer_in_its_window_counts_and_everything_else_does_not(bench: Bench) -> None:
    desk, file = launched(bench)
    texted(desk, ("+447700900001", "Yes please"), ("+447700900002", "NO"), ("+447700900003", "Yes, what time?"),
           ("+447700900777", "YES"))  # fmt: skip
    bench.clock.advance_to(DUE + timedelta(days=9))
    texted(desk, ("+447700900004", "YES"))
    bench.clock.advance_to(DUE + timedelta(days=40))
    (linked,) = [one for one in collect_outcomes(file, desk) if one.outcome == "said_yes"]
    assert (linked.records, linked.matched, linked.outside_window) == (2, 2, 1)
    rows = found(desk)
    assert rows["P0001"] == (OutcomeState.EVENT, 1.0)
    assert {who for who, row in rows.items() if row[0] is OutcomeState.EVENT} == {"P0001"}
    assert rows["P0004"] == (OutcomeState.NO_RECORD, 0.0), "too late"
    with desk.store.begin() as connection:
        load = connection.execute(sa.select(outcome_loads).where(outcome_loads.c.outcome == "said_yes")).one()
    assert load.source == "replies: coming"
    assert "7700" not in str(load)


def test_silence_means_what_the_file_says_and_nothing_before_the_window_closes(bench: Bench) -> None:
    outcomes = trial_values()["outcomes"] | {"said_yes": outcome("missing")}
    desk, file = launched(bench, outcomes=outcomes)
    texted(desk, ("+447700900001", "ie"))
    collect_outcomes(file, desk)
    assert {row[0] for row in found(desk).values()} == {OutcomeState.NOT_YET}
    bench.clock.advance_to(DUE + timedelta(days=40))
    collect_outcomes(file, desk)
    rows = found(desk)
    assert rows["P0001"] == (OutcomeState.EVENT, 1.0)
    assert rows["P0002"] == (OutcomeState.NO_RECORD, None)


def test_an_answer_speaks_for_everyone_of_the_family_with_that_number_and_no_other(bench: Bench) -> None:
    siblings = [family(i, household_ref="H0100", area="north", mobile="07700900500") for i in (101, 102)]
    partner = family(103, household_ref="H0100", area="north", mobile="07700900501")
    desk, file = launched(bench, rows=[*ROWS, *siblings, partner])
    texted(desk, ("+447700900500", "YES"))
    bench.clock.advance_to(DUE + timedelta(days=40))
    collect_outcomes(file, desk)
    rows = found(desk)
    assert [rows[who][1] for who in ("P0101", "P0102", "P0103")] == [1.0, 1.0, 0.0]


def test_the_report_has_a_line_of_it(bench: Bench) -> None:
    desk, file = launched(bench)
    texted(desk, *((f"+447700900{i:03d}", "YES") for i in range(0, 40, 3)))
    bench.clock.advance_to(DUE + timedelta(days=60))
    collect_outcomes(file, desk)
    lines = [one for one in analyse_trial(file, desk).estimates if one.outcome == "said_yes"]
    assert lines
    with desk.store.begin() as connection:
        arms = dict(connection.execute(sa.select(sends.c.unit, sends.c.arm)).all())
    yes = {f"H{i:04d}" for i in range(0, 40, 3)}
    for arm, mean in (("reminder", lines[0].mean_arm), ("usual", lines[0].mean_control)):
        units = [unit for unit, own in arms.items() if own == arm]
        assert mean == pytest.approx(sum(unit in yes for unit in units) / len(units))


@pytest.mark.parametrize(
    ("words", "said"),
    [({"coming": ["STOP"]}, "`STOP` means `stop` in every trial; choose another word"),
     ({"coming": ["Diwedd"]}, "`Diwedd` means `stop` in every trial"),
     ({"coming": ["help"]}, "`help` means `help` in every trial"),
     ({"coming": ["wrong number"]}, "`wrong number` means `wrong recipient` in every trial"),
     ({"coming": ["thanks"]}, "`thanks` is no answer by itself"),
     ({"coming": ["hurt"]}, "`hurt` is a safeguarding word"),
     ({"coming": ["A"], "not_coming": ["a"]}, "`a` already means `coming`; give every answer words of its own")],
)  # fmt: skip
def test_words_that_mean_something_everywhere_cannot_be_a_trial_s_own(
    bench: Bench, words: dict[str, list[str]], said: str
) -> None:
    file = write_trial(bench.folder, replies=words)
    with pytest.raises(ProblemsFound, match=said):
        lock_trial(file, bench.desk())
