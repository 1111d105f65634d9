"""Reference numbers that nothing here computes yet, and why; a pattern of ids for each reason."""

from __future__ import annotations

_REML_ALONE = "of the estimators of the variance between studies statistics.md 26 names restricted likelihood alone"
NOT_COVERED: dict[str, dict[str, str]] = {
    "social_insure": {
        "default.lmm": "mixed models are not built",
    },
    "kenya_registration": {
        "t2c5.r2": "the share of variance explained is not given",
    },
    "karlan_list": {
        "probit.*": "probit is not offered: logit gives the same differences",
        "prop.test": "the pooled z-test is not offered",
        "factorial.F.*": "sequential analysis of variance with a classical variance is not offered",
        "balance.joint_F": "balance is described, not tested (CONSORT 2025)",
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
