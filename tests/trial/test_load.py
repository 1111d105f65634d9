"""A trial file to a Trial, or to every sentence that says what is wrong with it, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nudge.trial.errors import ProblemsFound
from nudge.trial.load import load_trial
from nudge.trial.problems import Level
from tests.conftest import ROOT
from tests.trial.samples import ELSEWHERE, TRIAL, Says, changed, place


def test_the_sample_has_nothing_wrong_with_it(says: Says) -> None:
    assert says(TRIAL) == []
    assert says(ELSEWHERE) == []


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_trial_can_be_read(path: Path) -> None:
    assert [str(one) for one in load_trial(path).problems if one.level == Level.ERROR] == []


def test_a_problem_names_file_line_column_path_fault_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(changed("question:", "qestion:"))
    with pytest.raises(ProblemsFound) as caught:
        load_trial(path)
    assert str(caught.value) == f"{path}:2:1: qestion: `qestion` is not a known key; did you mean `question`?"
    assert caught.value.exit_code == 2


def test_paths_in_the_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(TRIAL)
    assert load_trial(tmp_path / "small.yaml").folder == tmp_path


UNKNOWN_KEYS = {
    "top": ("coproduction:", "co_production:", "co_production", "did you mean `coproduction`?"),
    "population": ("eligible:", "eligble:", "population.eligble", "did you mean `eligible`?"),
    "contact": ("{sms: mobile}", "{sms: mobile, e_mail: m}", "population.contact.e_mail", "did you mean `email`?"),
    "an arm": ("receives:", "recieves:", "arms.usual.recieves", "did you mean `receives`?"),
    "a message": ("send: 7", "sent: 7", "arms.reminder.messages[1].sent", "did you mean `send`?"),
    "drawing": ("method:", "methode:", "randomise.methode", "did you mean `method`?"),
    "an outcome": ("worthwhile:", "worthwile:", "outcomes.came.worthwile", "did you mean `worthwhile`?"),
    "a source": ("no_record:", "norecord:", "outcomes.came.source.norecord", "did you mean `no_record`?"),
    "the analysis": ("comparisons:", "comparison:", "analysis.comparison", "did you mean `comparisons`?"),
    "safeguarding": ("hours:", "houres:", "safeguarding.houres", "did you mean `hours`?"),
    "like nothing": ("owner:", "zebra:", "decision.zebra", "known here: owner, by and rule"),
}


@pytest.mark.parametrize(("old", "new", "path", "remedy"), UNKNOWN_KEYS.values(), ids=UNKNOWN_KEYS)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(
    says: Says, old: str, new: str, path: str, remedy: str
) -> None:
    text = changed(old, new)
    key = path.rpartition(".")[2]
    assert f"{place(text, key + ':')}: {path}: `{key}` is not a known key; {remedy}" in says(text)


def test_a_decision_is_due_on_a_day(says: Says) -> None:
    assert any("decision.by: `2027-06-31` is not a day" in one for one in says(changed("2027-06-01", "2027-06-31")))


def test_the_nearest_key_is_also_found_in_a_list_of_blocks_and_behind_an_alias(says: Says) -> None:
    text = changed("analysis: {", "analysis: {sensitivity: [{fixed_efects: hub}], ")
    path = f"{place(text, 'fixed_efects')}: analysis.sensitivity[1].fixed_efects"
    assert f"{path}: `fixed_efects` is not a known key; did you mean `fixed_effects`?" in says(text)
    text = changed("from: rows.csv", "form: rows.csv", ELSEWHERE)
    assert says(text)[0].endswith("allocation.form: `form` is not a known key; did you mean `from`?")
    text = changed("from: rows.csv", "from: {csv_fle: rows.csv}", ELSEWHERE)
    assert says(text)[0].endswith("allocation.from.csv_fle: `csv_fle` is not a known key; did you mean `csv_file`?")


def test_a_key_that_must_be_there_is_missed_where_it_belongs(says: Says) -> None:
    text = changed("    kind: binary\n", "")
    assert says(text) == [f"{place(text, 'came:')}: outcomes.came: `kind` is missing; add `kind:`"]
    assert says("trial: small\n") == [
        "1:1: `arms` is missing; add `arms:`",
        "1:1: `outcomes` is missing; add `outcomes:`",
    ]


BLOCK = "keys and values are expected here; write `key: value` lines, indented"
LIST = "a list is expected here; write `[first, second]`"
TEXT = "a text is expected here; write words, in quotes if need be"
ROLES = "primary, secondary, distal, process or harm"
KINDS = "binary, count, continuous, ordinal or time_to_event"
TYPES = "number, date, category, yes_no or text"
SEND = "7 days before visit at 10:00"
MESSAGE = "arms.reminder.messages[1]"

WRONG_TYPES = {
    "words for a block": ("{method: complete}", "complete", "randomise", BLOCK),
    "a list for a block": ("{method: complete}", "[complete]", "randomise", BLOCK),
    "words for named blocks": ("{sms: outbox}", "outbox", "channels", BLOCK),
    "a block for a text": ("the usual letter}", "{a: b}}", "arms.usual.receives", TEXT),
    "a list for a text": ("Read by four parents.", "[a, b]", "coproduction", TEXT),
    "an empty text": ("Read by four parents.", '""', "coproduction", "is empty; fill it in, or leave the key out"),
    "words for a list of blocks": (f"[{{template: visit, send: {SEND}}}]", "visit", "arms.reminder.messages", LIST),
    "a block for a list of words": ("[reminder - usual]", "{a: b}", "analysis.comparisons", LIST),
    "neither yes nor no": (
        "control: yes", "control: maybe", "arms.usual.control", "`maybe` is neither yes nor no; write `yes` or `no`",
    ),
    "nothing for yes or no": ("control: yes", "control: ", "arms.usual.control", "is empty; write `yes` or `no`"),
    "a word of a few": (
        "role: primary", "role: primry", "outcomes.came.role",
        f"`primry` is not one of {ROLES}; did you mean `primary`?",
    ),
    "a word unlike all": (
        "kind: binary", "kind: xyz", "outcomes.came.kind", f"`xyz` is not one of {KINDS}; write {KINDS}",
    ),
    "nothing for a word": ("role: primary", "role: ", "outcomes.came.role", f"is empty; write {ROLES}"),
    "a list for a word": (
        "role: primary", "role: [primary]", "outcomes.came.role", f"one word is expected here; write {ROLES}",
    ),
    "nothing for a time": (
        f"send: {SEND}", "send: ", f"{MESSAGE}.send", "is empty; write it as `14 days before due_date at 10:00`",
    ),
    "a block for a length": (
        "retention: 12 months", "retention: {months: 12}", "data_protection.retention",
        "a text is expected here; write it as `56 days`",
    ),
    "a list for a difference": (
        "5 points", "[5]", "outcomes.came.worthwhile", "a text is expected here; write it as `5 points`",
    ),
    "a length that is none": (
        "4 hours", "soon", "safeguarding.escalate_within",
        "`soon` is not a length of time; write a number and a unit, such as `56 days`",
    ),
    "months where only days will do": (
        "10:00}]", "10:00, send_within: 1 month}]", f"{MESSAGE}.send_within",
        "`months` differ in length; write days or weeks",
    ),
    "an unknown column type": (
        "age: number", "age: nmber", "population.columns.age",
        f"`nmber` is not one of {TYPES}; did you mean `number`?",
    ),
    "an unknown channel": (
        "{sms: outbox}", "{fax: outbox}", "channels.fax",
        "`fax` is not one of sms, email or staff; write sms, email or staff",
    ),
    "an unknown route": (
        "{sms: mobile}", "{sms: mobile, prefer: [sms, emale]}", "population.contact.prefer[2]",
        "`emale` is not one of sms, email or staff; did you mean `email`?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "sentence"), WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_a_value_of_the_wrong_kind_is_refused_in_plain_words(
    says: Says, old: str, new: str, path: str, sentence: str
) -> None:
    assert [one.partition(": ")[2] for one in says(changed(old, new))] == [f"{path}: {sentence}"]


COSTS = {
    "currency: pounds": "costs.currency: `pounds` is not a usable name; write a currency's three letters, such as GBP",
    "prices: soon": "costs.prices: `soon` is not a whole number; write digits only",
    "sms: cheap": "costs.sms: `cheap` is not a number; write digits, such as 12 or 0.5",
    "sms: nan": "costs.sms: `nan` is not a number; write digits, such as 12 or 0.5",
    "sms: -0.04": "costs.sms: `-0.04` is too small; write 0 or more",
    "email: ": None,
}


@pytest.mark.parametrize(("line", "sentence"), COSTS.items(), ids=COSTS)
def test_prices_are_numbers_of_a_currency_and_a_year(says: Says, line: str, sentence: str | None) -> None:
    costs = {"currency": "currency: GBP", "prices": "prices: 2027", line.partition(":")[0]: line}
    text = TRIAL + "costs:\n  " + "\n  ".join(costs.values()) + "\n"
    assert says(text) == ([f"{place(text, line)}: {sentence}"] if sentence else [])


POWER = {
    "sd: 0": "power.sd: `0` is too small; write more than 0",
    "icc: 1.5": "power.icc: `1.5` is too large; write 1 or less",
    "power: 80": "power.power: `80` is not a percentage; write it with its sign, such as `62%`",
    "alpha: 500%": "power.alpha: `500%` is not between 0% and 100%; check the figure",
}


@pytest.mark.parametrize(("line", "sentence"), POWER.items(), ids=POWER)
def test_figures_for_power_lie_where_they_can(says: Says, line: str, sentence: str) -> None:
    text = f"{TRIAL}power: {{{line}}}\n"
    assert says(text) == [f"{place(text, line)}: {sentence}"]


SHARES = {
    "0": "`0` is too small; write 1 or more",
    "1001": "`1001` is too large; write 1000 or less",
    "1.5": "`1.5` is not a whole number; write digits only",
    "two": "`two` is not a whole number; write digits only",
    "9" * 30: f"`{'9' * 30}` is too large; write 1000 or less",
}


@pytest.mark.parametrize(("share", "sentence"), SHARES.items(), ids=["0", "1001", "1.5", "two", "huge"])
def test_shares_are_whole_numbers_that_a_draw_can_use(says: Says, share: str, sentence: str) -> None:
    text = changed("{method: complete}", f"{{method: complete, ratio: {{usual: 1, reminder: {share}}}}}")
    assert says(text) == [f"{place(text, f'reminder: {share}')}: randomise.ratio.reminder: {sentence}"]


LETTERS = "letters, digits and underscores"
NAMES = {
    "an arm": ("  reminder:\n", "  Reminder:\n", "arms.Reminder", "Reminder", LETTERS),
    "a column": ("hub: category", "home-hub: category", "population.columns.home-hub", "home-hub", LETTERS),
    "a trial": ("trial: small", "trial: A trial", "trial", "A trial", "letters, digits, hyphens and underscores"),
}


@pytest.mark.parametrize(("old", "new", "path", "name", "letters"), NAMES.values(), ids=NAMES)
def test_a_name_that_cannot_be_used_says_what_names_look_like(
    says: Says, old: str, new: str, path: str, name: str, letters: str
) -> None:
    sentence = f"{path}: `{name}` is not a usable name; begin with a small letter and use small {letters}"
    assert [one.partition(": ")[2] for one in says(changed(old, new))] == [sentence]


def test_a_template_is_named_as_a_folder(says: Says) -> None:
    text = changed("template: visit", "template: ../visit")
    what = "`../visit` is not a usable name; templates are folders, such as `two-year-review/reminder`"
    assert says(text) == [f"{place(text, 'template')}: {MESSAGE}.template: {what}"]


def test_a_trials_name_has_at_most_80_letters(says: Says) -> None:
    assert says(changed("trial: small", f"trial: {'a' * 80}")) == []
    assert says(changed("trial: small", f"trial: {'a' * 81}")) == [
        f"1:1: trial: `{'a' * 81}` is too long; use at most 80 characters"
    ]


def test_no_and_a_time_of_day_are_text_where_text_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(changed("Read by four parents.", "no").replace("hours: Mon-Fri", "hours: 10:00"))
    trial = load_trial(path).trial
    assert trial.coproduction == "no"
    assert trial.safeguarding is not None
    assert trial.safeguarding.hours == "10:00"


def test_one_word_will_do_for_a_list_of_one(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(changed("analysis: {", "analysis: {covariates: hub, "))
    assert load_trial(path).trial.analysis.covariates == ("hub",)


def test_every_problem_is_told_at_once_in_the_order_of_the_file(says: Says) -> None:
    text = changed("id: person_ref", "id: person_ref\n  id: other_ref").replace("kind: binary", "kind: binry")
    text = text.replace("28 days", "28 dys").replace("owner:", "ownr:")
    assert [one.split(": ", 1)[1] for one in says(text)] == [
        "population.id: stands twice; it was already given on line 5; keep one of the two",
        f"outcomes.came.kind: `binry` is not one of {KINDS}; did you mean `binary`?",
        "outcomes.came.window: `dys` is not a unit of time; did you mean `days`?",
        "decision: `owner` is missing; add `owner:`",
        "decision.ownr: `ownr` is not a known key; did you mean `owner`?",
    ]


def test_a_condition_is_faulted_at_the_very_word(says: Says) -> None:
    for written in ("age >= 2 and agee < 3", "'hub == ''ŵ'' and agee < 3'", ">\n    age >= 2\n    and agee < 3"):
        text = changed("age >= 2", written)
        what = "`agee` is not a column; did you mean `age`? (a text value needs quotes)"
        assert says(text) == [f"{place(text, 'agee')}: population.eligible: {what}"]


@given(
    cut=st.integers(0, len(TRIAL)), put=st.sampled_from(["", "\n", ":", " ", "'", "[", "{", "- ", "x: ", "\t", "&a "])
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_slip_of_the_hand_anywhere_gives_sentences_and_nothing_worse(says: Says, cut: int, put: str) -> None:
    for sentence in says(TRIAL[:cut] + put + TRIAL[cut:]):
        assert "\n" not in sentence
        assert "Error" not in sentence
