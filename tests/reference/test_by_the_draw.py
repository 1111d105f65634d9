"""Randomisation inference against R: streets re-drawn within wards, the coefficient beside ward indicators."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.analysis.drawn_effects import EffectSums
from nudge.analysis.studentised import studentised_test, within_blocks
from tests.reference.routes import rows_of
from tests.reference.table import STREETS

pytestmark = pytest.mark.needs("reference data")
DRAWS = 20_000


def test_the_coefficient_beside_ward_indicators(
    reference: Callable[[str], dict[str, dict[str, Any]]], reference_folder: Path
) -> None:
    """Four Monte Carlo errors of both runs; its t, which the product takes, gives much the same p here."""
    entry = reference("foos_street_gotv")["ri.fe"]
    pair = STREETS.pair(rows_of(reference_folder, "foos_street_gotv"))
    units = EffectSums.of(pair)
    observed = float(units.effect(units.treated[None, :])[0])
    assert observed == pytest.approx(entry["observed"], rel=1e-9)
    rng = np.random.default_rng(20_270_401)
    drawn = np.concatenate([units.effect(within_blocks(units, 1_000, rng)) for _ in range(DRAWS // 1_000)])
    error = sqrt(2) * entry["mc_se"]
    assert float((np.abs(drawn) >= abs(observed)).mean()) == pytest.approx(entry["value"], abs=4 * error)
    assert float(drawn.std()) == pytest.approx(entry["sd_null"], rel=4 / sqrt(DRAWS))
    by_t = studentised_test(pair, draws=4_000, kind=EffectSums)
    assert by_t.p_value == pytest.approx(entry["value"], abs=0.02)
