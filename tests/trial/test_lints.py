"""Advice on a trial file: every lint with its sentence, and what makes it fall silent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nudge.trial.lints import lints
from nudge.trial.load import load_trial
from nudge.trial.mechanisms import MECHANISMS
from tests.trial.samples import ELSEWHERE, TRIAL, changed

TODAY = date(2027, 1, 11)
PLAIN = TRIAL.replace(
    "no_record: missing}", "no_record: missing, covers: all clinics}\n    denominator: people who are due"
).replace("{basis: public_task,", "{basis: public_task, message_class: service, function: an Act,")
"""The sample with nothing to say of it but that it looks no further than one outcome."""
PLAIN = PLAIN.replace("outcomes:\n", "outcomes:\n  later: {role: distal, kind: binary, expected: 2029-06}\n")
ARM = "  reminder:\n    messages: [{template: visit, send: 7 days before visit at 10:00}]\n"


def said(folder: Path, text: str) -> list[str]:
    """The lints of a file with this text: level, path and sentence."""
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load_trial(path)
    found = lints(loaded.trial, loaded.source, TODAY)
    return [f"{problem.level} {problem.path}: {problem.what}; {problem.remedy}" for problem in found]


def arms(*more: str) -> str:
    """The sample with its reminder arm replaced by these lines."""
    return changed(ARM, "".join(f"{line}\n" for line in more), PLAIN)


def test_a_file_with_nothing_amiss_is_met_with_silence(tmp_path: Path) -> None:
    assert said(tmp_path, PLAIN) == []


def test_a_trial_run_elsewhere_is_past_advice(tmp_path: Path) -> None:
    assert said(tmp_path, ELSEWHERE) == []


TWO_DOSES = (
    "  reminder:",
    "    messages: [{template: visit, send: 7 days before visit at 10:00}]",
    "  twice:",
    "    messages: [{template: other, send: 14 days before visit at 10:00},",
    "               {template: visit, send: 7 days before visit at 10:00}]",
)


def test_arms_that_differ_in_dose_as_well_as_words(tmp_path: Path) -> None:
    text = changed("[reminder - usual]", "[twice - reminder]", arms(*TWO_DOSES))
    assert said(tmp_path, text) == [
        "advice arms.twice.messages: differs from reminder in number or timing of messages as well as in words "
        "(14 days before visit at 10:00 and 7 days before visit at 10:00 against 7 days before visit at 10:00), so the "
        "trial cannot tell which of them worked; send both the same number at the same times, or name the difference "
        "in `dose:`"
    ]


@pytest.mark.parametrize(
    "lines",
    [
        (*TWO_DOSES, "    dose: two texts a week apart"),
        (*TWO_DOSES[:3], "    messages: [{template: visit, send: 14 days before visit at 10:00}]"),
        (*TWO_DOSES[:3], "    messages: [{template: other, send: 7 days before visit at 10:00}]"),
    ],
    ids=["dose named", "the same words at another time", "other words at the same time"],
)
def test_arms_that_differ_in_one_of_the_two_or_say_so(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert said(tmp_path, changed("[reminder - usual]", "[twice - reminder]", arms(*lines))) == []


def test_an_arm_that_changes_several_mechanisms_at_once(tmp_path: Path) -> None:
    text = changed("  reminder:\n", "  reminder:\n    mechanism: [reminder, planning_prompt]\n", PLAIN)
    assert said(tmp_path, text) == [
        "advice arms.reminder.mechanism: changes reminder and planning_prompt at once, so the trial cannot tell which "
        "of them worked; compare it with an arm that differs in one, or give each an arm of its own"
    ]


def test_an_arm_held_against_one_that_differs_in_one_mechanism_is_well_made(tmp_path: Path) -> None:
    text = arms(
        "  reminder:", "    mechanism: [reminder]",
        "    messages: [{template: visit, send: 7 days before visit at 10:00}]",
        "  plan:", "    mechanism: [reminder, planning_prompt]",
        "    messages: [{template: plan, send: 7 days before visit at 10:00}]",
    )  # fmt: skip
    assert said(tmp_path, changed("[reminder - usual]", "[plan - reminder, plan - usual]", text)) == []


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("planing_prompt", "did you mean `planning_prompt`?"),
        ("hypnosis", "use active_choice, commitment, cost_salience, default"),
    ],
)
def test_mechanisms_have_a_vocabulary(tmp_path: Path, word: str, remedy: str) -> None:
    (sentence,) = said(tmp_path, changed("  reminder:\n", f"  reminder:\n    mechanism: [{word}]\n", PLAIN))
    start = (
        f"advice arms.reminder.mechanism[1]: `{word}` is not among the mechanisms that trials here are compared by; "
    )
    assert sentence.startswith(start + remedy)


def test_every_letter_of_east_and_mindspace_has_its_word() -> None:
    assert {"easy", "attractive", "social", "timely"} <= set(MECHANISMS)
    frame = {"messenger", "incentives", "norms", "defaults", "salience", "priming", "affect", "commitments", "ego"}
    assert frame <= set(MECHANISMS)
    assert {place for _, place in MECHANISMS.values()} - {""} == frame


NORMS = {
    "no figure": (
        "",
        "launch arms.reminder: tells families what others do, and nothing shows that it is true; add `norm: {share: "
        "82%, source: …, dated: 2026-03}`",
    ),
    "below half": (
        "    norm: {share: 48%, source: registers, dated: 2026-12}\n",
        "launch arms.reminder.norm.share: 48% is not most families: saying so teaches people to stay away; drop the "
        "norm, or use words that need none",
    ),
    "old": (
        "    norm: {share: 80%, source: registers, dated: 2023-12}\n",
        "advice arms.reminder.norm.dated: 2023-12 is more than 3 years ago; find this year's figure, and check that it "
        "is still above half",
    ),
}


@pytest.mark.parametrize(("norm", "sentence"), NORMS.values(), ids=NORMS)
def test_a_social_norm_is_true_high_and_recent(tmp_path: Path, norm: str, sentence: str) -> None:
    text = changed("  reminder:\n", f"  reminder:\n    mechanism: [social_norm]\n{norm}", PLAIN)
    assert said(tmp_path, text) == [sentence]


@pytest.mark.parametrize("dated", ["2024-01", "2026-12"])
def test_a_norm_of_the_last_three_years_passes(tmp_path: Path, dated: str) -> None:
    norm = f"    norm: {{share: 50%, source: registers, dated: {dated}}}\n"
    assert said(tmp_path, changed("  reminder:\n", f"  reminder:\n    mechanism: [social_norm]\n{norm}", PLAIN)) == []


def test_a_primary_outcome_with_nothing_after_it(tmp_path: Path) -> None:
    text = changed("  later: {role: distal, kind: binary, expected: 2029-06}\n", "", PLAIN)
    assert said(tmp_path, text) == [
        "advice outcomes.came: is only the first thing that happens, and no outcome looks further; add an outcome with "
        "`role: distal` and `expected:`: narrow, early outcomes flatter"
    ]
    assert said(tmp_path, changed("window: 28 days", "window: 400 days", text)) == [], "a year on is no first step"


def test_an_outcome_without_a_denominator(tmp_path: Path) -> None:
    text = changed("\n    denominator: people who are due", "", changed(", covers: all clinics", "", PLAIN))
    assert said(tmp_path, text) == [
        "advice outcomes.came: does not say of whom it is counted; add `covers:` to its source, or `denominator:`, "
        "such as `denominator: children due a review`"
    ]


def test_more_than_three_subgroups(tmp_path: Path) -> None:
    columns = changed("notes: text", "a: yes_no, b: yes_no", PLAIN)
    text = changed("analysis: {", "analysis: {subgroups: [hub, refuge, a, b], ", columns)
    assert said(tmp_path, text) == [
        "launch analysis.subgroups: names 4 subgroups: of so many, one will differ by chance; keep the 3 that the "
        "decision depends on"
    ]
    assert said(tmp_path, text.replace("refuge, a, b], ", "refuge, a], ")) == []


LAW = {
    "no class": (
        "{basis: public_task, function: an Act,",
        "launch data_protection: does not say what kind of message this is in law; add `message_class: public_task` "
        "(or service, or marketing)",
    ),
    "no function": (
        "{basis: public_task, message_class: public_task,",
        "launch data_protection: rests on a public task without naming it; add `function:` with the Act and section, "
        "such as Childcare Act 2006 s.1",
    ),
    "marketing": (
        "{basis: legitimate interests, message_class: marketing,",
        "launch data_protection.basis: marketing by text or email needs consent (PECR regulation 22), and the basis is "
        "`legitimate interests`; write `basis: consent` and keep the record of it, or change what is sent",
    ),
}


@pytest.mark.parametrize(("written", "sentence"), LAW.values(), ids=LAW)
def test_the_law_s_own_words(tmp_path: Path, written: str, sentence: str) -> None:
    text = changed("{basis: public_task, message_class: service, function: an Act,", written, PLAIN)
    assert said(tmp_path, text) == [sentence]


def test_marketing_with_consent_passes(tmp_path: Path) -> None:
    written = "{basis: consent, message_class: marketing,"
    text = changed("{basis: public_task, message_class: service, function: an Act,", written, PLAIN)
    assert said(tmp_path, text) == []


def test_writing_to_the_young_themselves(tmp_path: Path) -> None:
    agreed = "launch population.contact.recipient: writes to young people {} themselves, and nobody for safeguarding "
    agreed += "agreed to it; write to an adult with parental responsibility, or add `signed_off:` to `safeguarding`"
    assessed = (
        "launch population.contact.recipient: writes to young people under 16 without an assessment of what their data "
        "is used for; add `dpia:` to `data_protection`"
    )
    older = changed("contact: {sms: mobile}", "contact: {sms: mobile, recipient: aged_16_17}", PLAIN)
    younger = older.replace("aged_16_17", "under_16")
    assert said(tmp_path, older) == [agreed.format("aged 16 and 17")]
    assert said(tmp_path, younger) == [agreed.format("under 16"), assessed]
    signed = younger.replace("{replies_to: duty team,", "{replies_to: duty team, signed_off: designated lead,")
    assert said(tmp_path, signed) == [assessed]
    assert said(tmp_path, signed.replace("function: an Act,", "function: an Act, dpia: DPIA-1,")) == []


@pytest.mark.parametrize(
    ("send", "sentence"),
    [
        ("7 days before visit at 08:59", "08:59 is no hour to write to a family; send between 09:00 and 19:00"),
        ("7 days before visit at 19:01", "19:01 is no hour to write to a family; send between 09:00 and 19:00"),
        ("2027-01-17 at 10:00", "2027-01-17 is a Sunday; send on another day of the week"),
        ("2 days after 2027-01-15 at 10:00", "2027-01-17 is a Sunday; send on another day of the week"),
    ],
)
def test_decent_hours_and_no_sundays(tmp_path: Path, send: str, sentence: str) -> None:
    text = changed("send: 7 days before visit at 10:00", f"send: {send}", PLAIN)
    assert said(tmp_path, text) == [f"launch arms.reminder.messages[1].send: {sentence}"]


@pytest.mark.parametrize("send", ["7 days before visit at 09:00", "1 day before visit at 19:00", "2027-01-18 at 10:00"])
def test_other_hours_pass(tmp_path: Path, send: str) -> None:
    assert said(tmp_path, changed("send: 7 days before visit at 10:00", f"send: {send}", PLAIN)) == []


def messages(*sends: str) -> str:
    listed = ", ".join(f"{{template: visit, send: {send}}}" for send in sends)
    return changed("[{template: visit, send: 7 days before visit at 10:00}]", f"[{listed}]", PLAIN)


TOO_OFTEN = {
    "six days apart": (["7 days before visit at 10:00", "1 day before visit at 10:00"], "two messages within a week"),
    "before and after": (
        ["3 days before visit at 10:00", "3 days after visit at 10:00"],
        "two messages within a week",
    ),
    "days of the calendar": (["2027-01-18 at 10:00", "2027-01-22 at 10:00"], "two messages within a week"),
    "four in four weeks": (
        [f"{days} days after allocation at 10:00" for days in (1, 8, 15, 22)],
        "four messages within a month",
    ),
}


@pytest.mark.parametrize(("sends", "what"), TOO_OFTEN.values(), ids=TOO_OFTEN)
def test_no_household_is_written_to_more_than_weekly_or_three_times_a_month(
    tmp_path: Path, sends: list[str], what: str
) -> None:
    assert said(tmp_path, messages(*sends)) == [
        f"launch arms.reminder.messages: plans {what} for one household; send one a week and three a month at most, "
        "over all trials"
    ]


@pytest.mark.parametrize(("later", "sentences"), [("7 days", 0), ("6 days", 1)])
def test_a_week_is_counted_through_the_message_that_is_followed(tmp_path: Path, later: str, sentences: int) -> None:
    """What two messages hang on in the end is one date, so the file alone shows that they are too close."""
    followed = "{name: first, template: visit, send: 14 days before visit at 10:00}, "
    follows = f"{{template: visit, send: {later} after first at 10:00}}"
    text = changed("[{template: visit, send: 7 days before visit at 10:00}]", f"[{followed}{follows}]", PLAIN)
    assert [one for one in said(tmp_path, text) if "within a week" in one] == [
        "launch arms.reminder.messages: plans two messages within a week for one household; send one a week and three "
        "a month at most, over all trials"
    ] * sentences


def test_a_sunday_is_seen_through_the_message_that_is_followed(tmp_path: Path) -> None:
    followed = "{name: first, template: visit, send: 2027-01-11 at 10:00}"
    follows = "{template: visit, send: 13 days after first at 10:00}"
    text = changed("[{template: visit, send: 7 days before visit at 10:00}]", f"[{followed}, {follows}]", PLAIN)
    assert said(tmp_path, text) == [
        "launch arms.reminder.messages[2].send: 2027-01-24 is a Sunday; send on another day of the week"
    ]


@pytest.mark.parametrize(
    "sends",
    [
        ["14 days before visit at 10:00", "7 days before visit at 10:00"],
        [f"{days} days after allocation at 10:00" for days in (1, 8, 15, 31)],
    ],
)
def test_a_week_apart_is_enough(tmp_path: Path, sends: list[str]) -> None:
    assert said(tmp_path, messages(*sends)) == []
