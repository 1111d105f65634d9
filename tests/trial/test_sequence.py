"""Messages that follow others and wait for answers, as the file alone can be held to it."""

from __future__ import annotations

import pytest

from nudge.trial.grammar import only_if
from nudge.trial.lock import canonical, trial_of
from nudge.trial.model import Trial
from nudge.trial.quantities import GrammarError, OnlyIf
from tests.support.trials import trial_values
from tests.trial.samples import Says, changed

FIRST = "{name: first, template: visit, send: 7 days before visit at 10:00}"


def with_messages(*messages: str) -> str:
    text = changed("[{template: visit, send: 7 days before visit at 10:00}]", f"[{', '.join(messages)}]")
    return text + "replies: {coming: [YES], not_coming: [NO]}\n"


def after(send: str, more: str = "") -> str:
    return with_messages(FIRST, f"{{template: visit, send: {send}{more}}}")


@pytest.mark.parametrize(
    "text",
    [after("7 days after first at 10:00"), after("200 hours after first"), after("1 week after first at 09:00"),
     after("9 days after first at 10:00", ", only_if: not answered"),
     after("9 days after first at 10:00", ", by: [sms]"),
     after("9 days after first at 10:00", ", only_if: answered not_coming")],
)  # fmt: skip
def test_a_message_may_follow_an_earlier_one_and_wait_for_an_answer(says: Says, text: str) -> None:
    assert says(text) == []


BEFORE = (
    "may go before `first`, which it follows; "
    "write `7 days after first at 10:00`, at least a day later where a time of day is named"
)
AFTER = "list messages in the order in which they go, and let each follow one above it"
WRONG = {
    "an unknown name": (after("7 days after frist at 10:00"), "send",
                        "`frist` is not a date column or an earlier message; did you mean `first`?"),
    "one below it": (with_messages("{template: visit, send: 7 days after first at 10:00}", FIRST), "send",
                     f"follows `first`, which does not stand before it; {AFTER}"),
    "a circle": (with_messages("{name: b, template: visit, send: 7 days after first at 10:00}",
                               "{name: first, template: visit, send: 7 days after b at 10:00}"), "send",
                 f"follows `first`, which does not stand before it; {AFTER}"),
    "itself": (with_messages("{name: first, template: visit, send: 7 days after first at 10:00}"), "send",
               f"follows itself; {AFTER}"),
    "before its predecessor": (after("7 days before first at 10:00"), "send", BEFORE),
    "at the same moment": (after("first at 09:00"), "send", BEFORE),
    "earlier on the same day": (after("0.5 days after first at 09:00"), "send", BEFORE),
    "no time of day": (after("7 days after first"), "send",
                       "`7 days after first` does not say the time of day; write `7 days after first at 10:00`"),
    "an answer nobody can give": (after("7 days after first at 10:00", ", only_if: not answered comming"), "only_if",
                                  "`comming` is not one of the answers in `replies`; did you mean `coming`?"),
    "no condition": (after("7 days after first at 10:00", ", only_if: unread"), "only_if",
                     "`unread` is no condition on a message; write `not answered`, or `not answered coming` where "
                     "`coming` is one of `replies`"),
    "a channel without a column": (after("7 days after first at 10:00", ", by: email"), "by[1]",
                                   "goes by email, and no column holds what that needs; "
                                   "add `contact: {email: COLUMN}`, or name another channel"),
    "a name twice": (with_messages(FIRST, "{name: first, template: visit, send: 7 days after first at 10:00}"), "name",
                     "`first` is the name of an earlier message too; give each a name of its own"),
    "a name with a meaning": (with_messages("{name: allocation, template: visit, send: 7 days before visit at 10:00}"),
                              "name", "`allocation` means something else in this file; give the message another name"),
    "a column's name": (with_messages("{name: visit, template: visit, send: 7 days before visit at 10:00}"), "name",
                        "`visit` means something else in this file; give the message another name"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "key", "sentence"), WRONG.values(), ids=WRONG)
def test_what_cannot_follow_or_wait_is_told_with_its_remedy(says: Says, text: str, key: str, sentence: str) -> None:
    (said,) = says(text)
    _, _, rest = said.partition("arms.reminder.messages[")
    assert rest[1:] == f"].{key}: {sentence}"


def test_a_channel_that_is_never_tried_is_told(says: Says) -> None:
    text = after("7 days after first at 10:00", ", by: sms").replace("{sms: mobile}", "{sms: mobile, prefer: email}")
    assert [said.partition("by[1]: ")[2] for said in says(text)] == [
        "goes by sms, which `contact.prefer` leaves out; add sms to `prefer`"
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [("not answered", OnlyIf(answered=False)), ("answered", OnlyIf(answered=True)),
     ("not answered coming", OnlyIf(answered=False, keyword="coming"))],
)  # fmt: skip
def test_a_condition_is_read_and_written_alike(written: str, value: OnlyIf) -> None:
    assert only_if(written) == value
    assert str(value) == written


@pytest.mark.parametrize("wrong", ["", "not", "answered by phone now", "answered Coming", "not  answering"])
def test_other_conditions_are_refused(wrong: str) -> None:
    with pytest.raises(GrammarError, match="is no condition on a message"):
        only_if(wrong)


@pytest.mark.parametrize(
    ("condition", "answers", "holds"),
    [("not answered", set(), True), ("not answered", {""}, False), ("not answered", {"coming"}, False),
     ("answered", {""}, True), ("not answered coming", {""}, True), ("not answered coming", {"", "coming"}, False),
     ("answered coming", {"coming"}, True), ("answered coming", {"not_coming"}, False)],
)  # fmt: skip
def test_any_reply_answers_and_a_keyword_only_where_it_was_meant(
    condition: str, answers: set[str], *, holds: bool
) -> None:
    assert only_if(condition).holds(answers) is holds


def test_a_file_read_back_from_its_lock_follows_the_same_messages() -> None:
    messages = [{"name": "first", "template": "visit", "send": "7 days before visit at 10:00"},
                {"template": "visit", "send": "7 days after first at 10:00", "only_if": "not answered"}]  # fmt: skip
    values = trial_values(arms={"usual": {"control": "true"}, "reminder": {"messages": messages}})
    trial = Trial.model_validate(values)
    assert trial.arms["reminder"].messages[1].send.anchor.kind == "message"
    assert trial_of(canonical(trial)) == trial
    assert canonical(trial)["arms"][1]["messages"][1] == messages[1]
