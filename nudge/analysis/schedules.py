"""Where the results of many made-up stepped wedges lie among what other schedules would have given.

The report's p-value below twenty clusters compares a trial's t with that under re-drawn schedules
(`wedge_answer.schedule_test`). Under one schedule, the estimate and each cluster's part of its CR2 error are weighted
sums of the cells' outcomes, and the weights hang on who stands where only. One set of re-drawn schedules therefore
serves all trials with the same people: its weights times their outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.drawn_wedge import Models, wedge_models
from nudge.analysis.randomisation import tied

if TYPE_CHECKING:
    from nudge.analysis.drawn_wedge import Cells, Fits
    from nudge.trial.records.analysis import Floats, Ints

_HELD = 2_000_000
"""Numbers held at once."""


def schedule_p_values(
    cells: Cells, rows: Floats, sums: Floats, own: Fits, steps: Ints, chance: Floats | None, *, times: Sequence[int],
    by_cell: bool = False,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Two-sided p of R trials, by the t and by the bare estimate.

    rows: (C,) the same in all. sums: (R, C). own: each trial's fit under its own schedule. steps: (S, G) re-drawn
    schedules, steps from 1; chance: (S,) of each where they are all there are, None where they were drawn by chance:
    then a trial's own counts as one of them.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = tied(1.0) * np.abs(own.estimate / own.std_error), tied(1.0) * np.abs(own.estimate)
    beyond = np.zeros((2, len(sums)))
    each = np.full(len(steps), 1 / (len(steps) + 1)) if chance is None else chance
    at_once = max(
        1, _HELD // max(len(sums), cells.clusters * (cells.steps + 1) ** 2, cells.clusters * cells.period.size)
    )
    for start in range(0, len(steps), at_once):
        some = slice(start, start + at_once)
        models = wedge_models(cells, rows, steps[some], times=times, by_cell=by_cell)
        estimate, variance = _under(cells, models, sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(estimate) / np.sqrt(variance)
        # Where no statistic can be had under a schedule, it counts as being as far.
        t[~(models.sound[:, None] & np.isfinite(estimate) & (variance > 0))] = np.inf
        size = np.where(np.isfinite(estimate), np.abs(estimate), np.inf)
        beyond += [each[some] @ (values >= least) for values, least in zip((t, size), wanted, strict=True)]
    if chance is None:
        beyond += 1 / (len(steps) + 1)
    return np.minimum(beyond[0], 1.0), np.minimum(beyond[1], 1.0)


def _under(cells: Cells, models: Models, sums: Floats) -> tuple[Floats, Floats]:
    """Estimate and squared error of every trial under every schedule, (S, R)."""
    of_total = models.per_total[:, cells.cluster, cells.period] * models.counts
    along = models.columns[:, cells.cluster, cells.period] * of_total[..., None]
    effect = np.einsum("sck,sk->sc", along, models.wanted)
    variance = np.zeros((len(effect), len(sums)))
    scores = np.einsum("sgpk,sgp->sgk", models.columns, models.adjusted)
    for cluster in range(cells.clusters):
        mine = np.where(cells.cluster == cluster, models.adjusted[:, cells.cluster, cells.period] * of_total, 0.0)
        part = mine - np.einsum("sck,sk->sc", along, scores[:, cluster])
        variance += (part @ sums.T) ** 2
    return effect @ sums.T, variance
