"""The command line as a person uses it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from nudge.cli.main import app
from tests.support.databases import database_url
from tests.support.trials import Bench, family, write_rows, write_trial

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a click group


def nudge(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `nudge` in a folder with a database and keys of its own."""
    settings = {
        "NUDGE_DATABASE_URL": database_url(folder), "NUDGE_ACTOR": "tester",
        "NUDGE_KEYS_FILE": str(folder / "keys" / "keys.json"), "NUDGE_OUTBOX": str(folder / "outbox"),
        "NUDGE_SENDING_HOURS": "00:00-24:00", "NUDGE_SEND_EVERY_DAY": "yes",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", *words], cwd=folder, env=os.environ | settings | environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Bench(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    group: Any = typer.main.get_command(app)
    one = group.commands[command]
    for verb in getattr(one, "commands", {command: one}).values():
        assert verb.help
        assert verb.epilog.startswith("Example: nudge ")
        assert command in {"serve", "provider"} or any("--json" in option.opts for option in verb.params)


def test_the_commands_are_those_the_project_promises() -> None:
    promised = (
        "new check lock allocate approve amend diff launch preview send collect analyse report status pause "
        "resume stop close keys demo"
    )
    assert set(promised.split()) <= set(COMMANDS)


@pytest.mark.usefixtures("each_database")
def test_a_trial_by_hand_from_new_to_report(folder: Path) -> None:
    file = write_trial(folder, rows=[family(i, visit="2099-01-25") for i in range(40)])
    steps = [
        ("check", "Next: nudge lock small.yaml"),
        ("lock", "Next: nudge allocate small.yaml"),
        ("allocate", "Next: nudge approve small.yaml --as 'THEIR NAME'"),
        ("approve", "Next: nudge launch small.yaml"),
        ("launch", "20 messages and 20 virtual send times stand in the ledger"),
    ]
    assert "Next: nudge lock small.yaml" in nudge(folder, "send", file.name).stdout, "a rehearsal before the lock"
    for verb, said in steps:
        done = nudge(folder, verb, file.name, *(("--as", "Sam Second") if verb == "approve" else ()))
        assert (done.returncode, done.stderr) == (0, "" if verb != "launch" else done.stderr), done.stderr
        assert said in done.stdout
    assert "Nothing was due." in nudge(folder, "send", file.name, "--live").stdout
    assert "small: launched" in nudge(folder, "status").stdout
    write_rows(folder / "outcomes" / "came.csv", [{"person_ref": "P0001", "day": "2099-01-25"}])
    done = nudge(folder, "collect", file.name, "--complete-to", "2099-12-31")
    assert "0 of 40 cannot have happened yet" in done.stdout
    assert "31 December 2099 is yet to come" in done.stderr
    assert "reminder - usual" in nudge(folder, "analyse", file.name).stdout
    assert nudge(folder, "report", file.name).returncode == 0
    assert (folder / "reports" / "small.html").exists()
    assert "small is stopped; 20 messages were cancelled" in nudge(folder, "stop", "small").stdout
    assert "seed  " in nudge(folder, "close", file.name).stdout
    assert "Next: nudge report small.yaml" in nudge(folder, "verify", file.name).stdout


def test_new_writes_a_draft_that_passes_check(folder: Path) -> None:
    made = nudge(folder, "new", "school-attendance")
    assert made.returncode == 0
    (folder / "experiments" / "people").mkdir()
    write_rows(
        folder / "experiments" / "people" / "school-attendance.csv",
        [{"person_ref": f"P{i}", "household_ref": f"H{i}", "appointment": "2099-01-25", "area": "north",
          "mobile": "07700900123" if i == 0 else "", "email": f"f{i}@example.org", "safe_to_text": "yes",
          "safe_to_email": "yes", "protected_address": "no", "refuge": "no"} for i in range(20)],
    )  # fmt: skip
    checked = nudge(folder, "check", "experiments/school-attendance.yaml")
    assert checked.returncode == 0, checked.stderr
    assert "can be used as a draft" in checked.stdout
    assert nudge(folder, "check", "experiments/school-attendance.yaml", "--launch").returncode == 1
    again = nudge(folder, "new", "school-attendance")
    assert (again.returncode, again.stderr) == (
        1,
        "experiments/school-attendance.yaml exists; choose another name, write on in it, or replace it with --force\n",
    )
    bad = nudge(folder, "new", "School Attendance")
    assert (bad.returncode, bad.stderr.partition(";")[0]) == (2, "`School Attendance` is not a usable name")


def test_check_lists_every_problem_and_exits_2(folder: Path) -> None:
    file = write_trial(folder)
    text = file.read_text().replace("better: higher", "beter: higher").replace("5 points", "5%")
    file.write_text(text)
    done = nudge(folder, "check", file.name)
    assert done.returncode == 2
    assert "`beter` is not a known key; did you mean `better`?" in done.stderr
    assert "`5%` could be relative or absolute; write `5 points` for percentage points" in done.stderr
    found = json.loads(nudge(folder, "check", file.name, "--json").stdout)["problems"]
    assert {problem["level"] for problem in found} == {"error"}
    assert all(problem["line"] > 0 and problem["remedy"] for problem in found)


def test_check_writes_the_roll_s_problems_beside_the_roll(folder: Path) -> None:
    rows = [family(i) for i in range(60)]
    rows[3]["visit"], rows[5]["mobile"], rows[7]["refuge"] = "soon", "12345", "perhaps"
    file = write_trial(folder, rows=rows)
    done = nudge(folder, "check", file.name)
    assert done.returncode == 2
    beside = folder / "people" / "small.problems.csv"
    content = beside.read_text(encoding="utf-8-sig")
    assert content.splitlines()[0] == "row,column,level,what is wrong,what to do"
    assert "5,visit,error,`soon` is not a day,write 2027-01-31 or 31/01/2027" in content
    assert "9,refuge,error,`perhaps` is neither yes nor no,write yes or no" in content
    assert "7,mobile,advice," in content
    assert beside.stat().st_mode & 0o077 == 0, "it quotes the roll, so it is for its owner only"
    write_rows(folder / "people" / "small.csv", [family(i) for i in range(60)])
    assert nudge(folder, "check", file.name).returncode == 0
    assert not beside.exists()


def test_check_launch_exits_1_while_something_stands_between_it_and_families(folder: Path) -> None:
    file = write_trial(folder)
    assert nudge(folder, "check", file.name, "--launch").returncode == 0
    file.write_text(file.read_text().replace("coproduction: Read by 4 parents.\n", ""))
    done = nudge(folder, "check", file.name, "--launch")
    assert done.returncode == 1
    assert "launch" in done.stderr
    assert "`coproduction` is missing" in done.stderr


def test_preview_shows_every_arm_and_chosen_families(folder: Path) -> None:
    file = write_trial(folder)
    shown = nudge(folder, "preview", file.name)
    assert (
        "1: reminder, message 1, sms, en\n   sent 7 days before visit at 10:00; read by a typical family; two"
        in shown.stdout
    )
    assert "Council: your visit is on Wednesday 30 September. To stop" in shown.stdout
    assert "Monday 25 January" not in shown.stdout, "a preview is of made-up families"
    one = json.loads(nudge(folder, "preview", file.name, "--unit", "H0004", "--json").stdout)
    assert [(row["families"], row["segments"], row["encoding"]) for row in one] == [(["H0004"], 1, "GSM-7")]
    assert "Monday 25 January" in one[0]["text"]
    page = nudge(folder, "preview", file.name, "--html", "words.html")
    assert "the page is words.html" in page.stdout
    assert "<h1>A small trial</h1>" in (folder / "words.html").read_text()
    missing = nudge(folder, "preview", file.name, "--unit", "H9999")
    assert (missing.returncode, missing.stderr) == (2, "no unit `H9999` takes part in small; name a unit of the roll\n")


def test_send_without_live_rehearses_and_writes_nothing(folder: Path) -> None:
    file = write_trial(folder)
    done = nudge(folder, "send", file.name)
    assert (done.returncode, "nothing was sent or written" in done.stdout) == (0, True)
    assert not (folder / "outbox").exists()
    assert not (folder / "nudge.sqlite3").exists()


def test_a_test_message_goes_only_to_an_approved_address(folder: Path) -> None:
    file = write_trial(folder)
    refused = nudge(folder, "send", file.name, "--to", "someone@gov.uk")
    assert refused.returncode == 1
    assert "someone@gov.uk is not an approved address for tests; list it in NUDGE_TEST_RECIPIENTS" in refused.stderr
    allowed = nudge(folder, "send", file.name, "--to", "someone@gov.uk", NUDGE_TEST_RECIPIENTS="a@b.uk, Someone@gov.uk")
    assert allowed.returncode == 0, allowed.stderr
    drama = nudge(folder, "send", file.name, "--to", "07700 900123", "--json")
    assert [(row["arm"], row["reply"]) for row in json.loads(drama.stdout)] == [("reminder", "accepted")]
    files = sorted((folder / "outbox").iterdir(), key=lambda path: path.suffix)
    assert "[TEST: reminder]" in files[1].read_text()
    assert nudge(folder, "send", file.name, "--to", "not an address").returncode == 2


def test_send_live_launches_an_approved_trial_and_no_other(folder: Path) -> None:
    file = write_trial(folder)
    for verb in ("lock", "allocate"):
        nudge(folder, verb, file.name)
    refused = nudge(folder, "send", file.name, "--live")
    assert refused.returncode == 1
    assert "lock 1 of small is approved by nobody; a second person reads it and signs" in refused.stderr
    assert "small: allocated" in nudge(folder, "status").stdout
    nudge(folder, "approve", file.name, "--as", "Sam Second")
    done = nudge(folder, "send", file.name, "--live")
    assert done.returncode == 0, done.stderr
    assert "small: launched" in nudge(folder, "status").stdout
    file.write_text(file.read_text().replace("question:", "question: Or not so,", 1))
    changed = nudge(folder, "send", file.name, "--live")
    assert changed.returncode == 1
    assert "the trial file differs from its lock at question; put it back" in changed.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("allocate", "small.yaml"), "small is not locked in this database; lock it first: nudge lock FILE"),
        (("launch", "small.yaml"), "small is not locked in this database"),
        (("collect", "small.yaml"), "small is not locked in this database"),
        (("analyse", "small.yaml"), "small is not locked in this database"),
        (("report", "small.yaml"), "small has not been analysed; analyse it: nudge analyse FILE"),
        (("pause", "small"), "small is not locked in this database"),
        (("close", "unheard-of"), "unheard-of is not locked in this database"),
    ],
)
def test_verbs_out_of_turn_say_what_comes_first(folder: Path, words: tuple[str, ...], sentence: str) -> None:
    write_trial(folder)
    done = nudge(folder, *words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [("check", "absent.yaml"), ("lock", "absent.yaml"), ("analyse", "absent.yaml"), ("pause", "absent.yaml")]
)
def test_a_file_that_is_not_there_is_named(folder: Path, words: tuple[str, ...]) -> None:
    done = nudge(folder, *words)
    assert done.returncode == 2
    assert "absent.yaml: there is no such file; check the name" in done.stderr


def test_without_keys_the_sentence_says_how_to_make_them(folder: Path) -> None:
    file = write_trial(folder)
    done = nudge(folder, "lock", file.name, NUDGE_KEYS_FILE="")
    assert done.returncode == 1
    assert "make one with `nudge keys new FILE`, and name it in NUDGE_KEYS_FILE" in done.stderr
    made = nudge(folder, "keys", "new", "elsewhere/keys.json")
    assert made.returncode == 0
    assert nudge(folder, "lock", file.name, "--keys", "elsewhere/keys.json").returncode == 0
    beside = nudge(folder, "keys", "new", "keys.json")
    assert (beside.returncode, "in the database's folder" in beside.stderr) == (1, True)
    served = nudge(folder, "keys", "new", "beside.json", NUDGE_DATABASE_URL="postgresql://db.example.org/nudge")
    assert served.returncode == 0, "a database on a server has no folder here"


def test_a_database_that_cannot_be_opened_is_named(folder: Path) -> None:
    write_trial(folder)
    done = nudge(folder, "status", "--db", "no/such/folder/x.sqlite3")
    assert done.returncode == 2
    assert "cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_replication_needs_no_database(folder: Path) -> None:
    from tests.conftest import ROOT

    file = ROOT / "experiments" / "replications" / "insurance-default.yaml"
    done = nudge(folder, "analyse", str(file), "--json")
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)["estimates"][0]
    # estimatr 1.0.0: lm_robust(takeup ~ default_buy, clusters=natural_village, se_type='CR2')
    assert line["estimate"] == pytest.approx(0.105646865012154, rel=1e-9)
    assert line["std_error"] == pytest.approx(0.0338663034145195, rel=1e-9)
    assert line["df"] == pytest.approx(141.223943353765, rel=1e-9)
    assert not (folder / "nudge.sqlite3").exists()


def test_templates_are_listed_and_shown(folder: Path) -> None:
    listed = nudge(folder, "templates")
    assert "cost-salience/paid-for               none      cost_salience (research only)" in listed.stdout
    shown = nudge(folder, "templates", "reminder/booked-visit").stdout
    assert "evidence: strong. " in shown
    assert "── sms, cy (" in shown
    assert "back-translation: still to be made" in shown
    (entry,) = json.loads(nudge(folder, "templates", "loss-framing/passed-on", "--json").stdout)
    assert (entry["research_only"], entry["wordings"][0]["segments"]) == (True, 1)
    wrong = nudge(folder, "templates", "reminder/booked")
    assert (wrong.returncode, "did you mean `reminder/booked-visit`?" in wrong.stderr) == (2, True)


def test_an_example_is_listed_made_and_checked(folder: Path) -> None:
    listed = json.loads(nudge(folder, "example", "list", "--json").stdout)
    assert {"name": "two-year-entitlement", "units": 1010} in [
        {key: one[key] for key in ("name", "units")} for one in listed
    ]
    made = nudge(folder, "example", "make", "two-year-entitlement", "--size", "200")
    assert made.returncode == 0, made.stderr
    assert "Next: nudge check experiments/two-year-entitlement.yaml" in made.stdout
    assert nudge(folder, "check", "experiments/two-year-entitlement.yaml", "--launch").returncode == 0
    other = nudge(folder, "example", "make", "two-year-entitlement", "--size", "201")
    assert (other.returncode, "holds another roll" in other.stderr) == (1, True)
    again = json.loads(nudge(folder, "example", "make", "two-year-entitlement", "--size", "200", "--json").stdout)
    assert (again["units"], again["already"]) == (200, True)


def test_version_and_help() -> None:
    for words in (["--version"], ["--help"], ["keys", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "nudge.cli.main", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0
        assert done.stdout
