"""The long fault matrix: seeded runs over every way of sending and every disturbance.

    python scripts/run_faults.py --runs 200

Every run holds the ledger to the provider's own record; the first that differs ends the
script with its seed. Prints one line per cell.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.faults import FAULTS, SIGNALS, WAYS, disturbed_by_signals, disturbed_by_the_world, world


def main() -> None:
    """Run, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-signals", action="store_true")
    given = parser.parse_args()
    kinds = FAULTS if given.without_signals else (*FAULTS, *SIGNALS)
    seen: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    cells = itertools.cycle(itertools.product(WAYS, kinds))
    for seed, (via, kind) in zip(range(given.seed, given.seed + given.runs), cells, strict=False):
        run = disturbed_by_signals if kind in SIGNALS else disturbed_by_the_world
        with tempfile.TemporaryDirectory() as folder, world() as there:
            try:
                outcome = run(Path(folder), seed, via, kind, there)
            except AssertionError as error:
                sys.exit(f"seed {seed}, {via}, {kind}: {error}")
        seen[via, kind] += outcome.states
        seen[via, kind]["runs"] += 1
        seen[via, kind]["taken twice"] += sum(times > 1 for times in outcome.taken.values())
    for (via, kind), counts in sorted(seen.items()):
        told = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        sys.stdout.write(f"{via:14} {kind:12} {told}\n")


if __name__ == "__main__":
    main()
