from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.receipts import after_receipt
from nudge.delivery.rules import WAITS, after_asking, after_try
from nudge.trial.records.delivery import FOLLOWS, OPEN, Fate, Reply, SendResult, Status, Trace

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2)


@pytest.mark.parametrize(
    ("reply", "status"),
    [(Reply.ACCEPTED, Status.ACCEPTED), (Reply.REJECTED, Status.REJECTED), (Reply.UNKNOWN, Status.UNKNOWN)],
)
def test_a_plain_answer_settles_the_row(reply: Reply, status: Status) -> None:
    assert after_try(SendResult(reply, "250"), 1, NOON, LATER).status is status


@pytest.mark.parametrize("attempt", range(1, len(WAITS) + 1))
def test_a_temporary_failure_waits_longer_each_time(attempt: int) -> None:
    step = after_try(SendResult(Reply.TEMPORARY), attempt, NOON, LATER)
    assert (step.status, step.due_at) == (Status.DUE, NOON + WAITS[attempt - 1])


def test_after_the_last_wait_it_is_given_up() -> None:
    step = after_try(SendResult(Reply.TEMPORARY, "451", "busy"), len(WAITS) + 1, NOON, LATER)
    assert (step.status, step.reason) == (Status.REJECTED, "given up after 5 tries: 451 busy")


def test_without_time_for_another_try_it_expires() -> None:
    step = after_try(SendResult(Reply.TEMPORARY), 1, NOON, NOON + timedelta(seconds=59))
    assert step.status is Status.EXPIRED
    assert step.reason.startswith("no time left for another try")


@given(st.sampled_from(Reply), st.integers(1, 20), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_only_what_was_surely_not_taken_is_ever_tried_again(reply: Reply, attempt: int, left: timedelta) -> None:
    step = after_try(SendResult(reply), attempt, NOON, NOON + left)
    assert (step.due_at is not None) == (step.status is Status.DUE)
    if step.status is Status.DUE:
        assert reply in {Reply.TEMPORARY, Reply.BLOCKED, Reply.UNSENT}
        assert step.due_at is not None
        assert NOON <= step.due_at <= NOON + left
        assert (step.due_at == NOON) == (reply is Reply.UNSENT), "only what was never handed over goes at once"
    assert Status.CLAIMED in FOLLOWS[step.status], "the ledger allows what the rule says"


def test_a_provider_that_has_it_settles_an_unknown() -> None:
    step = after_asking(Trace(taken=True), last_touched=NOON, grace=timedelta(seconds=60), now=NOON)
    assert step is not None
    assert step.status is Status.ACCEPTED


def test_not_found_is_believed_only_after_the_grace() -> None:
    grace = timedelta(seconds=60)
    early = after_asking(Trace(taken=False), last_touched=NOON, grace=grace, now=NOON + timedelta(seconds=59))
    late = after_asking(Trace(taken=False), last_touched=NOON, grace=grace, now=NOON + grace)
    assert early is None
    assert late is not None
    assert late.status is Status.DUE


def test_what_has_ended_goes_on_only_by_a_provider_s_own_word() -> None:
    ended = {Status.EXPIRED, Status.CANCELLED, Status.REJECTED, Status.DELIVERED, Status.FAILED, Status.VIRTUAL}
    for status, before in FOLLOWS.items():
        assert status in {Status.ACCEPTED, Status.DELIVERED} or not ended & set(before)
    assert not {Status.DELIVERED, Status.FAILED, Status.VIRTUAL} & set(FOLLOWS[Status.ACCEPTED])
    assert Status.DUE not in FOLLOWS[Status.DELIVERED]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("fate", Fate)
def test_a_provider_s_word_takes_a_row_only_where_the_ledger_allows(fate: Fate, status: Status) -> None:
    for step in after_receipt(fate, status):
        assert status in FOLLOWS[step]
        status = step
    assert after_receipt(fate, status) == [], "told again, it changes nothing"


def test_nothing_unknown_goes_out_again_but_through_asking() -> None:
    assert Status.UNKNOWN not in OPEN
    assert Status.UNKNOWN not in FOLLOWS[Status.CLAIMED]


@given(st.floats(0, 86_400), st.integers(1, len(WAITS)))
def test_a_retry_never_comes_before_the_provider_allows(seconds: float, attempt: int) -> None:
    step = after_try(SendResult(Reply.TEMPORARY, "429", retry_after=seconds), attempt, NOON, LATER)
    assert step.due_at == NOON + max(WAITS[attempt - 1], timedelta(seconds=seconds))


def test_a_retry_after_beyond_the_time_left_expires_the_message() -> None:
    step = after_try(SendResult(Reply.TEMPORARY, "429", retry_after=3600), 1, NOON, NOON + timedelta(minutes=30))
    assert step.status is Status.EXPIRED


@pytest.mark.parametrize("attempt", [1, 5, 500])
def test_wrong_settings_never_use_up_a_message_s_tries(attempt: int) -> None:
    step = after_try(SendResult(Reply.BLOCKED, "20003"), attempt, NOON, LATER)
    assert (step.status, step.due_at) == (Status.DUE, NOON + WAITS[0])
