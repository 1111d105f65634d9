"""Batched Thompson sampling: arms that did better so far get more of the next batch.

An arm's success rate has the posterior Beta(1 + successes, 1 + failures). The chance that an
arm is the best, Pₖ = ∫ fₖ(x) Πⱼ Fⱼ(x) dx over the other arms j, is its share of what is to be
divided: everything, or what the control leaves, which keeps 1/K and takes no part in the
contest. No arm falls below the floor; what it takes comes from the others in proportion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

FLOOR = 0.1
WHOLE = 10_000
"""Probabilities are logged to four decimals, so that platforms agree."""
_REACH = np.array([-12.0, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12])
_NODES = 24


def batch_probabilities(
    successes: Sequence[int], trials: Sequence[int], control: int | None, floor: float = FLOOR
) -> tuple[float, ...]:
    """Each arm's chance in the next batch, to four decimals, summing to one.

    successes: how often the better outcome was seen among `trials` matured outcomes, by arm.
    control: the position of the arm that keeps 1/K, if there is one.
    """
    arms = len(trials)
    contest = [k for k in range(arms) if k != control]
    kept = 0 if control is None else round(WHOLE / arms)
    best = chances_of_best([successes[k] for k in contest], [trials[k] for k in contest])
    shares = _floored(best, floor * WHOLE, WHOLE - kept)
    whole = [kept] * arms
    for k, number in zip(contest, _rounded(shares, WHOLE - kept), strict=True):
        whole[k] = number
    return tuple(number / WHOLE for number in whole)


def chances_of_best(successes: Sequence[int], trials: Sequence[int]) -> npt.NDArray[np.float64]:
    """The posterior chance of every arm to have the highest rate, from flat priors, (K,).

    Gauss-Legendre between breakpoints at every posterior's mean and standard deviations.
    """
    from scipy.special import betainc, betaln, xlog1py, xlogy

    a = 1 + np.array(successes, dtype=float)
    b = 1 + np.array(trials, dtype=float) - np.array(successes, dtype=float)
    mean = a / (a + b)
    sd = np.sqrt(mean * (1 - mean) / (a + b + 1))
    breaks = np.unique(np.clip((mean[:, None] + sd[:, None] * _REACH).ravel(), 0, 1))
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(breaks) / 2
    x = ((breaks[:-1] + half)[:, None] + half[:, None] * node).ravel()
    w = (half[:, None] * weight).ravel()
    below = betainc(a[:, None], b[:, None], x)
    density = np.exp(xlogy(a[:, None] - 1, x) + xlog1py(b[:, None] - 1, -x) - betaln(a, b)[:, None])
    found = np.array([
        (w * density[k] * np.prod(np.delete(below, k, axis=0), axis=0)).sum() for k in range(len(a))
    ])  # fmt: skip
    chances: npt.NDArray[np.float64] = found / found.sum()
    return chances


def _floored(best: npt.NDArray[np.float64], floor: float, total: float) -> npt.NDArray[np.float64]:
    """Shares of the total in proportion to `best`, none under the floor."""
    low = np.zeros(len(best), dtype=bool)
    while True:
        shares = np.where(low, floor, 0.0)
        shares[~low] = (total - floor * low.sum()) * best[~low] / best[~low].sum()
        fallen = ~low & (shares < floor)
        if not fallen.any():
            return shares
        low |= fallen


def _rounded(shares: npt.NDArray[np.float64], total: int) -> list[int]:
    """Whole numbers that sum to the total: rounded down, what is left going to the largest remainders."""
    settled = shares.round(3)  # a share that is a matter of rounding is the same on every platform
    numbers = [int(share) for share in settled.tolist()]
    order = sorted(range(len(numbers)), key=lambda k: (numbers[k] - settled[k], k))
    for k in order[: total - sum(numbers)]:
        numbers[k] += 1
    return numbers
