"""What a trial file must agree on with itself: the plan of analysis, money, stopping and governance."""

from __future__ import annotations

import pytest

from tests.trial.samples import ELSEWHERE, TRIAL, Says, changed, place, told


def test_comparisons_are_between_arms(says: Says) -> None:
    text = changed("[reminder - usual]", "[reminder - usual, remindr - usuall]")
    spot = place(text, "remindr")
    assert says(text) == [
        f"{spot}: analysis.comparisons[2]: `remindr` is not an arm; did you mean `reminder`?",
        f"{spot}: analysis.comparisons[2]: `usuall` is not an arm; did you mean `usual`?",
    ]


@pytest.mark.parametrize("second", ["reminder - usual", "usual - reminder"])
def test_a_comparison_stands_once_whichever_way_round(says: Says, second: str) -> None:
    text = changed("[reminder - usual]", f"[reminder - usual, '{second}']")
    arms = second.replace(" - ", " and ")
    assert says(text) == [
        f"{place(text, chr(39) + second)}: analysis.comparisons[2]: compares {arms} a second time; keep one of the two"
    ]


ANALYSED = ["covariates", "subgroups"]


@pytest.mark.parametrize("key", ANALYSED)
def test_columns_of_the_analysis_are_declared(says: Says, key: str) -> None:
    text = changed("analysis: {", f"analysis: {{{key}: [refuge, hubb], ")
    what = "`hubb` is not a column of `population.columns`; did you mean `hub`?"
    assert says(text) == [f"{place(text, 'hubb')}: analysis.{key}[2]: {what}"]


@pytest.mark.parametrize("key", ANALYSED)
@pytest.mark.parametrize(("column", "kind"), [("visit", "date"), ("notes", "text")])
def test_dates_and_free_text_are_not_analysed(says: Says, key: str, column: str, kind: str) -> None:
    text = changed("analysis: {", f"analysis: {{{key}: [{column}], ")
    what = f"`{column}` is a {kind}; use a number, a category or a yes_no column"
    assert says(text) == [f"{place(text, f'{column}],')}: analysis.{key}[1]: {what}"]


@pytest.mark.parametrize("key", ANALYSED)
def test_numbers_categories_and_yes_or_no_are_analysed(says: Says, key: str) -> None:
    assert says(changed("analysis: {", f"analysis: {{{key}: [age, hub, refuge], ")) == []


SECOND_FITS = {
    "fixed effects": ("{fixed_effects: hubb}", "fixed_effects", "sensitivity[1].fixed_effects"),
    "covariates": ("{covariates: [age, hubb]}", "hubb", "sensitivity[1].covariates[2]"),
}


@pytest.mark.parametrize(("fit", "spot", "path"), SECOND_FITS.values(), ids=SECOND_FITS)
def test_columns_of_a_second_fit_are_declared_too(says: Says, fit: str, spot: str, path: str) -> None:
    text = changed("analysis: {", f"analysis: {{sensitivity: [{fit}], ")
    what = "`hubb` is not a column of `population.columns`; did you mean `hub`?"
    assert says(text) == [f"{place(text, spot)}: analysis.{path}: {what}"]


@pytest.mark.parametrize("zone", ["Europe/Londn", "Europe", "../../etc/passwd", "London", '""'])
def test_a_time_zone_that_does_not_exist_is_refused(says: Says, zone: str) -> None:
    text = f"{TRIAL}timezone: {zone}\n"
    shown = zone.strip('"')
    assert says(text) == [
        f"{place(text, 'timezone')}: timezone: `{shown}` is not a time zone; write `Europe/London`",
    ]


def test_a_benefit_belongs_to_an_outcome(says: Says) -> None:
    benefit = "{per: cam, value: 31.00, payer: council, cashable: no}"
    text = f"{TRIAL}costs: {{currency: GBP, prices: 2027, benefit: {benefit}}}\n"
    assert says(text) == [
        f"{place(text, 'per: ')}: costs.benefit.per: `cam` is not an outcome; did you mean `came`?",
    ]


def test_a_bound_that_stops_an_arm_is_on_opt_outs_or_a_harm(says: Says) -> None:
    text = TRIAL + "stopping: {came: {limit: 2%, after: 200 sends}, opt_out: {limit: 2%, after: 1 send}}\n"
    assert says(text) == [
        f"{place(text, 'came: {')}: stopping.came: `came` is not what a rule can count; "
        "name opt_out, complaint, wrong_recipient or failure"
    ]


STOPPING = {
    "limit: often": "`often` is not a rate; write `3 per 1000` or `2%`",
    "limit: 3 per 0": "`3 per 0` is a rate per nothing; write `3 per 1000` or `2%`",
    "limit: 3 per 2": "`3 per 2` is more than one each; write `3 per 1000` or `2%`",
    "after: some": "`some` is not a count; write `200 sends` or `5 events`",
}


@pytest.mark.parametrize(("line", "sentence"), STOPPING.items(), ids=STOPPING)
def test_a_bound_is_a_rate_after_a_count(says: Says, line: str, sentence: str) -> None:
    bound = {"limit": "limit: 2%", "after": "after: 200 sends", line.partition(":")[0]: line}
    text = f"{TRIAL}stopping: {{opt_out: {{{', '.join(bound.values())}}}}}\n"
    assert says(text) == [f"{place(text, line)}: stopping.opt_out.{line.partition(':')[0]}: {sentence}"]


def test_an_nhs_trial_needs_a_decision_on_ethics(before_launch: Says) -> None:
    text = TRIAL + "setting: nhs\n"
    assert before_launch(text) == [
        told(
            place(text, "setting"),
            "setting",
            "an NHS trial needs the decision of an ethics committee",
            "add `ethics: {reference: …, decided: …}`",
        )
    ]
    assert before_launch(text + "ethics: {reference: REC 27/01, decided: 2027-01-04}\n") == []


BEFORE_LAUNCH = {
    "question: Do reminders help?\n": "`question` is missing: the question this trial answers; add `question:`",
    "safeguarding: {replies_to: duty team, hours: Mon-Fri, escalate_within: 4 hours}\n": (
        "`safeguarding` is missing: who reads replies, when, and how fast they act; add `safeguarding:`"
    ),
    "data_protection: {basis: public_task, retention: 12 months}\n": (
        "`data_protection` is missing: the lawful basis and the retention; add `data_protection:`"
    ),
    "decision: {owner: Head, by: 2027-06-01, rule: adopt if worthwhile}\n": (
        "`decision` is missing: who decides what by when; add `decision:`"
    ),
    "coproduction: Read by four parents.\n": (
        "`coproduction` is missing: which families saw the words, and what changed; add `coproduction:`"
    ),
}


@pytest.mark.parametrize(("line", "sentence"), BEFORE_LAUNCH.items(), ids=lambda line: line.partition(":")[0])
def test_what_a_trial_must_say_before_it_reaches_families(before_launch: Says, line: str, sentence: str) -> None:
    assert before_launch(changed(line, "")) == [f"1:1: {sentence}"]


def test_a_trial_run_elsewhere_reaches_no_family_and_need_not_say_it(says: Says) -> None:
    assert says(ELSEWHERE + "setting: nhs\n") == []


@pytest.mark.parametrize("at", ["[]", "[75%, 50%]", "[50%, 50%]", "[0%, 50%]", "[50%, 100%]"])
def test_looks_rise_towards_the_end(says: Says, at: str) -> None:
    text = changed("analysis: {", f"analysis: {{looks: {{at: {at}}}, ")
    (said,) = says(text)
    assert said.endswith(
        "analysis.looks.at: must be shares of the information, rising, none at 0 or 100%; "
        "write `at: [50%, 75%]`; the end is looked at anyway"
    )


def test_looks_belong_to_a_trial_that_is_still_to_run(says: Says) -> None:
    (said,) = says(ELSEWHERE + "analysis: {looks: {at: [50%]}}\n")
    assert said.endswith("analysis.looks: plans looks at a trial that was run elsewhere and is over; leave `looks` out")


def test_looks_and_an_adaptive_draw_do_not_mix(says: Says) -> None:
    text = changed("analysis: {", "analysis: {looks: {at: [50%]}, ").replace(
        "method: complete", "method: adaptive, batch: 20"
    )
    assert any("plans looks at an adaptive draw" in said for said in says(text))
