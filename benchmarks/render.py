"""A million personalised texts rendered, checked and counted: how many a second.

    python benchmarks/render.py [--messages 1000000] [--rounds 3]

Each text is rendered from the family's own values, cleaned of what could forge anything, and its
segments are counted. Beside it, in the same run and turn about, plain Jinja (no sandbox, no
cleaning, no count) on the same values, its days already written out. Three kinds:

cells     the shipped texts, in English and Welsh, whose only value is a day: words of the same
          day are made once and kept
names     a text with a name, a hub and a day: every text differs, and none is kept
links     a text with a link of its own
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jinja2
from babel.dates import format_date

from nudge.messages.links import LENGTH, Manner
from nudge.messages.render import render
from nudge.messages.templates import read_template
from nudge.trial.library import shipped
from nudge.trial.problems import Problems
from nudge.trial.records.messages import Template

HUBS = ("Elm Road", "Tŷ’r Plant", "St Mary's", "Ash Lane", "Heol-y-Bont")
FIRST = ("Ann", "Zoë", "Mair", "Siân", "Oluwaseun", "Fatima", "Jo", "Wilhelmina")
LAST = ("Jones", "O'Neill", "Evans", "Begum", "Smith-Hughes", "Kowalska")
BODIES = {
    "names": "Elm Council: {{ name }}, your visit at {{ hub }} is on {{ visit }}. To stop texts, call 01632 960123.",
    "links": "Elm Council: book your visit on {{ visit }} at {{ link('booking') }} To stop texts, call 01632 960123.",
}


def made(body: str) -> Template:
    """A text of ours, as if read from a file."""
    return Template("visit", "sms", "en", "sms.j2", "", "ElmCouncil", (), body, frozenset(), "")


def families(number: int) -> list[dict[str, Any]]:
    """Values as a roll has them."""
    chance = random.Random(4)
    first = date(2027, 1, 4)
    rows = []
    for i in range(number):
        day = first + timedelta(days=chance.randrange(365))
        name = f"{chance.choice(FIRST)} {chance.choice(LAST)} {chr(65 + i % 26)}"
        rows.append({"name": name, "hub": chance.choice(HUBS), "visit": day, "due_date": day})
    return rows


def a_second(work: Callable[[int], object], messages: int) -> float:
    """How many of these a second."""
    began = time.perf_counter()
    for i in range(messages):
        work(i)
    return messages / (time.perf_counter() - began)


def identify(reference: str, name: str) -> str:
    """As long as a real identifier, and as much work."""
    return hashlib.blake2s(f"{reference}{name}".encode(), key=b"a made-up key").hexdigest()[:LENGTH]


def written_out(value: Any) -> Any:
    """A day as families read it, for Jinja to be given."""
    return format_date(value, "EEEE d MMMM", locale="en_GB") if isinstance(value, date) else value


def compare(
    texts: list[Template], rows: list[dict[str, Any]], messages: int, rounds: int
) -> tuple[float, float, float]:
    """Ours and Jinja's a second, and the median ratio of rounds run turn about."""
    manner = Manner(base="https://go.example.org", identify=identify)
    plain = [jinja2.Environment(autoescape=False).from_string(one.body) for one in texts]  # noqa: S701 - texts, not pages
    written = [
        {name: written_out(value) for name, value in row.items()}
        | {"link": lambda name: f"https://go.example.org/{name}xxxxxx"}
        for row in rows
    ]
    number, kinds = len(rows), len(texts)

    def ours(i: int) -> int:
        return render(texts[i % kinds], rows[i % number], "a made-up family", manner, str(i)).segments

    def theirs(i: int) -> str:
        return plain[i % kinds].render(written[i % number])

    runs = [(a_second(ours, messages), a_second(theirs, messages)) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in runs), statistics.median(b for _, b in runs),
        statistics.median(a / b for a, b in runs),
    )  # fmt: skip


def main() -> None:
    """Render each kind both ways; print messages a second and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    found = read_template("two-year-review/plan", shipped("message_templates") / "two-year-review" / "plan", Problems())
    kinds = {"cells": [one for one in found if one.channel == "sms"]} | {
        name: [made(body)] for name, body in BODIES.items()
    }
    rows = families(10_007)
    print(f"{'':6} {'ours':>12} {'Jinja alone':>12} ratio")
    for name, texts in kinds.items():
        ours, theirs, ratio = compare(texts, rows, given.messages // given.rounds, given.rounds)
        print(f"{name:6} {ours:10,.0f}/s {theirs:10,.0f}/s {ratio:5.2f}")


if __name__ == "__main__":
    main()
