"""How arms were drawn and effects estimated, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report import numbers
from nudge.report.words import readable

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Estimate

METHODS = {
    "simple": "each by a draw of its own, so that numbers per arm are left to chance (simple randomisation)",
    "complete": "with fixed numbers per arm among all (complete randomisation)",
    "blocked": "with fixed numbers per arm within every block (blocked randomisation)",
    "cluster": "with fixed numbers of clusters per arm (cluster randomisation)",
    "blocked_cluster": "with fixed numbers of clusters per arm within every block (blocked cluster randomisation)",
    "matched_pairs": "in pairs as alike as could be found, one of each pair to either arm (matched pairs)",
    "rerandomised": "again and again until the arms were alike enough at the start (rerandomisation)",
    "minimisation": "one by one, each with a high chance of the arm that kept the arms most alike (minimisation)",
    "permuted_blocks": "as they came, in short runs that hold every arm in its share (permuted blocks)",
    "factorial": "with fixed numbers to every combination of the factors' levels (factorial design)",
    "adaptive": "in batches, with chances that followed what earlier batches had shown (adaptive randomisation)",
    "stepped_wedge": "with every cluster crossing to the arm, at a step that was drawn for it (stepped wedge)",
    "waitlist": "with fixed numbers receiving now, the others when their wait is over (waiting list)",
}
"""After "were randomised" or "were drawn"."""


def method_in_words(method: str | None) -> str:
    """How arms were drawn, after a verb."""
    if method is None:
        return "in a way the file does not state"
    return METHODS.get(method, f"by {readable(method)}")


ESTIMATORS = {
    "difference_in_means": "difference in means",
    "block_weighted": "difference in means within blocks, weighted by their size",
    "fixed_effects": "regression with block indicators",
    "inverse_probability": "difference in means weighted by the draw's probabilities",
    "paired": "mean of the pairs' differences",
    "cluster_means": "difference of unweighted cluster means",
    "logit": "difference in chances standardised by a logistic model",
    "rate_ratio": "ratio of rates from a Poisson model",
    "rate_difference": "difference of rates from a Poisson model",
    "negative_binomial": "ratio of rates from a negative binomial model",
    "survival": "difference of mean times under the Kaplan-Meier curves",
    "cox": "ratio of hazards by Cox's regression",
    "ordinal": "chance of doing better than the control, less one half",
    "immediate_effect": "regression on clusters, periods and having crossed, one constant effect",
    "exposure_averaged": "regression on clusters, periods and each number of periods since crossing, averaged",
    "batched": "differences within batches, combined by the numbers of their arms",
    "micro_randomised": "weighted, centred regression on the messages drawn at every decision point",
    "lee_bounds": "difference in means once the arm with more outcomes is trimmed",
    "response_weights": "those with an outcome weighted by its chance, to stand for those like them without one",
    "imputation": "missing outcomes imputed, each completed set fitted as planned and pooled by Rubin's rules",
    "attributable_effect": "difference in means; interval of the events the arm brought about, per person in it",
    "none": "none",
}


_TWO_STAGE = "two_stage_"
_ALIKE = 1.5
"""Fewer rows in a unit than this, on average, say nothing of how alike those of one unit are."""


def icc_in_words(line: Estimate) -> str:
    """`, ICC 0.083`, where units have enough people for it to mean something."""
    if line.icc is None or line.std_error is None or not line.n_clusters or line.n < _ALIKE * line.n_clusters:
        return ""
    return f", ICC {numbers.plain(line.icc, 3)}"


def estimator_in_words(line: Estimate) -> str:
    """The estimator and its variance."""
    within = line.estimator.removeprefix(_TWO_STAGE)
    name = ESTIMATORS.get(within, readable(within))
    if within != line.estimator:
        name = f"effect on those reached, by two stages of: {name}"
    adjusted = f", adjusted for {', '.join(readable(one) for one in line.covariates)}" if line.covariates else ""
    variance = f"; {line.vcov} standard error, t with {numbers.degrees(line.df)} df" if line.std_error else ""
    return f"{name}{adjusted}{variance}"
