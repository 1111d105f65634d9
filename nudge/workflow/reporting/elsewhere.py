"""A trial run elsewhere: its rows from a file, its draw as the file describes it, no lock."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from nudge import __version__
from nudge.analysis.checks import attrition, reconciliation, sample_ratio
from nudge.analysis.frozen import AnalysisData
from nudge.analysis.remarks import as_checks
from nudge.design.balance import balance
from nudge.design.methods import method
from nudge.trial.problems import Problems
from nudge.trial.records.analysis import AnalysisRows, Check, Design
from nudge.trial.records.report import DesignSummary, FlowStep, OutcomeSummary, Results
from nudge.workflow.checking.naming import named_things
from nudge.workflow.dispatching.words import arm_summaries
from nudge.workflow.reporting.besides import with_beliefs, with_money
from nudge.workflow.reporting.elsewhere_outcomes import happened, outcome_values
from nudge.workflow.reporting.elsewhere_rows import Frame, available, distinct, frame_of, main_table
from nudge.workflow.reporting.few_clusters import few_clusters
from nudge.workflow.reporting.freezing import estimates_of, keep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from nudge.trial.load import LoadedTrial
    from nudge.trial.parts.arms import Allocation

LABEL = "replication (no lock)"


def analyse_elsewhere(
    loaded: LoadedTrial, now: datetime, data: Path | None = None, folder: Path | None = None
) -> Results:
    """Results of a trial that was drawn and run outside this system.

    data: one file that stands in for every source the trial file names. folder: where what was analysed is frozen.
    Raises ProblemsFound with every flaw of the rows.
    """
    trial, allocation = loaded.trial, loaded.trial.allocation
    if allocation is None:
        raise AssertionError("only a trial with `allocation` was run elsewhere")
    frame, rows_of, unavailable = rows_elsewhere(loaded, allocation, data)
    design = design_elsewhere(allocation)
    analysed_data = AnalysisData(trial.trial, None, rows_of, "replication")
    analysed = estimates_of(trial, analysed_data, design)
    flow = _flow(frame, next(iter(rows_of.values())))
    results = Results(
        trial=trial.trial,
        title=trial.title or trial.trial,
        fingerprint=None,
        label=LABEL,
        demonstration=False,
        made_at=now.isoformat(),
        version=__version__,
        estimates=analysed.estimates,
        careless=analysed.careless,
        curves=analysed.curves,
        checks=(
            *_checks(loaded, frame, rows_of, design, flow), *unavailable, *as_checks(analysed.remarks),
            *few_clusters(trial, analysed.estimates, rows_of),
        ),
        flow=tuple(flow),
        balance=tuple(balance(frame.baseline, frame.arm, trial.comparisons, trial.population.columns)),
        delivery=(),
        outcomes=tuple(_summary(name, frame, rows) for name, rows in rows_of.items()),
        design=DesignSummary(
            method=allocation.method, unit=frame.unit_column, blocks=allocation.blocks, clusters=design.clusters,
            units=distinct(frame.unit), people=frame.unit.size, merged_units=0, ratio=allocation.ratio,
            seed_commitment=None, locked_at=None, locked_by=None, lock_number=None, published=trial.published,
        ),
        arms=arm_summaries(trial, []),
        earlier_draws=(),
        data=keep(analysed_data, folder),
    )  # fmt: skip
    return with_money(with_beliefs(results, trial), trial, rows_of, design, {})


def rows_elsewhere(
    loaded: LoadedTrial, allocation: Allocation, data: Path | None
) -> tuple[Frame, dict[str, AnalysisRows], list[Check]]:
    """What is analysed. The table it is read from is let go of: beside its columns it would double the memory."""
    trial = loaded.trial
    problems = Problems(list(named_things(loaded)))
    problems.raise_if_fatal()
    table = main_table(loaded, allocation, data, problems)
    problems.raise_if_fatal()
    table, unavailable = available(table, allocation, problems)
    problems.raise_if_fatal()
    frame = frame_of(trial, allocation, table, problems)
    rows_of = {
        name: frame.rows(
            outcome_values(loaded, name, outcome, table, data, problems),
            outcome,
            happened(loaded, name, outcome, table, data, problems),
        )
        for name, outcome in trial.outcomes.items()
        if outcome.role != "distal" or outcome.source is not None
    }
    problems.raise_if_fatal()
    return frame, rows_of, unavailable


def _summary(name: str, frame: Frame, rows: AnalysisRows) -> OutcomeSummary:
    known = ~np.isnan(rows.outcome)
    of_arm = np.bincount(rows.arm.codes, minlength=len(rows.arm.levels)).tolist()
    known_of_arm = np.bincount(rows.arm.codes[known], minlength=len(rows.arm.levels)).tolist()
    states = {
        arm: {"known": there, "no_record": total - there}
        for arm, there, total in zip(rows.arm.levels, known_of_arm, of_arm, strict=True)
    }
    return OutcomeSummary(name, frame.name, frame.sha256, None, known.size, int(known.sum()), 0, states)


def design_elsewhere(allocation: Allocation) -> Design:
    """The design as the file tells it; without a method its law is unknown."""
    sites = allocation.method is not None and method(allocation.method).UNITS == "sites"
    clusters = sites or allocation.clusters is not None
    return Design(allocation.method, clusters=clusters, blocks=bool(allocation.blocks))


def _flow(frame: Frame, rows: AnalysisRows) -> list[FlowStep]:
    steps: list[FlowStep] = []
    for arm in frame.trial.arms:
        here = rows.arm.is_(arm)
        steps.append(FlowStep("allocated", arm, "", frame.units_of(arm), int(here.sum())))
        known = here & ~np.isnan(rows.outcome)
        units = distinct(rows.unit[known])
        steps.append(FlowStep("outcome", arm, "outcome known", units, int(known.sum())))
        if int(known.sum()) < int(here.sum()):
            steps.append(FlowStep("outcome", arm, "no record", frame.units_of(arm) - units, int((here & ~known).sum())))
    return steps


def _checks(
    loaded: LoadedTrial, frame: Frame, rows_of: Mapping[str, AnalysisRows], design: Design, flow: list[FlowStep]
) -> list[Check]:
    trial, allocation = loaded.trial, loaded.trial.allocation
    checks = [reconciliation(flow)]
    if allocation is not None and allocation.ratio:
        counts = Counter({arm: frame.units_of(arm) for arm in trial.arms})
        checks.append(sample_ratio(counts, allocation.ratio))
    for name, outcome in trial.outcomes.items():
        if outcome.role == "primary" and name in rows_of:
            checks += [attrition(name, rows_of[name], pair, design) for pair in trial.comparisons]
    return checks
