"""Fresh draws from a trial's law, many at once, for simulation: the method's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.design.methods import method
from nudge.trial.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from nudge.trial.records.design import DrawUnit, Law

    Redraw = Callable[[Sequence[DrawUnit], Law, int, np.random.Generator], NDArray[np.int8]]

_NOT_REPLAYED = {"stepped_wedge": "its clusters cross one after the other"}
"""Methods whose analysis hangs on more than each unit's arm and block."""


def redraw_of(law: Law) -> Redraw:
    """How to draw a law again. Raises Refused where arms alone do not tell enough."""
    if law.method in _NOT_REPLAYED:
        raise Refused(
            f"a `{law.method}` draw is not simulated: {_NOT_REPLAYED[law.method]}",
            "nudge power FILE says by formula what the design can show",
        )
    return method(law.method).redraws
