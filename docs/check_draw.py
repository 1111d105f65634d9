"""Check a published draw, as docs/allocation.md describes it: python check_draw.py audit.csv draw.json."""

import csv
import hashlib
import hmac
import json
import sys
from pathlib import Path

import numpy as np

rows = list(csv.DictReader(Path(sys.argv[1]).read_text("utf-8").splitlines()))
law = json.loads(Path(sys.argv[2]).read_text("utf-8"))
arms, ratio, total = law["arms"], np.array(law["ratio"]), sum(law["ratio"])


def mac(*words: str) -> bytes:
    """HMAC-SHA256 of the trial and some words under the revealed seed."""
    return hmac.digest(bytes.fromhex(law["seed"]), "\0".join((law["trial"], *words)).encode(), hashlib.sha256)


def places(n: int, block: str) -> list[str]:
    """The arms of a block of n units, place by place."""
    whole, missing = np.divmod(n * ratio, total)
    order = sorted(range(len(arms)), key=lambda k: mac("remainder", block, arms[k]))
    extra = np.repeat(order, missing[order])[int.from_bytes(mac("remainder", block, "")) % total :: total]
    return np.repeat(arms, whole + np.bincount(extra, minlength=len(arms))).tolist()


if law["method"] == "simple":
    marks = {row["digest"]: int.from_bytes(mac("simple", row["digest"])) * total >> 256 for row in rows}
    drawn = {digest: arms[int(np.searchsorted(ratio.cumsum(), mark, side="right"))] for digest, mark in marks.items()}
else:
    blocks = {b: [row["digest"] for row in rows if row["block"] == b] for b in {row["block"] for row in rows}}
    drawn = {d: a for b, ds in blocks.items() for d, a in zip(sorted(ds, key=mac), places(len(ds), b), strict=True)}
wrong = [(i, row["digest"], row["arm"]) for i, row in enumerate(rows, 2) if row["arm"] != drawn[row["digest"]]]
for i, digest, arm in wrong:
    print(f"row {i}: {digest} has {arm}, not {drawn[digest]}")
print(f"{len(rows) - len(wrong):,} of {len(rows):,} arms are those that the seed gives")
sys.exit(bool(wrong) or len(drawn) < len(rows))
