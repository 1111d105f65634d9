"""Telling it: the flow of participants and everything a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One box, or one line in a box, of the flow of participants."""

    step: str
    """assessed, excluded, allocated, delivery, outcome or analysed."""
    arm: str | None
    reason: str
    units: int
    people: int


@dataclass(frozen=True, slots=True)
class Results:
    """Everything results.json holds."""

    trial: str
    title: str
    fingerprint: str | None
    label: str
    """`pre-specified`, `amended` or `replication (no lock)`."""
    demonstration: bool
    made_at: str
    version: str
    estimates: Sequence[Mapping[str, Any]]
    careless: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    flow: Sequence[Mapping[str, Any]]
    balance: Sequence[Mapping[str, Any]]
    delivery: Sequence[Mapping[str, Any]]
    outcomes: Sequence[Mapping[str, Any]]
    """Per outcome: records, matched, states by arm, where they came from."""
    design: Mapping[str, Any]
    earlier_draws: Sequence[Mapping[str, Any]]
