"""What a trial file must agree on with itself: arms, and how they are drawn."""

from __future__ import annotations

import pytest

from tests.trial.samples import ELSEWHERE, TRIAL, Says, changed, place, told

REMINDER = "  reminder:\n    messages: [{template: visit, send: 7 days before visit at 10:00}]\n"
KEEP_ONE = "keep `randomise:` for a trial run here, `allocation: {from: …}` for one run elsewhere"


def test_one_arm_is_no_trial(says: Says) -> None:
    text = changed(REMINDER, "").replace("analysis: {comparisons: [reminder - usual]}\n", "")
    text = text.replace("28 days from first_planned_send", "28 days from allocation")
    assert says(text) == [f"{place(text, 'arms:')}: arms: has fewer than two arms; add the arm to compare with"]


def test_two_control_arms_are_one_too_many(says: Says) -> None:
    text = changed("  reminder:\n", "  reminder:\n    control: yes\n")
    assert says(text) == [
        f"{place(text, 'arms:')}: arms: marks usual and reminder as control; keep `control: true` on one arm"
    ]


def test_without_a_control_nothing_says_what_to_compare(says: Says) -> None:
    text = changed("control: yes, ", "").replace("analysis: {comparisons: [reminder - usual]}\n", "")
    assert says(text) == [
        told(
            place(text, "arms:"),
            "arms",
            "marks no arm as control",
            "add `control: true` to the arm others are held against",
        )
    ]


def test_declared_comparisons_need_no_control(says: Says) -> None:
    assert says(changed("control: yes, ", "")) == []


def test_an_arm_that_says_nothing_of_what_it_receives_is_not_ready_for_families(before_launch: Says) -> None:
    text = changed("{control: yes, receives: the usual letter}", "{control: yes}")
    assert before_launch(text) == [
        told(
            place(text, "usual: {"),
            "arms.usual",
            "does not say what this arm receives",
            "add `messages:` or `receives:` (usual service is something too)",
        )
    ]


def test_a_trial_run_elsewhere_need_not_say_it(says: Says) -> None:
    assert says(changed("{receives: opting out}", "{}", ELSEWHERE)) == []


def test_arms_are_drawn_somehow(says: Says) -> None:
    assert says(changed("randomise: {method: complete}\n", "")) == [
        f"1:1: does not say how arms are drawn; {KEEP_ONE}",
    ]


def test_arms_are_drawn_here_or_elsewhere_and_not_both(says: Says) -> None:
    text = TRIAL + "allocation: {from: rows.csv, arm: arm}\n"
    assert says(text) == [
        f"{place(text, 'randomise:')}: randomise: says both how to draw arms and that they were drawn elsewhere; "
        + KEEP_ONE
    ]


SHARES = {
    "an unknown arm": (
        "{usual: 1, reminder: 1, remindr: 1}",
        "remindr: 1",
        ".remindr",
        "`remindr` is not an arm; did you mean `reminder`?",
    ),
    "an arm left out": ("{usual: 2}", "ratio", "", "has no share for reminder; add one for every arm"),
}


@pytest.mark.parametrize(("ratio", "spot", "path", "sentence"), SHARES.values(), ids=SHARES)
def test_shares_are_given_for_all_arms_and_no_others(
    says: Says, ratio: str, spot: str, path: str, sentence: str
) -> None:
    text = changed("{method: complete}", f"{{method: complete, ratio: {ratio}}}")
    assert says(text) == [f"{place(text, spot)}: randomise.ratio{path}: {sentence}"]


BLOCKS = {
    "hubb": "`hubb` is not a column of `population.columns`; did you mean `hub`?",
    "age": "`age` is a number; blocks need groups; declare it a category, or block on one",
    "visit": "`visit` is a date; blocks need groups; declare it a category, or block on one",
    "notes": "`notes` is a text; blocks need groups; declare it a category, or block on one",
    "zebra": "`zebra` is not a column of `population.columns`; name age, visit, hub, refuge or notes",
}


@pytest.mark.parametrize(("column", "sentence"), BLOCKS.items(), ids=BLOCKS)
def test_blocks_are_declared_columns_that_make_groups(says: Says, column: str, sentence: str) -> None:
    text = changed("{method: complete}", f"{{method: complete, blocks: [refuge, {column}]}}")
    at = place(text, f"{column}]")
    assert says(text) == [f"{at}: randomise.blocks[2]: {sentence}"]


def test_categories_and_yes_or_no_make_blocks(says: Says) -> None:
    assert says(changed("{method: complete}", "{method: blocked, blocks: [hub, refuge]}")) == []


CODES = {
    "an unknown arm": (
        "{usual: 0, default: 1, opt: 2}",
        "opt: 2",
        ".opt",
        "`opt` is not an arm; name usual or default",
    ),
    "an arm left out": ("{usual: 0}", "codes", "", "has no code for default; add one for every arm"),
    "one code for two": (
        "{usual: 1, default: 1}",
        "default: 1}, ratio",
        ".default",
        "has the code `1`, as usual has; give every arm a code of its own",
    ),
}


@pytest.mark.parametrize(("codes", "spot", "path", "sentence"), CODES.values(), ids=CODES)
def test_codes_of_a_trial_run_elsewhere_name_each_arm_once(
    says: Says, codes: str, spot: str, path: str, sentence: str
) -> None:
    text = changed("{usual: 0, default: 1}", codes, ELSEWHERE)
    assert says(text) == [f"{place(text, spot)}: allocation.codes{path}: {sentence}"]


def test_shares_of_a_trial_run_elsewhere_name_its_arms_too(says: Says) -> None:
    text = changed("ratio: {usual: 1, default: 1}", "ratio: {usual: 1, defaults: 1}", ELSEWHERE)
    assert says(text) == [
        f"{place(text, 'ratio')}: allocation.ratio: has no share for default; add one for every arm",
        f"{place(text, 'defaults')}: allocation.ratio.defaults: `defaults` is not an arm; did you mean `default`?",
    ]
