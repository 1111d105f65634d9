"""What stands beside a verdict, as sentences."""

from __future__ import annotations

from nudge.report.beside import looks_in_words
from nudge.trial.records.companions import Look

EARLY = Look(
    "came", "plan", "usual", 1, "2027-02-01T09:00:00+00:00", final=False, information=500, share=0.5, spent=0.003,
    boundary=0.0031, estimate=0.1, std_error=0.045, df=100, p_value=0.03, crossed=False, whenever_low=-0.06,
    whenever_high=0.26,
)  # fmt: skip


def test_a_look_says_what_it_cost() -> None:
    (one,) = looks_in_words([EARLY])
    assert one.about == "Came, plan compared with usual"
    assert one.sentences == (
        "Look 1, 1 February 2027, at 50 % of the information planned: p 0.0300 against a boundary of 0.0031, 0.30 % of "
        "error spent so far. Read at any moment, the effect lies between −0.060 and +0.260.",
    )


def test_a_stop_shows_the_naive_estimate_beside_its_own() -> None:
    stopped = Look(
        "came", "plan", "usual", 2, "2027-03-01T09:00:00+00:00", final=False, information=800, share=0.8, spent=0.02,
        boundary=0.019, estimate=0.12, std_error=0.035, df=160, p_value=0.0008, crossed=True, whenever_low=0.0,
        whenever_high=0.24, stopped_p=0.002, stopped_estimate=0.11, stopped_low=0.03, stopped_high=0.18,
    )  # fmt: skip
    (one,) = looks_in_words([EARLY, stopped])
    assert one.sentences[2] == (
        "Taking the looks into account the effect is +0.110 (+0.030 to +0.180, p .002); a trial that stops on a high "
        "is likely to have caught one, and the plain estimate of +0.120 does not know it."
    )
