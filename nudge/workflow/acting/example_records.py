"""The seven shipped trials as made-up truth: how each roll is made, and what every arm really does.

Base rates and sizes are those of domain.md §6b, with its sources named in docs/examples.md;
what an arm adds is stated here, near what trials of its kind have found, and is not known
to anything that analyses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from nudge.outcomes.synthetic import Process
from nudge.people.recipes import Choice, Days, HalfDays, Later, Recipe, WholeDays, made_up_roll
from nudge.people.synthetic import Families, review_roll

Rows = Callable[[int, int], Iterator[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Example:
    """One shipped trial: so many units, rows from (units, seed), and the process of each outcome.

    begins: a moment before anything is sent, from which a run may start its clock.
    """

    units: int
    seed: int
    rows: Rows
    begins: datetime
    outcomes: Mapping[str, Process]


_YES_NO = ("yes", "no")
_QUINTILES = Choice(("1", "2", "3", "4", "5"), (0.28, 0.22, 0.2, 0.16, 0.14))


def _named(what: str, number: int) -> Choice:
    return Choice(tuple(f"{what} {i:03d}" for i in range(1, number + 1)))


def _complaints(seed: int, share: float = 0.001) -> Process:
    """Rare, and the same in every arm."""
    return Process(share, {}, seed)


FAMILIES = Families(2000, date(2026, 11, 16), date(2026, 12, 18), seed=20261102)
"""Those of the committed roll, and of the demonstration."""


def _review_rows(units: int, seed: int) -> Iterator[dict[str, str]]:
    return review_roll(replace(FAMILIES, number=units, seed=seed))


_ENTITLEMENT = Recipe(
    person="child_ref", unit="household_ref", marks=("C", "H"), seed=20270101,
    shared={"area": _named("Area", 6), "imd_quintile": _QUINTILES, "term_starts": Choice(("2027-04-19",))},
    own={}, flags=("protected_address", "refuge"), rows=(0.98, 0.02),
)  # fmt: skip
_PARENTING = Recipe(
    person="family_ref", unit="family_ref", marks=("F", "F"), seed=20270102,
    shared={"centre": _named("Centre", 12), "imd_quintile": _QUINTILES, "first_child": Choice(_YES_NO, (0.45, 0.55)),
            "first_session": Days(date(2027, 5, 3), date(2027, 5, 28))},
    own={}, flags=("protected_address", "refuge"),
)  # fmt: skip
_ATTENDANCE = Recipe(
    person="pupil_ref", unit="household_ref", marks=("P", "H"), seed=20270103,
    shared={"school": _named("School", 105), "days_missed": WholeDays(5.0)},
    own={"free_meals": Choice(_YES_NO, (0.25, 0.75)), "absent_last_year": HalfDays(13.0, 12.0)},
    flags=("bereaved_or_ill", "protected_address"), rows=(0.91, 0.08, 0.01),
)  # fmt: skip
_ADVICE = Recipe(
    person="child_ref", unit="family_ref", marks=("C", "F"), seed=20270104,
    shared={"council": _named("Council", 10), "imd_quintile": _QUINTILES,
            "advice_due": Days(date(2027, 5, 3), date(2027, 7, 2))},
    own={}, flags=("protected_address", "refuge"), rows=(0.98, 0.02),
)  # fmt: skip
_FOSTER = Recipe(
    person="enquiry_ref", unit="household_ref", marks=("E", "H"), seed=20270105,
    shared={"council": _named("Council", 20),
            "heard_from": Choice(("search", "friend", "poster", "event"), (0.5, 0.25, 0.15, 0.1)),
            "enquired_on": Days(date(2027, 3, 1), date(2028, 8, 31))},
    own={}, flags=("duplicate",), later={"session_date": Later("enquired_on", 16)}, rows=(0.99, 0.01),
)  # fmt: skip
_CAMHS = Recipe(
    person="appointment_ref", unit="child_ref", marks=("A", "C"), seed=20270106,
    shared={"clinic": _named("Clinic", 8), "imd_quintile": _QUINTILES,
            "appointment": Days(date(2027, 5, 3), date(2027, 7, 30))},
    own={}, flags=("protected_address", "refuge", "clinical_risk"), rows=(0.6, 0.3, 0.1),
    repeated=Later("appointment", 28),
)  # fmt: skip

EXAMPLES: Mapping[str, Example] = {
    "two-year-review": Example(
        FAMILIES.number, FAMILIES.seed, _review_rows, datetime(2026, 10, 30, 9, 0, tzinfo=UTC),
        {
            "attended": Process(0.62, {"usual": 0.0, "reminder": 0.10, "plan": 0.10}, 20261103,
                                groups={"hub": 0.04}, slopes={"imd_quintile": 0.025}),
            "complaint": _complaints(20261105),
        },
    ),
    "two-year-entitlement": Example(
        1010, _ENTITLEMENT.seed, partial(made_up_roll, _ENTITLEMENT), datetime(2027, 3, 8, 9, 0, tzinfo=UTC),
        {
            "took_place": Process(0.75, {"simplified": 0.01, "simplified_text": 0.03}, 20270111,
                                  groups={"area": 0.05}, slopes={"imd_quintile": 0.01}),
            "complaint": _complaints(20270121),
        },
    ),
    "parenting-programme": Example(
        6000, _PARENTING.seed, partial(made_up_roll, _PARENTING), datetime(2027, 4, 19, 9, 0, tzinfo=UTC),
        {
            "first_session_attended": Process(0.08, {"planning": 0.01, "peer": 0.03}, 20270112,
                                              groups={"centre": 0.02}),
            "four_sessions": Process(0.04, {"planning": 0.002, "peer": 0.012}, 20270112, groups={"centre": 0.01}),
            "complaint": _complaints(20270122),
        },
    ),
    "school-attendance": Example(
        52000, _ATTENDANCE.seed, partial(made_up_roll, _ATTENDANCE), datetime(2027, 9, 6, 9, 0, tzinfo=UTC),
        {
            "days_absent": Process(13.0, {"told": -0.21}, 20270113, sd=12.0, before="absent_last_year", likeness=0.7,
                                   step=0.5, icc=0.3, known=0.97),
            "complaint": _complaints(20270123, 0.0005),
        },
    ),
    "ehc-advice-form": Example(
        7500, _ADVICE.seed, partial(made_up_roll, _ADVICE), datetime(2027, 4, 1, 9, 0, tzinfo=UTC),
        {
            "advice_in_time": Process(0.60, {"simplified": 0.03, "help_call": 0.08}, 20270114,
                                      groups={"council": 0.08}),
            "plan_in_time": Process(0.46, {"simplified": 0.01, "help_call": 0.03}, 20270114, groups={"council": 0.10}),
            "complaint": _complaints(20270124, 0.002),
        },
    ),
    "foster-enquiry": Example(
        5160, _FOSTER.seed, partial(made_up_roll, _FOSTER), datetime(2027, 2, 26, 9, 0, tzinfo=UTC),
        {
            "applied": Process(0.12, {"text_plan": 0.01, "carer_call": 0.04}, 20270115, groups={"council": 0.03}),
            "came_to_session": Process(0.25, {"text_plan": 0.05, "carer_call": 0.08}, 20270115,
                                       groups={"council": 0.05}),
            "complaint": _complaints(20270125),
        },
    ),
    "camhs-was-not-brought": Example(
        13333, _CAMHS.seed, partial(made_up_roll, _CAMHS), datetime(2027, 4, 20, 9, 0, tzinfo=UTC),
        {
            "not_brought": Process(0.085, {"easy_cancel": -0.012, "plan": -0.017}, 20270116,
                                   groups={"clinic": 0.01}, slopes={"imd_quintile": -0.005}, icc=0.375),
            "cancelled": Process(0.07, {"easy_cancel": 0.015, "plan": 0.015}, 20270117, icc=0.2),
            "not_seen": Process(0.10, {"easy_cancel": -0.005, "plan": -0.01}, 20270118, icc=0.3),
        },
    ),
}  # fmt: skip
