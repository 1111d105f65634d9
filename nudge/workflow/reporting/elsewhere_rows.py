"""The rows of a trial run elsewhere, column by column: arms, units, blocks, chances, baseline, outcomes."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.foreseen import baseline_names
from nudge.outcomes.sources import PLACES, as_source, read_source
from nudge.trial.errors import InputError
from nudge.trial.problems import listed
from nudge.trial.records.analysis import AnalysisRows, Check
from nudge.trial.records.columns import Coded
from nudge.trial.records.tables import Table
from nudge.trial.tables import field_problem, need_columns, plain_number, shortened
from nudge.trial.typed_columns import analysis_column, number_column

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.trial.parts.arms import Allocation
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.parts.population import DataSource
    from nudge.trial.problems import Problems
    from nudge.trial.records.analysis import Floats, Ints
    from nudge.trial.records.columns import Column


def main_table(loaded: LoadedTrial, allocation: Allocation, data: Path | None, problems: Problems) -> Table:
    """The rows that were allocated. data: one file that stands in for every source."""
    where = as_source(data) if data else allocation.source or loaded.trial.population.people
    if where is None:
        raise InputError(f"{loaded.trial.trial} names no rows", "add `allocation: {from: …}`, or give --data FILE")
    return read_source(where, loaded.folder, problems, _wanted(loaded.trial, allocation, data))


def is_elsewhere(source: DataSource, allocation: Allocation | None) -> bool:
    """Whether an outcome names a place of its own."""
    own = [getattr(source, key) for key in PLACES]
    main = [getattr(allocation.source, key) for key in PLACES] if allocation and allocation.source else []
    return any(own) and own != main


def _wanted(trial: Trial, allocation: Allocation, data: Path | None) -> dict[str, str]:
    """The columns of the main table that are read, each with its type; what is of two types comes as text."""
    types = trial.population.columns
    named = baseline_names(trial)
    kinds: list[tuple[str, str]] = [(name, kind) for name, kind in types.items() if kind != "text" or name in named]
    kinds += [
        (name, "text")
        for name in (
            allocation.arm, *allocation.blocks, allocation.probability, allocation.decision, allocation.unit,
            allocation.available, _unit_column(trial, allocation),
        ) if name
    ]  # fmt: skip
    for outcome in trial.outcomes.values():
        source = outcome.source
        if source is None or source.value is None:
            continue
        if data is None and is_elsewhere(source, allocation):
            kinds.append((trial.population.id, "text"))
            continue
        kinds.append((source.value, outcome_type(outcome)))
        kinds += [(source.event, "yes_no")] if source.event else []
    wanted = dict(kinds)
    return wanted | {name: "text" for name, kind in kinds if kind != wanted[name]}


def outcome_type(outcome: Outcome) -> str:
    """The type of an outcome's column."""
    return "yes_no" if outcome.kind == "binary" else "number"


def _unit_column(trial: Trial, allocation: Allocation) -> str:
    return allocation.clusters or allocation.unit or trial.population.unit or "row"


def available(table: Table, allocation: Allocation, problems: Problems) -> tuple[Table, list[Check]]:
    """The rows at which a message could be sent, each decision point of a person once; how many others there are."""
    if allocation.decision is None or allocation.unit is None:
        return table, []
    wanted = [allocation.decision, allocation.unit, allocation.available]
    if not need_columns(table, [one for one in wanted if one], problems):
        return table, []
    points = numbered(table, (allocation.unit, allocation.decision))
    for i in again(points).tolist():
        whose = shortened(table.columns[allocation.unit][i])
        problems.add(field_problem(table, i, allocation.decision, f"stands twice for `{whose}`", "keep one row each"))
    if allocation.available is None:
        return table, []
    could = number_column(table, allocation.available, "yes_no", problems) == 1
    columns = {name: values.where(could) for name, values in table.columns.items()}
    lines = array("q", np.asarray(table.lines, dtype=np.int64)[could].tobytes())
    said = f"{could.size - could.sum():,} of {could.size:,} decision points were not available, and are left out"
    return replace(table, columns=columns, lines=lines), [Check("availability", "ok", said)]


def numbered(table: Table, columns: tuple[str, ...]) -> Ints:
    """(n,) a number for every combination of some columns, from 0, in the order in which rows first have them."""
    return _combined(len(table), [table.columns[name].encoded() for name in columns])


def _combined(n: int, columns: Sequence[tuple[NDArray[np.int32], Any]]) -> Ints:
    import pyarrow as pa

    number = np.zeros(n, dtype=np.int64)
    for codes, texts in columns:
        if len(columns) == 1 and codes.min(initial=0) >= 0:
            return codes.astype(np.int64)
        number = number * (len(texts) + 1) + codes + 1
        number = pa.array(number).dictionary_encode().indices.to_numpy().astype(np.int64)
    return number


def first_rows(number: Ints) -> Ints:
    """(k,) the row that first has each number."""
    first = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int64)
    first[number[::-1]] = np.arange(number.size)[::-1]
    return first


def again(number: Ints) -> Ints:
    """The rows whose number an earlier row has."""
    return np.flatnonzero(first_rows(number)[number] != np.arange(number.size))


def distinct(number: Ints) -> int:
    """How many different numbers there are among some from 0."""
    there = np.zeros(int(number.max(initial=-1)) + 1, dtype=bool)
    there[number] = True
    return int(there.sum())


@dataclass(frozen=True, slots=True)
class Frame:
    """The columns every outcome shares: arm, unit, block, probability, baseline."""

    trial: Trial
    name: str
    """Of the table they are from."""
    sha256: str
    unit_column: str
    arm: Coded
    unit: Ints
    block: Ints
    probability: Floats
    baseline: Mapping[str, Column]

    def rows(self, values: Floats, outcome: Outcome, event: Floats | None) -> AnalysisRows:
        """An outcome's rows."""
        exposure = outcome.exposure
        return AnalysisRows(
            values, self.arm, self.unit, self.block, self.probability,
            {name: self.baseline[name] for name in baseline_names(self.trial)}, self.trial.population.columns,
            event=event, exposure=None if exposure is None else self.baseline[exposure],  # type: ignore[arg-type]
            moments=self.trial.allocation is not None and self.trial.allocation.decision is not None,
        )  # fmt: skip

    def units_of(self, arm: str) -> int:
        """How many units have a row in an arm."""
        return distinct(self.unit[self.arm.is_(arm)])


def frame_of(trial: Trial, allocation: Allocation, table: Table, problems: Problems) -> Frame:
    """The shared columns of a table; raises ProblemsFound where one is not there."""
    types = trial.population.columns
    unit_column = _unit_column(trial, allocation)
    names = [allocation.arm, *allocation.blocks, allocation.probability, *types]
    names += [None if unit_column == "row" else unit_column]
    if not need_columns(table, [name for name in names if name], problems):
        problems.raise_if_fatal()
    arm = _arms(trial, allocation, table, problems)
    unit = _complete(table, (unit_column,), "unit", problems)
    block = _complete(table, allocation.blocks, "block", problems)
    probability = _probability(allocation, table, arm, unit, block, problems)
    return Frame(
        trial, table.name, table.sha256, unit_column, arm, unit, block, probability,
        {name: analysis_column(table, name, kind, problems) for name, kind in types.items() if name in table.columns},
    )  # fmt: skip


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _arms(trial: Trial, allocation: Allocation, table: Table, problems: Problems) -> Coded:
    """Arms by the codes of their column; what is no arm is a problem, each once."""
    codes, texts = table.columns[allocation.arm].encoded()
    known = {plain_number(code): arm for arm, code in allocation.codes.items()} or {arm: arm for arm in trial.arms}
    written = [*map(plain_number, texts.to_pylist()), ""]
    place = {text: i for i, text in enumerate(dict.fromkeys(written))}
    number = np.array([place[text] for text in written])[codes]
    times, first = np.bincount(number, minlength=len(place)), first_rows(number)
    for text, i in place.items():
        if text not in known and times[i]:
            problems.add(
                field_problem(
                    table, int(first[i]), allocation.arm,
                    f"`{text}` is not an arm ({_rows(times[i])})" if text else f"is blank ({_rows(times[i])})",
                    f"the file knows {listed(known)}; add it under `allocation.codes`, or leave such rows out",
                )
            )  # fmt: skip
    arms = tuple(known[text] for text in place if text in known)
    of_number = [arms.index(known[text]) if text in known else -1 for text in place]
    return Coded(np.array(of_number, dtype=np.int32)[number], arms)


def _complete(table: Table, columns: tuple[str, ...], what: str, problems: Problems) -> Ints:
    """(n,) a number for every combination of some columns; blanks are problems."""
    if columns == ("row",):
        return np.arange(len(table))
    encoded = [table.columns[name].encoded() for name in columns]
    for name, (codes, _) in zip(columns, encoded, strict=True):
        blank = np.flatnonzero(codes < 0)
        if blank.size:
            remedy = f"say which {what} each row is in"
            problems.add(field_problem(table, int(blank[0]), name, f"is blank ({_rows(blank.size)})", remedy))
    return _combined(len(table), encoded)


def _probability(
    allocation: Allocation, table: Table, arm: Coded, unit: Ints, block: Ints, problems: Problems
) -> Floats:
    """Each row's chance of its own arm: as given, by the ratio, or by the numbers its block fixed."""
    if allocation.probability is not None:
        return _given(table, allocation.probability, problems)
    total = sum(allocation.ratio.values())
    if total:
        shares = [allocation.ratio.get(name, np.nan) / total for name in arm.levels]
        return np.array([*shares, np.nan])[arm.codes]
    if allocation.method is None:
        return np.full(len(table), np.nan)
    return _fixed_shares(arm, unit, block)


def _fixed_shares(arm: Coded, unit: Ints, block: Ints) -> Floats:
    """Where numbers per arm were fixed within blocks, they are the chances."""
    first = first_rows(unit)
    width = len(arm.levels) + 1
    cell = block[first] * width + arm.codes[first] + 1
    shares = np.bincount(cell)[cell] / np.bincount(block[first])[block[first]]
    return np.array(shares[unit])


def _given(table: Table, column: str, problems: Problems) -> Floats:
    values = number_column(table, column, "number", problems)
    wrong = np.flatnonzero(~((values > 0) & (values <= 1)))
    if wrong.size:
        above = bool((values[wrong] > 1).all())
        row = int(wrong[0])
        problems.add(
            field_problem(
                table, row, column,
                f"`{table.columns[column][row]}` is not a probability ({_rows(wrong.size)})",
                "these look like weights: give 1 divided by them" if above
                else "give each row's chance of its own arm, above 0 and at most 1",
            )
        )  # fmt: skip
    return values
