"""Estimators, one file each, chosen by the design and named by file name.

An estimator module offers `estimate(pair, adjustment) -> Fitted`: the effect of the treated
arm over the control in the outcome's units. Raises EstimationRefused where rule 10 or the
design forbids a number.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted


class Estimator(Protocol):
    """What an estimator's file offers."""

    ESTIMAND: str

    def estimate(self, pair: Pair, adjustment: str) -> Fitted:
        """The effect, its standard error and degrees of freedom."""
        ...


@cache
def estimator_names() -> tuple[str, ...]:
    """The estimators there are."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def estimator(name: str) -> Estimator:
    """The estimator of that name."""
    return cast("Estimator", importlib.import_module(f"{__name__}.{name}"))
