"""Check a published draw, as docs/allocation.md describes it: python check_draw.py audit.csv draw.json."""

import csv
import hashlib
import hmac
import json
from pathlib import Path
from sys import argv

import numpy as np

rows = list(csv.DictReader(Path(argv[1]).read_text("utf8").split("\n")))
law = json.loads(Path(argv[2]).read_text("utf8"))
arms, ratio, total, drawn = law["arms"], np.array(law["ratio"]), sum(law["ratio"]), {}


def mac(*words: str) -> bytes:
    """HMAC-SHA256 of the trial and some words under the revealed seed."""
    return hmac.digest(bytes.fromhex(law["seed"]), "\0".join((law["trial"], *words)).encode(), hashlib.sha256)


def places(n: int, block: str) -> list[str]:
    """The arms of a block of n units, place by place."""
    whole, missing = np.divmod(n * ratio, total)
    order = sorted(range(len(arms)), key=lambda k: mac("remainder", block, arms[k]))
    extra = np.repeat(order, missing[order])[int.from_bytes(mac("remainder", block, "")) % total :: total]
    return np.repeat(arms, whole + np.bincount(extra, minlength=len(arms))).tolist()


for r in rows if law["method"] == "simple" else ():
    shut = [a for a, n, end in law["parameters"].get("closed", ()) if n < int(r["order"]) <= (end or len(rows))]
    shares = (ratio * ~np.isin(arms, shut)).cumsum()
    drawn[r["digest"]] = arms[sum(int.from_bytes(mac("simple", r["digest"])) * int(shares[-1]) >> 256 >= shares)]
if law["method"] != "simple":
    blocks = {b: [row["digest"] for row in rows if row["block"] == b] for b in {row["block"] for row in rows}}
    drawn = {d: a for b, ds in blocks.items() for d, a in zip(sorted(ds, key=mac), places(len(ds), b), strict=True)}
given = [(row["digest"], row["arm"]) for row in rows]
wrong = [f"row {i}: {d} has {a}, not {drawn[d]}" for i, (d, a) in enumerate(given, 2) if a != drawn[d]]
print(*wrong, f"{len(rows) - len(wrong):,} of {len(rows):,} arms are those that the seed gives", sep="\n")
raise SystemExit(bool(wrong) or len(drawn) < len(rows))
