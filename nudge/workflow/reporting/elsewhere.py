"""A trial run elsewhere: its rows from a file, its draw as the file describes it, no lock."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from nudge import __version__
from nudge.analysis.checks import attrition, reconciliation, sample_ratio
from nudge.analysis.foreseen import baseline_columns, numbers
from nudge.analysis.frozen import AnalysisData
from nudge.design.balance import balance
from nudge.design.methods import method
from nudge.outcomes.sources import as_source, read_source
from nudge.trial.errors import InputError
from nudge.trial.parts.outcomes import PRESENT
from nudge.trial.problems import Level, Problems, listed
from nudge.trial.records.analysis import AnalysisRows, Check, Design
from nudge.trial.records.report import DesignSummary, FlowStep, OutcomeSummary, Results
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY, field_problem, need_columns, plain_number, shortened, typed_column
from nudge.workflow.checking.naming import named_things
from nudge.workflow.dispatching.words import arm_summaries
from nudge.workflow.reporting.besides import with_beliefs, with_money
from nudge.workflow.reporting.few_clusters import few_clusters
from nudge.workflow.reporting.freezing import estimates_of, keep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from nudge.trial.load import LoadedTrial
    from nudge.trial.parts.arms import Allocation
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.parts.population import DataSource
    from nudge.trial.records.analysis import Floats, Ints
    from nudge.trial.records.design import BalanceRow
    from nudge.trial.records.people import Value

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
    problems = Problems(list(named_things(loaded)))
    problems.raise_if_fatal()
    table = _main_table(loaded, allocation, data, problems)
    problems.raise_if_fatal()
    table, unavailable = _available(table, allocation, problems)
    problems.raise_if_fatal()
    frame = _Frame(loaded, allocation, table, problems)
    rows_of = {
        name: frame.rows(
            _values(loaded, name, outcome, table, data, problems),
            outcome,
            _happened(loaded, name, outcome, table, data, problems),
        )
        for name, outcome in trial.outcomes.items()
        if outcome.role != "distal" or outcome.source is not None
    }
    problems.raise_if_fatal()
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
            *_checks(loaded, frame, rows_of, design, flow), *unavailable,
            *few_clusters(trial, analysed.estimates, rows_of),
        ),
        flow=tuple(flow),
        balance=tuple(frame.balance()),
        delivery=(),
        outcomes=tuple(_summary(name, table, rows) for name, rows in rows_of.items()),
        design=DesignSummary(
            method=allocation.method, unit=frame.unit_column, blocks=allocation.blocks, clusters=design.clusters,
            units=int(np.unique(frame.unit).size), people=len(table), merged_units=0, ratio=allocation.ratio,
            seed_commitment=None, locked_at=None, locked_by=None, lock_number=None, published=trial.published,
        ),
        arms=arm_summaries(trial, []),
        earlier_draws=(),
        data=keep(analysed_data, folder),
    )  # fmt: skip
    return with_money(with_beliefs(results, trial), trial, rows_of, design, {})


def _summary(name: str, table: Table, rows: AnalysisRows) -> OutcomeSummary:
    known = ~np.isnan(rows.outcome)
    states = {
        arm: {"known": int((known & (rows.arm == arm)).sum()), "no_record": int((~known & (rows.arm == arm)).sum())}
        for arm in dict.fromkeys(rows.arm.tolist())
    }
    return OutcomeSummary(name, table.name, table.sha256, None, len(table), int(known.sum()), 0, states)


def design_elsewhere(allocation: Allocation) -> Design:
    """The design as the file tells it; without a method its law is unknown."""
    sites = allocation.method is not None and method(allocation.method).UNITS == "sites"
    clusters = sites or allocation.clusters is not None
    return Design(allocation.method, clusters=clusters, blocks=bool(allocation.blocks))


def _main_table(loaded: LoadedTrial, allocation: Allocation, data: Path | None, problems: Problems) -> Table:
    where = as_source(data) if data else allocation.source or loaded.trial.population.people
    if where is None:
        raise InputError(f"{loaded.trial.trial} names no rows", "add `allocation: {from: …}`, or give --data FILE")
    return read_source(where, loaded.folder, problems)


def _available(table: Table, allocation: Allocation, problems: Problems) -> tuple[Table, list[Check]]:
    """The rows at which a message could be sent, each decision point of a person once; how many others there are."""
    if allocation.decision is None or allocation.unit is None:
        return table, []
    wanted = [allocation.decision, allocation.unit, allocation.available]
    if not need_columns(table, [one for one in wanted if one], problems):
        return table, []
    seen: set[tuple[str, str]] = set()
    for i, key in enumerate(zip(table.columns[allocation.unit], table.columns[allocation.decision], strict=True)):
        if key in seen:
            problems.add(
                field_problem(
                    table, i, allocation.decision, f"stands twice for `{shortened(key[0])}`", "keep one row each"
                )
            )
        seen.add(key)
    if allocation.available is None:
        return table, []
    could = typed_column(table, allocation.available, "yes_no", problems)
    kept = [i for i, one in enumerate(could) if one]
    columns = {name: [values[i] for i in kept] for name, values in table.columns.items()}
    said = f"{len(could) - len(kept):,} of {len(could):,} decision points were not available, and are left out"
    return Table(table.name, columns, [table.lines[i] for i in kept], table.sha256), [Check("availability", "ok", said)]


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


class _Frame:
    """The columns every outcome shares: arm, unit, block, probability, baseline."""

    def __init__(self, loaded: LoadedTrial, allocation: Allocation, table: Table, problems: Problems) -> None:
        trial = loaded.trial
        self.trial, self.table = trial, table
        self.unit_column = allocation.clusters or allocation.unit or trial.population.unit or "row"
        names = [allocation.arm, *allocation.blocks, allocation.probability, *trial.population.columns]
        names += [None if self.unit_column == "row" else self.unit_column]
        if not need_columns(table, [name for name in names if name], problems):
            problems.raise_if_fatal()
        self.arm = self._arms(allocation, problems)
        self.unit = self._codes((self.unit_column,), "unit", problems)
        self.block = self._codes(allocation.blocks, "block", problems)
        self.probability = self._probability(allocation, problems)
        types = trial.population.columns
        typed = {name: typed_column(table, name, types[name], problems) for name in types}
        self.baseline: list[dict[str, Value]] = [
            dict(zip(typed, values, strict=True)) for values in zip(*typed.values(), strict=True)
        ] or [{} for _ in range(len(table))]

    def _arms(self, allocation: Allocation, problems: Problems) -> np.ndarray:
        codes = {plain_number(code): arm for arm, code in allocation.codes.items()}
        known = codes or {arm: arm for arm in self.trial.arms}
        written = [plain_number(text) for text in self.table.columns[allocation.arm]]
        wrong = Counter(text for text in written if text not in known)
        for text, times in wrong.items():
            problems.add(
                field_problem(
                    self.table, written.index(text), allocation.arm,
                    f"`{text}` is not an arm ({_rows(times)})" if text else f"is blank ({_rows(times)})",
                    f"the file knows {listed(known)}; add it under `allocation.codes`, or leave such rows out",
                )
            )  # fmt: skip
        return np.array([known.get(text, "") for text in written])

    def _codes(self, columns: tuple[str, ...], what: str, problems: Problems) -> Ints:
        """A number for every combination of some columns; blanks are problems."""
        if columns == ("row",):
            return np.arange(len(self.table))
        if not columns:
            return np.zeros(len(self.table), dtype=np.int64)
        for name in columns:
            blank = [i for i, text in enumerate(self.table.columns[name]) if not text]
            if blank:
                problems.add(
                    field_problem(
                        self.table,
                        blank[0],
                        name,
                        f"is blank ({_rows(len(blank))})",
                        f"say which {what} each row is in",
                    )
                )
        keys = list(zip(*(self.table.columns[name] for name in columns), strict=True))
        number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        return np.array([number[key] for key in keys], dtype=np.int64)

    def _probability(self, allocation: Allocation, problems: Problems) -> Floats:
        """Each row's chance of its own arm: as given, by the ratio, or by the numbers its block fixed."""
        if allocation.probability is not None:
            return self._given(allocation.probability, problems)
        shares = {arm: share / sum(allocation.ratio.values()) for arm, share in allocation.ratio.items()}
        if shares:
            return np.array([shares.get(arm, np.nan) for arm in self.arm])
        if allocation.method is None:
            return np.full(len(self.table), np.nan)
        return self._fixed_shares()

    def _fixed_shares(self) -> Floats:
        """Where numbers per arm were fixed within blocks, they are the chances."""
        _, first, unit = np.unique(self.unit, return_index=True, return_inverse=True)
        in_block = np.bincount(self.block[first])
        of_arm = Counter(zip(self.block[first].tolist(), self.arm[first].tolist(), strict=True))
        each = [
            of_arm[block, arm] / in_block[block] for block, arm in zip(self.block[first], self.arm[first], strict=True)
        ]
        return np.array(each)[unit]

    def _given(self, column: str, problems: Problems) -> Floats:
        values = np.array(
            [np.nan if value is None else float(str(value))
             for value in typed_column(self.table, column, "number", problems)]
        )  # fmt: skip
        wrong = np.flatnonzero(~((values > 0) & (values <= 1)))
        if wrong.size:
            above = bool((values[wrong] > 1).all())
            problems.add(
                field_problem(
                    self.table, int(wrong[0]), column,
                    f"`{self.table.columns[column][wrong[0]]}` is not a probability ({_rows(wrong.size)})",
                    "these look like weights: give 1 divided by them" if above
                    else "give each row's chance of its own arm, above 0 and at most 1",
                )
            )  # fmt: skip
        return values

    def rows(self, values: Floats, outcome: Outcome, event: Floats | None) -> AnalysisRows:
        exposure = outcome.exposure
        return AnalysisRows(
            values, self.arm, self.unit, self.block, self.probability,
            baseline_columns(self.trial, self.baseline), self.trial.population.columns, event=event,
            exposure=None if exposure is None else numbers([row[exposure] for row in self.baseline]),
            moments=self.trial.allocation is not None and self.trial.allocation.decision is not None,
        )  # fmt: skip

    def balance(self) -> list[BalanceRow]:
        return list(balance(self.baseline, list(self.arm), self.trial.comparisons, self.trial.population.columns))

    def units_of(self, arm: str) -> int:
        return int(np.unique(self.unit[self.arm == arm]).size)


def _values(
    loaded: LoadedTrial, name: str, outcome: Outcome, table: Table, data: Path | None, problems: Problems
) -> Floats:
    """An outcome's column in the order of the main table's rows."""
    source = outcome.source
    if source is None or source.value is None:
        raise AssertionError("check refuses a measured outcome without a source")
    if source.value == PRESENT:
        problems.add(
            loaded.source.problem(
                Level.ERROR, ("outcomes", name, "source", "value"),
                "`present` counts rows of a log, and this is a table",
                "name the column that holds the outcome, 1 or 0",
            )
        )  # fmt: skip
        return np.full(len(table), np.nan)
    kind = "yes_no" if outcome.kind == "binary" else "number"
    never = source.no_record == "did_not_happen" and outcome.kind != "time_to_event"
    silence = 0.0 if never else np.nan
    if data is not None or not _is_elsewhere(source, loaded.trial.allocation):
        if not need_columns(table, [source.value], problems):
            return np.full(len(table), np.nan)
        values = typed_column(table, source.value, kind, problems)
        return np.array([silence if value is None else float(value) for value in values])  # type: ignore[arg-type]
    return _joined(loaded, name, outcome, table, kind, silence, problems)


def _happened(
    loaded: LoadedTrial, name: str, outcome: Outcome, table: Table, data: Path | None, problems: Problems
) -> Floats | None:
    """Of times to an event, which end with it; where that is blank, the time is not known."""
    source = outcome.source
    if outcome.kind != "time_to_event" or source is None or source.event is None:
        return None
    as_yes_no = outcome.model_copy(
        update={"kind": "binary", "source": source.model_copy(update={"value": source.event, "no_record": "missing"})}
    )
    return _values(loaded, name, as_yes_no, table, data, problems)


def _is_elsewhere(source: DataSource, allocation: Allocation | None) -> bool:
    """Whether an outcome names a place of its own."""
    keys = ("csv_file", "parquet_file", "package")
    own = [getattr(source, key) for key in keys]
    main = [getattr(allocation.source, key) for key in keys] if allocation and allocation.source else []
    return any(own) and own != main


def _joined(
    loaded: LoadedTrial, name: str, outcome: Outcome, table: Table, kind: str, silence: float, problems: Problems
) -> Floats:
    """An outcome from a file of its own, matched by the identifier."""
    source = outcome.source
    if source is None or source.value is None:
        raise AssertionError("check refuses a measured outcome without a source")
    records = read_source(source, loaded.folder, problems)
    here, there = loaded.trial.population.id, source.id or loaded.trial.population.id
    if "row" in {here, there}:
        problems.add(
            loaded.source.problem(
                Level.ERROR, ("outcomes", name, "source"),
                "is in a file of its own, and no column says whose row is whose",
                "name the identifier's column: `population.id`, and `source.id` where it differs",
            )
        )  # fmt: skip
        return np.full(len(table), np.nan)
    if records is EMPTY or not (
        need_columns(records, [there, source.value], problems) and need_columns(table, [here], problems)
    ):
        return np.full(len(table), np.nan)
    known: dict[str, float] = {}
    values = typed_column(records, source.value, kind, problems)
    for i, (identifier, value) in enumerate(zip(records.columns[there], values, strict=True)):
        if identifier in known:
            problems.add(field_problem(records, i, there, f"`{identifier}` stands twice", "keep one row each"))
        known[identifier] = np.nan if value is None else float(value)  # type: ignore[arg-type]  # typed above
    return np.array([known.get(identifier, silence) for identifier in table.columns[here]])


def _flow(frame: _Frame, rows: AnalysisRows) -> list[FlowStep]:
    steps: list[FlowStep] = []
    for arm in frame.trial.arms:
        here = rows.arm == arm
        steps.append(FlowStep("allocated", arm, "", frame.units_of(arm), int(here.sum())))
        known = here & ~np.isnan(rows.outcome)
        units = int(np.unique(rows.unit[known]).size)
        steps.append(FlowStep("outcome", arm, "outcome known", units, int(known.sum())))
        if int(known.sum()) < int(here.sum()):
            steps.append(FlowStep("outcome", arm, "no record", frame.units_of(arm) - units, int((here & ~known).sum())))
    return steps


def _checks(
    loaded: LoadedTrial, frame: _Frame, rows_of: Mapping[str, AnalysisRows], design: Design, flow: list[FlowStep]
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
