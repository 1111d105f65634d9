"""What we know by now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Floats


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of several studies on one scale; positive is better."""

    effect: Floats
    """(k,), in the scale's units."""
    variance: Floats
    """(k,) squared standard errors, above zero."""
    study: tuple[str, ...]
    """(k,) the study each comes from."""
    publication: tuple[str, ...] | None = None
    """(k,) the publication, or the trial, that each study belongs to."""
    scale: str | None = None
    """`probability`, `mean`, `log_ratio`, or the file's own word; None where it does not say."""

    @property
    def k(self) -> int:
        """How many there are."""
        return int(self.effect.size)


@dataclass(frozen=True, slots=True)
class PooledEffect:
    """One answer of a pool. Null where no interval can be had; `note` says why."""

    estimate: float
    std_error: float
    df: float | None
    """Of its t distribution; null for the normal."""
    p_value: float | None
    conf_low: float | None
    conf_high: float | None
    how: str
    """How it was made, in words."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class CarelessPool:
    """What a careless pool would have claimed, and why it is wrong."""

    what: str
    why: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class SmallStudies:
    """Whether studies of lower precision found more, and the mean with that taken away."""

    slope: PooledEffect
    """Egger's: by how much an effect rises with its standard error; 0 without small-study effects."""
    pet: PooledEffect
    """Precision-effect test: the mean where the standard error is zero."""
    peese: PooledEffect
    """The same by the variance."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Effects pooled: their mean, how much they differ, and what stands beside."""

    k: int
    """Effects."""
    studies: int
    publications: int | None
    """Publications or trials; null where the file names none."""
    scale: str | None
    level: float
    """Of every interval."""
    mean: PooledEffect
    tau2: float
    """Variance of true effects, over all levels."""
    tau2_by_level: dict[str, float]
    """The same level by level."""
    i2: float
    """Share of the spread of the effects that is not their own sampling error, 0 to 1."""
    q: float
    """Cochran's Q."""
    q_df: int
    q_p: float
    """p of all true effects being the same."""
    prediction_low: float | None
    """Where the true effect of another such study lies, at the same level."""
    prediction_high: float | None
    sensitivity: tuple[PooledEffect, ...]
    """The same by other structures; none of them is the answer."""
    small_studies: SmallStudies | None
    """None where there are too few effects to say."""
    careless: tuple[CarelessPool, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)
