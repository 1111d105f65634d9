"""Methods that are not offered, beside those that answer the same question: how near they are is why they are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nudge.analysis.answers import t_p_value
from tests.reference.routes import Drawn, by_design, by_estimator, rows_of
from tests.reference.table import INSURANCE, LETTERS

pytestmark = pytest.mark.needs("reference data")
Reference = Callable[[str], dict[str, dict[str, Any]]]


def test_logit_says_what_probit_says(reference: Reference, reference_folder: Path) -> None:
    probit = reference("karlan_list")["probit.t3c1"]
    logit = by_estimator(rows_of(reference_folder, "karlan_list"), LETTERS, "logit")
    assert logit["estimate"] == pytest.approx(probit["ame"], rel=1e-8)
    assert logit["std_error"] == pytest.approx(probit["std_error"], rel=1e-4)


def test_the_pooled_z_test_decides_nothing_otherwise(reference: Reference, reference_folder: Path) -> None:
    z_test = reference("karlan_list")["prop.test"]
    found = by_design(rows_of(reference_folder, "karlan_list"), LETTERS)
    assert found["estimate"] == pytest.approx(z_test["estimate"], rel=1e-9)
    ends = [found["conf_low"], found["conf_high"]]
    assert ends == pytest.approx([z_test["conf_low"], z_test["conf_high"]], rel=1e-3)
    assert t_p_value(z_test["statistic"], found["df"]) == pytest.approx(z_test["p_value"], rel=1e-2)
    assert found["p_value"] < z_test["p_value"] < 0.002


def test_a_random_intercept_lies_within_what_is_said_without_one(reference: Reference, reference_folder: Path) -> None:
    mixed = reference("social_insure")["default.lmm"]
    rows = rows_of(reference_folder, "social_insure")
    by_person = by_design(rows, INSURANCE)
    by_village = by_design(rows, Drawn(**(vars(INSURANCE) | {"average": "cluster"})))
    for found in (by_person, by_village):
        assert abs(found["estimate"] - mixed["estimate"]) < 0.2 * found["std_error"]
        assert found["std_error"] == pytest.approx(mixed["std_error"], rel=0.05)
