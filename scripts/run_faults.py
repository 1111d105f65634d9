"""The long fault matrix: seeded runs over every way of sending and every disturbance.

    python scripts/run_faults.py --runs 200 --record docs/faults.csv
    python scripts/run_faults.py --runs 33 --seed 201 --record docs/faults.csv --table docs/faults.md

Every run holds the ledger to the provider's own record. A line per run is added to the record, and the
table is made from all of them, so that a long matrix can be run in parts. Ends with 1 where a message was
taken twice or the ledger misstates one.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.faults import (
    FAULTS,
    MEANINGS,
    SIGNALS,
    WAYS,
    Outcome,
    disturbed_by_signals,
    disturbed_by_the_world,
    world,
)

COLUMNS = (
    "seed", "way", "fault", "disturbances", "messages", "taken", "not_sent", "unknown", "unknown_usual",
    "unknown_reminder", "doubled", "misstated",
)  # fmt: skip
_TAKEN = ("accepted", "delivered", "failed")


def main() -> None:
    """Run, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-signals", action="store_true")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    kinds = FAULTS if given.without_signals else (*FAULTS, *SIGNALS)
    wrong = False
    for line in runs(given.seed, given.runs, kinds):
        sys.stdout.write(", ".join(f"{key} {value}" for key, value in line.items()) + "\n")
        sys.stdout.flush()
        wrong |= bool(line["doubled"] or line["misstated"])
        if given.record:
            add_line(given.record, line)
    if given.table:
        given.table.write_text(table(given.record), encoding="utf-8")
    sys.exit(int(wrong))


def runs(first: int, number: int, kinds: tuple[str, ...]) -> Iterator[dict[str, int | str]]:
    """Run the cells in turn, each with a seed of its own."""
    cells = list(itertools.product(kinds, WAYS))
    for seed in range(first, first + number):
        kind, via = cells[(seed - 1) % len(cells)]
        run = disturbed_by_signals if kind in SIGNALS else disturbed_by_the_world
        with tempfile.TemporaryDirectory() as folder, world() as there:
            outcome = run(Path(folder), seed, via, kind, there)
        for said in (*outcome.doubled, *outcome.misstated):
            sys.stderr.write(f"seed {seed}, {via}, {kind}: {said}\n")
        yield {"seed": seed, "way": via, "fault": kind, **counted(outcome)}


def counted(outcome: Outcome) -> dict[str, int]:
    """A run's figures, as the record holds them."""
    states = outcome.states
    taken, unknown = sum(states[state] for state in _TAKEN), states["unknown"]
    return {
        "disturbances": outcome.disturbances, "messages": states.total(), "taken": taken,
        "not_sent": states.total() - taken - unknown, "unknown": unknown,
        "unknown_usual": outcome.unknown_by_arm["usual"], "unknown_reminder": outcome.unknown_by_arm["reminder"],
        "doubled": len(outcome.doubled), "misstated": len(outcome.misstated),
    }  # fmt: skip


def add_line(record: Path, line: dict[str, int | str]) -> None:
    """One run more."""
    begins = not record.exists()
    with record.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if begins:
            writer.writeheader()
        writer.writerow(line)


def table(record: Path) -> str:
    """The page: what was done, and a row per disturbance and way."""
    with record.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    sums: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for line in lines:
        cell = sums[line["fault"], line["way"]]
        cell["runs"] += 1
        cell.update({key: int(line[key]) for key in COLUMNS[3:]})
    everything: Counter[str] = sum(sums.values(), Counter())
    rows = [
        f"| {fault} | {way} | {_cells(sums[fault, way])} |"
        for fault in (*FAULTS, *SIGNALS) for way in WAYS if (fault, way) in sums
    ]  # fmt: skip
    meanings = [f"- `{fault}`: {MEANINGS[fault]}" for fault in (*FAULTS, *SIGNALS)]
    return "\n".join(
        [_INTRODUCTION, *meanings, "", *_HEAD, *rows, f"| all | all | {_cells(everything)} |", "", _END, ""]
    )


def _cells(counts: Counter[str]) -> str:
    by_arm = f"{counts['unknown']:,} ({counts['unknown_usual']:,} / {counts['unknown_reminder']:,})"
    figures = [f"{counts[key]:,}" for key in ("runs", "disturbances", "messages", "taken", "not_sent")]
    return " | ".join([*figures, by_arm, f"{counts['doubled']:,}", f"{counts['misstated']:,}"])


_INTRODUCTION = """\
# What happens to messages when things break

Made by `scripts/run_faults.py` from the lines of `faults.csv`, one per seeded run; do not edit. Each run sends the
messages of a trial of two arms to stand-ins for an SMTP server, Twilio and GOV.UK Notify, which keep records of their
own, breaks something while they go, and then holds every row of the ledger to the provider's record.
"""
_TITLES = (
    "fault", "way", "runs", "disturbances", "messages", "taken", "not sent", "unknown (usual / reminder)", "doubled",
    "misstated",
)  # fmt: skip
_HEAD = (f"| {' | '.join(_TITLES)} |", "|---" * len(_TITLES) + "|")
_END = """\
*Not sent*: messages of which the ledger says that they never went. *Doubled*: messages that the provider's record holds
more than once. *Misstated*: messages of which the ledger says something else than the provider's record. *Unknown*:
messages of which the ledger says that it does not know; they are never sent again by themselves, and reports count them
by arm. GOV.UK Notify can be asked by our reference, and is believed when it has never seen a message, once no request
can be on its way; a few of the runs that kill a dispatcher end before that. Twilio shows what went to a number,
which can find a message and never rule one out. An SMTP server cannot be asked. `tests/faults/` runs a part of this in
every test run."""


if __name__ == "__main__":
    main()
