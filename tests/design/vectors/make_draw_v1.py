"""Makes draw_v1.json from the algorithm as written at the top of nudge/design/draw.py, and from nothing else.

Written from that text alone: it imports no part of the project, so that the stored arms are a
second opinion. Run it to write the file again: python tests/design/vectors/make_draw_v1.py
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("draw_v1.json")
ZERO = b"\x00"


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts with a zero byte between them."""
    return hmac.new(key, ZERO.join(parts), hashlib.sha256).digest()


def as_bytes(text: str) -> bytes:
    """A text in NFC and UTF-8."""
    return unicodedata.normalize("NFC", text).encode("utf-8")


def label(block: list[str]) -> bytes:
    """A block as JSON without spaces."""
    return b"[" + b",".join(json.dumps(value, ensure_ascii=False).encode() for value in block) + b"]"


def numbers(case: dict[str, Any], n: int, block: list[str]) -> dict[str, int]:
    """How many of n units each arm gets."""
    seed, trial = bytes.fromhex(case["seed"]), case["trial"].encode()
    whole = sum(case["ratio"])
    name = label([unicodedata.normalize("NFC", value) for value in block])

    def chance(arm: str) -> bytes:
        return mac(seed, trial, b"remainder", name, arm.encode())

    share = dict(zip(case["arms"], case["ratio"], strict=True))
    places = {arm: (n * share[arm]) // whole for arm in case["arms"]}
    # Every point of the line 0, 1, 2 … belongs to the arm whose stretch it lies in.
    line = [arm for arm in sorted(case["arms"], key=chance) for _ in range((n * share[arm]) % whole)]
    start = int(chance("").hex(), 16) % whole
    for mark in range(start, len(line), whole):
        places[line[mark]] += 1
    return places


def drawn(case: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The digest and the arm of every unit."""
    seed, salt, trial = bytes.fromhex(case["seed"]), bytes.fromhex(case["salt"]), case["trial"].encode()
    digests = {unit["id"]: mac(salt, as_bytes(unit["id"])).hex() for unit in case["units"]}
    result: dict[str, dict[str, str]] = {}
    blocks = {label([unicodedata.normalize("NFC", v) for v in unit["block"]]): unit["block"] for unit in case["units"]}
    for name, block in blocks.items():
        here = [
            unit["id"] for unit in case["units"]
            if label([unicodedata.normalize("NFC", v) for v in unit["block"]]) == name
        ]  # fmt: skip
        here.sort(key=lambda unit: mac(seed, trial, digests[unit].encode("ascii")))
        places = numbers(case, len(here), block)
        arms = [arm for arm in case["arms"] for _ in range(places[arm])]
        for unit, arm in zip(here, arms, strict=True):
            result[unit] = {"digest": digests[unit], "arm": arm}
    return result


def secret(text: str) -> str:
    """32 bytes made from a text, as hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def cases() -> list[dict[str, Any]]:
    """The trials that are stored."""
    composed, apart = "Zoë Brontë", unicodedata.normalize("NFD", "Zoë Brontë 2")
    names = [composed, apart, "Ærøskøbing", "李雷", "👪-7", 'a "quoted" name', "back\\slash", "ﬁ", "Å"]
    uneven = [("Elm Road", "en")] * 7 + [("Elm Road", "cy")] * 5 + [("Mill Lane", "en")] + [("Mill Lane", "cy")] * 3
    numeric = ["1", "01", "001", "1.0", "1e0", "+1", "-1", "10", "9", "1 ", "١"]
    return [
        case("complete-two", "complete", ["usual", "reminder"], [1, 1], [(f"H{i:04d}", ()) for i in range(11)]),
        case("numbers", "complete", ["a", "b", "c"], [1, 1, 1], [(unit, ()) for unit in numeric]),
        case("names", "complete", ["usual", "plan"], [2, 1], [(unit, ()) for unit in names]),
        case("blocked-uneven", "blocked", ["usual", "reminder", "plan"], [2, 1, 1],
             [(f"h{i}", block) for i, block in enumerate(uneven)]),
        case("five-arms", "complete", ["k", "a", "b", "c", "d"], [3, 1, 1, 2, 1], [(f"u{i}", ()) for i in range(29)]),
        case("accents", "blocked", ["one", "two"], [1, 1],
             [(f"p{i}", (unicodedata.normalize("NFC" if i % 2 else "NFD", "Café"), 'say "hi"')) for i in range(5)]
             + [(f"q{i}", ("", "/")) for i in range(3)]),
        case("sites", "cluster", ["usual", "new"], [1, 1], [(f"school {i}", ()) for i in range(9)]),
        case("sites-blocked", "blocked_cluster", ["usual", "new"], [1, 2],
             [(f"school {i}", (f"area {i % 3}",)) for i in range(14)]),
        case("tiny-blocks", "blocked", ["a", "b", "c", "d"], [1, 1, 1, 1],
             [(f"t{i}", (str(i // 2),)) for i in range(12)]),
        case("lopsided", "complete", ["most", "few"], [19, 1], [(f"x{i}", ()) for i in range(33)]),
    ]  # fmt: skip


def case(
    trial: str, method: str, arms: list[str], ratio: list[int], units: Sequence[tuple[str, tuple[str, ...]]]
) -> dict[str, Any]:
    """One trial with its seed, its units and what the draw must give."""
    made: dict[str, Any] = {
        "trial": trial, "method": method, "arms": arms, "ratio": ratio,
        "seed": secret(f"seed of {trial}"), "salt": secret(f"salt of {trial}"),
        "units": [{"id": unit, "block": list(block)} for unit, block in units],
    }  # fmt: skip
    made["drawn"] = drawn(made)
    return made


def content() -> str:
    """The file as it is stored."""
    return json.dumps({"version": 1, "cases": cases()}, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="ascii")
