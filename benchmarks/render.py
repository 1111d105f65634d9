"""A million personalised texts rendered, checked and counted: how many a second.

    python benchmarks/render.py [--messages 1000000]

Each text is rendered from the shipped template with its family's own values (a day, a name of
a hub, in English or Welsh), and its segments are counted; beside it the same work by Jinja
alone, without the sandbox, the checks and the count, in the same run.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jinja2

from nudge.messages.render import render
from nudge.messages.templates import read_template
from nudge.trial.library import shipped
from nudge.trial.problems import Problems

HUBS = ("Elm Road", "Tŷ’r Plant", "St Mary's", "Ash Lane", "Heol-y-Bont")


def families(number: int, variables: set[str]) -> list[dict[str, Any]]:
    """Values as a roll has them."""
    chance = random.Random(4)
    first = date(2027, 1, 4)
    rows = []
    for _ in range(number):
        values: dict[str, Any] = {name: chance.choice(HUBS) for name in variables}
        values |= {name: first + timedelta(days=chance.randrange(365)) for name in variables if "date" in name}
        rows.append(values)
    return rows


def main() -> None:
    """Render both ways; print messages a second and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    found = read_template("two-year-review/plan", shipped("message_templates") / "two-year-review" / "plan", Problems())
    texts = [template for template in found if template.channel == "sms"]
    rows = families(10_000, {name for template in texts for name in template.variables})
    began = time.perf_counter()
    segments = 0
    for i in range(given.messages):
        segments += render(texts[i % len(texts)], rows[i % len(rows)], "a made-up family").segments
    checked = given.messages / (time.perf_counter() - began)
    plain = [jinja2.Environment(autoescape=False).from_string(template.body) for template in texts]  # noqa: S701 - texts, not pages
    began = time.perf_counter()
    for i in range(given.messages):
        plain[i % len(plain)].render(rows[i % len(rows)])
    bare = given.messages / (time.perf_counter() - began)
    print(f"rendered, checked and counted {checked:10,.0f} messages a second, {segments:,} segments")
    print(f"Jinja alone                   {bare:10,.0f} messages a second")
    print(f"ratio                         {checked / bare:10.2f}")


if __name__ == "__main__":
    main()
