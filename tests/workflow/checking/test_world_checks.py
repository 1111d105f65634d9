"""`check --launch` names the settings that an email trial needs; a rehearsal on this machine needs none."""

from __future__ import annotations

from pathlib import Path

import pytest

from nudge.trial.errors import Refused
from nudge.trial.load import load_trial
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.checking.world_checks import settings_problems
from nudge.workflow.dispatching.launching import launch_trial
from tests.support.trials import Bench, write_trial

ELSEWHERE = {"smtp_url": "smtp://192.0.2.1"}  # RFC 5737: an address for documentation
ONE_CLICK = {"public_url": "https://nudge.example.org"}
BOUNCES = {"bounce_address": "bounces@mail.example.org"}


@pytest.mark.parametrize(
    ("via", "settings", "said"),
    [
        ("outbox", {}, []),
        ("smtp", {}, ["emails go by smtp and NUDGE_SMTP_URL is not set"]),
        ("smtp", {"smtp_url": "smtp://127.0.0.1:25"}, []),
        ("smtp", ELSEWHERE, ["NUDGE_PUBLIC_URL is not set", "NUDGE_BOUNCE_ADDRESS is not set"]),
        ("smtp", ELSEWHERE | BOUNCES | {"public_url": "http://nudge.example.org"}, ["only over https (RFC 8058)"]),
        ("smtp", ELSEWHERE | ONE_CLICK | {"bounce_address": "nonsense"}, ["NUDGE_BOUNCE_ADDRESS is `nonsense`"]),
        ("smtp", ELSEWHERE | ONE_CLICK | {"bounce_address": "a-long-mailbox@example.org"}, []),
        ("smtp", ELSEWHERE | ONE_CLICK | {"bounce_address": "a-longer-mailbox@example.org"}, ["leaves no room"]),
        ("smtp", ELSEWHERE | ONE_CLICK | BOUNCES, []),
        ("govuk_notify", {"notify_api_key": "x" * 80}, ["no way to stop with one click"]),
        ("govuk_notify", {"notify_api_key": "x" * 80} | ONE_CLICK, []),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_at_the_channel(
    tmp_path: Path, via: str, settings: dict[str, str], said: list[str]
) -> None:
    file = write_trial(tmp_path, channels={"sms": "outbox", "email": via})
    problems = list(settings_problems(load_trial(file), Bench(tmp_path).settings(**settings)))
    assert [problem.path for problem in problems] == ["channels.email"] * len(said)
    for problem, part in zip(problems, said, strict=True):
        assert part in problem.what
        assert problem.remedy


def test_a_launch_is_refused_until_they_are_set(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk = bench.desk(**ELSEWHERE)
    file = write_trial(tmp_path, channels={"sms": "outbox", "email": "smtp"})
    lock_trial(file, desk)
    allocate_trial(file, desk)
    approve_trial(file, desk, "Sam Second")
    with pytest.raises(Refused, match="NUDGE_BOUNCE_ADDRESS is not set"):
        launch_trial(file, desk)
    assert launch_trial(file, bench.desk(**ELSEWHERE, **ONE_CLICK, **BOUNCES)).rows > 0
