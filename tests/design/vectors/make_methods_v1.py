"""Makes methods_v1.json: draws of the methods beyond the first four, from docs/allocation.md alone.

Written slowly and from that text: it imports no part of the project, so that the stored arms
are a second opinion. Run it to write the file again: python tests/design/vectors/make_methods_v1.py
"""

from __future__ import annotations

import hashlib
import json
import runpy
from collections import Counter
from fractions import Fraction
from itertools import combinations
from math import lcm
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np
from scipy.stats import chi2

FILE = Path(__file__).with_name("methods_v1.json")
FIRST = runpy.run_path(str(FILE.with_name("make_draw_v1.py")))
mac, as_bytes, label, secret, v1 = (FIRST[name] for name in ("mac", "as_bytes", "label", "secret", "drawn"))
Case = dict[str, Any]


def digest_of(case: Case, unit: str) -> str:
    """A unit's identifier under the salt."""
    return str(mac(bytes.fromhex(case["salt"]), as_bytes(unit)).hex())


def under_seed(case: Case, *words: str) -> bytes:
    """HMAC under the seed of the trial's name and some words."""
    return bytes(mac(bytes.fromhex(case["seed"]), case["trial"].encode(), *(word.encode() for word in words)))


def chosen(chances: list[Fraction], digest: bytes) -> int:
    """The first k with u < p1 + … + pk."""
    u = Fraction(int(digest.hex(), 16), 2**256)
    return next(k for k in range(len(chances)) if u < sum(chances[: k + 1]))


def standing(case: Case) -> list[Case]:
    """Units in the order of HMAC(trial, identifier)."""
    return sorted(case["units"], key=lambda unit: mac(case["trial"].encode(), as_bytes(unit["id"])))


def simple(case: Case) -> dict[str, Any]:
    """Every unit by itself."""
    shares = [Fraction(share, sum(case["ratio"])) for share in case["ratio"]]
    return {
        unit["id"]: case["arms"][chosen(shares, under_seed(case, "simple", digest_of(case, unit["id"])))]
        for unit in case["units"]
    }


def numbers(units: list[Case], name: str) -> list[list[float]]:
    """A number with blanks at the mean, and which are blank; standardised."""
    values = [unit["columns"][name] for unit in units]
    mean = fmean(float(value) for value in values if value is not None)
    columns = [[mean if value is None else float(value) for value in values]]
    if None in values:
        columns.append([float(value is None) for value in values])
    return [[(x - fmean(column)) / pstdev(column) for x in column] for column in columns if pstdev(column)]


def is_category(units: list[Case], name: str) -> bool:
    """Whether a column holds words."""
    return any(isinstance(unit["columns"][name], str) for unit in units)


def pairs(case: Case) -> dict[str, Any]:
    """Closest first, a coin in each pair."""
    units = standing(case)
    z = [column for name in case["parameters"]["balance_on"] if not is_category(units, name)
         for column in numbers(units, name)]  # fmt: skip
    groups = [[unit["columns"][name] or "(blank)" for unit in units] for name in case["parameters"]["balance_on"]
              if is_category(units, name)]  # fmt: skip

    def distance(i: int, j: int) -> int:
        total = sum((round(column[i] * 1e5) - round(column[j] * 1e5)) ** 2 for column in z)
        for group in groups:
            if group[i] != group[j]:
                alike = sum(Fraction(times, len(group)) ** 2 for times in Counter(group).values())
                total += int(2 * 10**10 / (1 - alike))
        return total

    result: dict[str, Any] = {}
    number = 0
    for block in sorted({label(unit["block"]) for unit in units}):
        left = [i for i, unit in enumerate(units) if label(unit["block"]) == block]
        while len(left) > 1:
            number += 1
            one, other = min(combinations(left, 2), key=lambda pair: (distance(*pair), pair))
            keys = {i: under_seed(case, digest_of(case, units[i]["id"])) for i in (one, other)}
            for arm, i in zip(case["arms"], sorted(keys, key=lambda i: keys[i]), strict=True):
                result[units[i]["id"]] = [arm, number]
            left = [i for i in left if i not in {one, other}]
        for i in left:
            coin = chosen([Fraction(1, 2)] * 2, under_seed(case, "single", digest_of(case, units[i]["id"])))
            result[units[i]["id"]] = [case["arms"][coin], None]
    return result


def attempt(case: Case, units: list[Case], number: int) -> list[int]:
    """One attempt's arms, by position."""
    key = under_seed(case, "attempt", str(number))
    stream = hashlib.shake_256(key).digest(8 * len(units))
    marks = [int(stream[8 * i : 8 * i + 8].hex(), 16) for i in range(len(units))]
    arms = [0] * len(units)
    for block in {label(unit["block"]): unit["block"] for unit in units}.values():
        here = sorted((i for i, unit in enumerate(units) if unit["block"] == block), key=lambda i: marks[i])
        found = FIRST["numbers"](case | {"seed": key.hex()}, len(here), block)
        for i, name in zip(here, [arm for arm in case["arms"] for _ in range(found[arm])], strict=True):
            arms[i] = case["arms"].index(name)
    return arms


def rerandomised(case: Case) -> dict[str, Any]:
    """The first attempt within the limit."""
    units, arms = standing(case), len(case["arms"])
    columns: list[list[float]] = []
    for name in case["parameters"]["balance_on"]:
        if is_category(units, name):
            values = [unit["columns"][name] or "(blank)" for unit in units]
            made = [[float(value == group) for value in values] for group in sorted(set(values))]
            columns += [[(x - fmean(one)) / pstdev(one) for x in one] for one in made]
        else:
            columns += numbers(units, name)
    x = np.array(columns).T
    accept = case["parameters"]["accept"]
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(x.T)), rcond=1e-9, hermitian=True)

    def distance(drawn: list[int]) -> float:
        at = np.array(drawn)
        gaps = [(x[at == k].mean(axis=0), int((at == k).sum())) for k in range(arms)]
        if "largest_difference" in accept:
            return float(max(np.abs(a - b).max() for a, _ in gaps for b, _ in gaps))
        return float(sum(n * gap @ inverse @ gap for gap, n in gaps))

    limit = accept.get("largest_difference") or chi2.ppf(accept["share"], np.linalg.matrix_rank(x, 1e-6) * (arms - 1))
    if case.get("listed"):  # two equal arms without blocks: the smallest distance that this share do not exceed
        sets = combinations(range(len(units)), len(units) // 2)
        every = sorted(round(distance([int(i not in chosen) for i in range(len(units))]), 9) for chosen in sets)
        limit = every[-(-int(accept["share"] * 1000) * len(every) // 1000) - 1]
    number = 1
    while round(distance(attempt(case, units, number)), 9) > round(limit, 9):
        number += 1
    drawn = attempt(case, units, number)
    return {"": number} | {unit["id"]: case["arms"][k] for unit, k in zip(units, drawn, strict=True)}


def minimisation(case: Case) -> dict[str, Any]:
    """Pocock and Simon with the biased coin of Han and others."""
    arms, ratio, names = case["arms"], case["ratio"], case["parameters"]["balance_on"]
    shares = [Fraction(share, sum(ratio)) for share in ratio]
    spread = (1 - Fraction(str(case["parameters"].get("probability", 0.8)))) / (1 - min(shares))
    given: list[tuple[Case, int]] = []
    result: dict[str, Any] = {}
    for unit in case["units"]:
        totals = []
        for k in range(len(arms)):
            total = Fraction(0)
            for name in names:
                alike = [arm for other, arm in given if other["columns"][name] == unit["columns"][name]] + [k]
                counts = [Fraction(alike.count(a), ratio[a]) for a in range(len(arms))]
                total += max(counts) - min(counts)
            totals.append(total * lcm(*ratio))
        best = [k for k, total in enumerate(totals) if total == min(totals)]
        chances = [Fraction(0)] * len(arms)
        for k in best:
            preferred = shares[k] / sum(shares[b] for b in best)
            for i in range(len(arms)):
                coin = 1 - spread * (1 - shares[k]) if i == k else spread * shares[i]
                chances[i] += preferred * coin
        arm = chosen(chances, under_seed(case, "minimisation", digest_of(case, unit["id"])))
        given.append((unit, arm))
        result[unit["id"]] = arms[arm]
    return result


def permuted_blocks(case: Case) -> dict[str, Any]:
    """Sizes and places from the seed."""
    total = sum(case["ratio"])
    sizes = case["parameters"].get("sizes") or [total * times for times in ((2, 3, 4) if total < 4 else (1, 2, 3))]
    queues: dict[str, list[str]] = {}
    opened: Counter[str] = Counter()
    result: dict[str, Any] = {}
    for unit in case["units"]:
        block = label(unit["block"]).decode()
        if not queues.get(block):
            opened[block] += 1
            number = str(opened[block])
            size = sizes[int(under_seed(case, "size", block, number).hex(), 16) % len(sizes)]
            arms = [arm for arm, share in zip(case["arms"], case["ratio"], strict=True)
                    for _ in range(share * size // total)]  # fmt: skip
            order = sorted(range(1, size + 1), key=lambda p: under_seed(case, "place", block, number, str(p)))
            queues[block] = [arm for _, arm in sorted(zip(order, arms, strict=True))]
        result[unit["id"]] = queues[block].pop(0)
    return result


def adaptive(case: Case) -> dict[str, Any]:
    """Each batch by its logged chances."""
    even = [Fraction(1, len(case["arms"]))] * len(case["arms"])
    batches = [even, *([Fraction(str(one)) for one in row] for row in case["parameters"]["batches"])]
    result: dict[str, Any] = {}
    for i, unit in enumerate(case["units"]):
        batch = i // case["parameters"]["batch"]
        k = chosen(batches[batch], under_seed(case, "adaptive", digest_of(case, unit["id"])))
        result[unit["id"]] = [case["arms"][k], batch + 1]
    return result


def stepped_wedge(case: Case) -> dict[str, Any]:
    """Steps in place of arms."""
    steps = [str(i + 1) for i in range(len(case["parameters"]["steps"]))]
    found = v1(case | {"arms": steps, "ratio": [1] * len(steps)})
    return {unit: int(row["arm"]) for unit, row in found.items()}


def fixed(case: Case) -> dict[str, Any]:
    """Version 1 of the draw."""
    return {unit: row["arm"] for unit, row in v1(case).items()}


MAKERS = {
    "simple": simple, "matched_pairs": pairs, "rerandomised": rerandomised, "minimisation": minimisation,
    "permuted_blocks": permuted_blocks, "adaptive": adaptive, "stepped_wedge": stepped_wedge, "waitlist": fixed,
    "factorial": fixed,
}  # fmt: skip


def units(n: int, *, blocks: bool, blanks: bool = True) -> list[Case]:
    """Made-up units whose columns no formula repeats."""
    return [
        {
            "id": f"Zoë {i}" if i % 7 == 0 else f"u{i}",
            "block": [["Elm Road", "Mill Lane", "Café"][i * i % 3]] if blocks else [],
            "columns": {
                "age": None if blanks and i % 9 == 4 else float(secret(str(i))[:4].translate(LETTERS)[:3]) / 10,
                "hub": ["north", "south", "west"][i * 5 % 7 % 3], "first_child": i % 4 < 2,
            },
        }
        for i in range(n)
    ]  # fmt: skip


LETTERS = str.maketrans("abcdef", "123456")


def case(name: str, method: str, arms: str, ratio: list[int], of: list[Case], **parameters: Any) -> Case:
    """One trial with its seed, its units and what the draw must give."""
    made: Case = {
        "trial": name, "method": method, "arms": arms.split(), "ratio": ratio, "control": arms.split(maxsplit=1)[0],
        "seed": secret(f"seed of {name}"), "salt": secret(f"salt of {name}"), "parameters": parameters, "units": of,
    }  # fmt: skip
    if "listed" in parameters:
        made["listed"] = parameters.pop("listed")
    made["drawn"] = MAKERS[method](made)
    return made


def cases() -> list[Case]:
    """The trials that are stored."""
    both = ["age", "hub", "first_child"]
    levels = {
        "a": {"x": "0", "y": "0"},
        "b": {"x": "0", "y": "1"},
        "c": {"x": "1", "y": "0"},
        "d": {"x": "1", "y": "1"},
    }
    plain, blocked = units(31, blocks=False), units(31, blocks=True)
    return [
        case("simple-three", "simple", "a b c", [3, 2, 1], plain),
        case("pairs", "matched_pairs", "usual new", [1, 1], plain, balance_on=both),
        case("pairs-blocked", "matched_pairs", "usual new", [1, 1], blocked, balance_on=["hub", "age"]),
        case("rerandomised-share", "rerandomised", "usual new", [1, 1], blocked, balance_on=both,
             accept={"share": 0.05}),
        case("rerandomised-three", "rerandomised", "a b c", [1, 1, 1], plain, balance_on=both, accept={"share": 0.1}),
        case("rerandomised-few", "rerandomised", "a b", [1, 1], units(10, blocks=False), balance_on=["age"],
             accept={"share": 0.1}, listed=True),
        case("rerandomised-difference", "rerandomised", "a b c", [1, 1, 1], plain, balance_on=both,
             accept={"largest_difference": 0.35}),
        case("minimisation-two", "minimisation", "usual new", [1, 1], plain, balance_on=["hub", "first_child"]),
        case("minimisation-uneven", "minimisation", "a b c", [2, 1, 1], plain, balance_on=["hub", "first_child"],
             probability=0.9),
        case("permuted", "permuted_blocks", "usual new", [1, 1], blocked),
        case("permuted-sizes", "permuted_blocks", "a b c", [2, 1, 1], plain, sizes=[4, 8]),
        case("adaptive", "adaptive", "usual b c", [1, 1, 1], plain, batch=11,
             batches=[[0.3333, 0.5667, 0.1], [0.3333, 0.1, 0.5667]]),
        case("wedge", "stepped_wedge", "usual new", [1, 1], units(14, blocks=True),
             steps=["2027-03-01", "2027-04-01", "2027-05-01", "2027-06-01"][:3]),
        case("wait", "waitlist", "later now", [1, 2], blocked, steps=["2027-09-01"]),
        case("crossed", "factorial", "a b c d", [1, 1, 1, 1], blocked, levels=levels),
    ]  # fmt: skip


def content() -> str:
    """The file as it is stored."""
    return json.dumps({"version": 1, "cases": cases()}, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="ascii")
