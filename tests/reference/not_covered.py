"""Reference numbers that nothing here computes, and why; a pattern of ids for each reason.

Each was judged by whether a reader of the report would be served by it.
"""

from __future__ import annotations

_REML_ALONE = "of the estimators of the variance between studies statistics.md 26 names restricted likelihood alone"
NOT_COVERED: dict[str, dict[str, str]] = {
    "social_insure": {
        "default.lmm": "a random intercept weighs villages by a likeness it assumes; `average: cluster` and CR2 assume "
        "none, and lie within a fifth of a standard error of it (test_near_answers.py)",
    },
    "kenya_registration": {
        "t2c5.r2": "the share of variance explained says nothing of the arm's effect",
    },
    "karlan_list": {
        "probit.t3c1": "logit gives the same difference and error (test_near_answers.py)",
        "probit.t3c2.*": "the paper's coefficients beside a factor's first levels, at the means of the other columns; "
        "main effects over all combinations stand there (statistics.md 19)",
        "prop.test": "the difference in means with the arms' own variances answers the same question, with much the "
        "same p and interval (test_near_answers.py), and holds where the arms' variances differ",
        "factorial.F.*": "a sequence of F tests with one variance for all depends on the order of the factors; main "
        "effects with their own errors, Holm over the family, stand there (statistics.md 12, 19)",
        "balance.joint_F": "balance is described by standardised differences, not tested (CONSORT 2025)",
    },
    "mertens_nudge_meta": {
        "rma.[DMPHSE][LMEJB]*": _REML_ALONE,
        "es1to20.[DP]*": _REML_ALONE,
        "rma.REML.confint": "the variance between studies has no interval: the prediction interval says what it means",
        "trimfill": "fills in studies by symmetry alone; Egger's slope, PET and PEESE stand there (statistics.md 26)",
        "sum_n_comparison": "counts the people of all studies: nothing is pooled by it",
    },
}
"""By data set: patterns of ids, each with why."""

ELSEWHERE: dict[str, dict[str, str]] = {
    "social_insure": {"default.naive.*": "test_careless_answers.py", "cells": "../analysis/test_factorial.py"},
    "foos_street_gotv": {"naive.*": "test_careless_answers.py", "ri.fe": "test_by_the_draw.py"},
    "kenya_registration": {"unblocked.hc2.*": "test_careless_answers.py", "mean.*": "test_public_route.py"},
    "karlan_list": {"t4B1.amount_if_gave": "test_careless_answers.py", "mean.*": "test_public_route.py"},
    "rubella_text": {"coupon0.vaccinated.[EG]": "test_no_nonsense.py", "mean.*": "test_public_route.py"},
}
"""By data set: patterns of ids that another file here holds."""

SAID: dict[str, dict[str, tuple[str, str]]] = {
    "social_insure": {
        "default.naive.*": ("nudge/analysis/lines.py", "counted as if each had been randomised"),
        "iv.naive.*": ("nudge/analysis/careless.py", "among those reached, "),
    },
    "foos_street_gotv": {"naive.*": ("nudge/analysis/lines.py", "counted as if each had been randomised")},
    "kenya_registration": {"unblocked.hc2.*": ("nudge/analysis/careless.py", "blocks forgotten")},
    "karlan_list": {"t4B1.amount_if_gave": ("nudge/analysis/careless.py", "above zero compared")},
    "mertens_nudge_meta": {"rma.FE": ("nudge/evidence/pooling.py", "one true effect assumed for all (fixed effect)")},
    "rubella_text": {"coupon0.vaccinated.[EG]": ("nudge/analysis/inference.py", "had the event")},
}
"""By data set: what a reader is told of naive and degenerate numbers, and where it is written."""
