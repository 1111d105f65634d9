"""Making a draw again: from the revealed seed and salted digests, or before the close with the keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nudge.design.audit_file import audit_law, write_audit_file
from nudge.design.methods import method
from nudge.store.engine import reading
from nudge.store.people import load_allocation, load_draw_units
from nudge.store.trials import revealed_seed
from nudge.trial.csv_files import read_csv_table
from nudge.trial.errors import InputError, KeysMissing, Refused
from nudge.trial.lock import trial_of
from nudge.trial.problems import Problems
from nudge.trial.records.design import Allocation, Seed
from nudge.trial.tables import need_columns
from nudge.workflow.allocating.locking import sealed_seed
from nudge.workflow.allocating.register import law_in_force
from nudge.workflow.guard import need_locked

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from nudge.trial.records.design import DrawUnit, Law
    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Replay:
    """What a draw gives when it is made again, beside what is stored."""

    rows: int
    different: tuple[str, ...]
    """A sentence for every row that differs."""
    revealed: bool
    """Whether the seed is the revealed one, which anyone can use; else the sealed one, by the keys."""


def replay(name: str, desk: Desk, audit: Path | None = None) -> Replay:
    """Make a trial's draw again and compare it with the database, and with an audit file where one is given.

    After the close nothing but the database is needed, whoever has been erased from it since:
    digests stand for identifiers. Raises Refused before the draw; KeysMissing where the seed is
    not revealed yet and no keys are at hand.
    """
    locked = need_locked(desk.store, name)
    if locked.state.allocated_at is None:
        raise Refused(f"{name} has no arms yet", "draw them: nudge allocate FILE")
    with reading(desk.store).begin() as connection:
        law = law_in_force(connection, trial_of(locked.lock.definition))
        stored = load_allocation(connection, name, law)
        seed, revealed = _seed(connection, name, desk)
        again = _again(stored, load_draw_units(connection, name), seed)
    different = list(_differences(stored, again))
    if audit is not None:
        different += _file_differences(audit, stored)
    return Replay(len(stored.rows), tuple(different), revealed)


def _seed(connection: Connection, name: str, desk: Desk) -> tuple[Seed, bool]:
    """The seed without its salt, so that digests stand for themselves."""
    shown = revealed_seed(connection, name)
    if shown is not None:
        return Seed(bytes.fromhex(shown), b""), True
    try:
        return replace(sealed_seed(connection, name, desk), salt=b""), False
    except KeysMissing:
        raise KeysMissing(
            f"the seed of {name} is revealed at its close, and until then the keys open it",
            "name the keys file with --keys, or wait for `nudge close`",
        ) from None


def _again(stored: Allocation, units: list[DrawUnit], seed: Seed) -> Allocation:
    by_digest = [
        replace(unit, id=row.digest, standing=i) for i, (unit, row) in enumerate(zip(units, stored.rows, strict=True))
    ]
    return method(stored.law.method).draw(by_digest, stored.law, seed)


def _differences(stored: Allocation, again: Allocation) -> list[str]:
    drawn = {row.digest: (row.arm, row.step) for row in again.rows}
    return [
        f"{row.digest} (unit `{row.unit}`) has {_shown(row.arm, row.step)}, "
        f"and the seed gives {_shown(*drawn[row.digest])}"
        for row in stored.rows if (row.arm, row.step) != drawn[row.digest]
    ]  # fmt: skip


def _shown(arm: str, step: int | None) -> str:
    return arm if step is None else f"{arm} from step {step}"


def _file_differences(path: Path, stored: Allocation) -> list[str]:
    """Rows of an audit file that are not those of the database."""
    problems = Problems()
    table = read_csv_table(path, problems)
    need_columns(table, ("digest", "arm"), problems)
    problems.raise_if_fatal()
    known = {row.digest: row.arm for row in stored.rows}
    listed = dict(zip(table.columns["digest"], table.columns["arm"], strict=True))
    found = [
        f"{path.name}:{line}: {digest} has {arm}, and the database {known.get(digest, 'does not hold it')}"
        for digest, arm, line in zip(table.columns["digest"], table.columns["arm"], table.lines, strict=True)
        if known.get(digest) != arm
    ]
    return found + [f"{path.name}: {digest} is in the database and not here" for digest in known.keys() - listed.keys()]


def publish_draw(name: str, desk: Desk, folder: Path) -> tuple[Path, Path]:
    """What a third party needs to make the draw of a closed trial again: NAME.draw.csv and NAME.draw.json."""
    locked = need_locked(desk.store, name)
    with reading(desk.store).begin() as connection:
        law: Law = law_in_force(connection, trial_of(locked.lock.definition))
        shown = revealed_seed(connection, name)
        stored = load_allocation(connection, name, law)
    if shown is None:
        raise Refused(f"the seed of {name} is revealed at its close", "close it first: nudge close TRIAL")
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", "make it, or name another")
    rows, facts = folder / f"{name}.draw.csv", folder / f"{name}.draw.json"
    write_audit_file(rows, stored)
    content: dict[str, Any] = audit_law(law, Seed(bytes.fromhex(shown), b""))
    facts.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return rows, facts
