"""The data of every analysis, frozen beside its results; and the same numbers from the frozen file alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge import __version__
from nudge.analysis.analyse import Analysed, analyse
from nudge.analysis.answers import joined
from nudge.analysis.checks import attrition
from nudge.analysis.frozen import AnalysisData, freeze, thaw
from nudge.analysis.randomisation import WITHIN_BLOCKS
from nudge.analysis.remarks import as_checks
from nudge.store.engine import reading
from nudge.store.people import load_roll
from nudge.trial.errors import InputError, Refused
from nudge.trial.records.analysis import Check, Design, Estimate
from nudge.trial.records.report import DesignSummary, FrozenData, Results
from nudge.workflow.allocating.drawn_design import design_of, design_with_law
from nudge.workflow.guard import find_locked
from nudge.workflow.reporting.few_clusters import few_clusters

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.workflow.desk import Desk

FROM_FROZEN = "from frozen data"
"""The label of results that were made again from a frozen file."""


def estimates_of(trial: Trial, data: AnalysisData, design: Design) -> Analysed:
    """Every line of a result from its data: each planned line as it stands to the lock, no verdict too early."""
    analysed = analyse(trial, data.rows_of, design, data.label, data.foreseen)
    lines = [
        replace(line, label=data.labels.get(line.outcome, line.label)) if line.label == data.label else line
        for line in analysed.estimates
    ]
    held = [_without_verdict(line, data.windows_open.get(line.outcome, 0)) for line in lines]
    return replace(analysed, estimates=tuple(_registered(line, data.registered) for line in held))


def _registered(line: Estimate, registered: tuple[str, ...] | None) -> Estimate:
    """A comparison that the lock does not name is exploratory and has no verdict. registered: None without a lock."""
    if registered is None or line.role == "factor" or f"{line.arm} - {line.control}" in registered:
        return line
    said = f"{line.arm} - {line.control} is not a comparison of the lock: exploratory, and no verdict"
    label = line.label if line.label == "sensitivity" else "exploratory"
    return replace(line, label=label, verdict=None, note=joined(said, line.note))


def _without_verdict(line: Estimate, windows_open: int) -> Estimate:
    if not windows_open:
        return line
    windows = "1 window is" if windows_open == 1 else f"{windows_open:,} windows are"
    said = f"no verdict yet: {windows} still open, and it is read when the last has closed"
    return replace(line, verdict=None, note=joined(said, line.note))


def keep(data: AnalysisData, folder: Path | None) -> FrozenData:
    """Freeze what was analysed into a folder, under a name that holds its hash; without one it is hashed only."""
    content = freeze(data)
    digest = hashlib.sha256(content).hexdigest()
    name = f"{data.trial}.data-{digest[:12]}.parquet"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return FrozenData(name, digest, next(iter(data.rows_of.values())).outcome.size)


def analyse_frozen(loaded: LoadedTrial, desk: Desk, path: Path, elsewhere: Design | None) -> Results:
    """The same estimates from a frozen file; nothing is stored, and nothing else of the trial is told.

    elsewhere: the design of a trial that was drawn elsewhere. A trial drawn here needs its
    database only where its draw was more than a shuffle within blocks.
    """
    trial = loaded.trial
    data = thaw(path, trial.population.columns)
    absent = sorted(data.rows_of.keys() - trial.outcomes.keys())
    if data.trial != trial.trial or absent:
        raise InputError(
            f"{path} holds the data of {data.trial}" + (f" and outcomes that the file lacks: {', '.join(absent)}"
                                                        if data.trial == trial.trial else ""),
            f"name the trial file it was made by, not {loaded.path.name}",
        )  # fmt: skip
    design = elsewhere or _design_here(trial, desk)
    analysed = estimates_of(trial, data, design)
    rows = next(iter(data.rows_of.values()))
    said = f"these numbers come from {path.name} alone: the flow, the balance and the delivery are in its report"
    checks = [Check("frozen data", "note", said), *as_checks(analysed.remarks)]
    checks += few_clusters(trial, analysed.estimates, data.rows_of)
    checks += [
        attrition(name, one, pair, design)
        for name, one in data.rows_of.items() if trial.outcomes[name].role == "primary"
        for pair in trial.comparisons
    ]  # fmt: skip
    return Results(
        trial=trial.trial, title=trial.title or trial.trial, fingerprint=data.fingerprint, label=FROM_FROZEN,
        demonstration=False, made_at=desk.clock.now().isoformat(), version=__version__,
        estimates=analysed.estimates, careless=analysed.careless, curves=analysed.curves,
        checks=tuple(checks), flow=(), balance=(),
        delivery=(), outcomes=(), arms=(), earlier_draws=(), data=keep(data, None),
        design=DesignSummary(
            method=design.method, unit=trial.unit_column, blocks=(), clusters=design.clusters,
            units=int(np.unique(rows.unit).size), people=rows.outcome.size, merged_units=0, ratio={},
            seed_commitment=None, locked_at=None, locked_by=None, lock_number=None, published=trial.published,
        ),
    )  # fmt: skip


def _design_here(trial: Trial, desk: Desk) -> Design:
    design = design_of(trial)
    if design.method in WITHIN_BLOCKS:
        return design
    if find_locked(desk.store, trial.trial) is None:
        raise Refused(
            f"{trial.trial} was drawn by {design.method}, whose law stands in the database it was drawn in",
            "name that database with --db",
        )
    with reading(desk.store).begin() as connection:
        units = load_roll(connection, trial.trial, trial.population.columns).units
        return design_with_law(connection, trial, units)
