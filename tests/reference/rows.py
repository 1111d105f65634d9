"""A reference number, the way to it, and which of its fields must agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.reference.routes import Numbers, Rows

FULL = ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high")
SHARED = ("estimate", "std_error")
VALUE = ("value",)


@dataclass(frozen=True)
class Row:
    """One reference number and the way to it."""

    data: str
    id: str
    how: Callable[[Rows], Numbers]
    compared: tuple[str, ...]
    rel: float = 1e-9
    """Wider only where R itself stops early: its glm leaves errors at 1e-8 unless told otherwise."""
