"""The stored simulations of what stands beside a plan: from this code, in their bands or said not to be."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.reference.test_stored_simulation import FOLDER, script, stored

NAMES = ("lines", "missing", "families")
STORED = {name: stored(name) for name in NAMES}
SCRIPTS = {name: script(FOLDER / f"{name}.py") for name in NAMES}
EVERY = [(name, i) for name in NAMES for i in range(len(STORED[name]["settings"]))]
OUTSIDE: dict[str, set[tuple[Any, ...]]] = {
    "lines": set(), "missing": set(),
    "families": {
        ("family", 60, "unequal", False, "Holm"), ("obrien_fleming", 60, "unequal", False, "any look"),
        ("obrien_fleming", 60, "unequal", False, "held"),
    },
}  # fmt: skip
"""Settings and questions that the page says lie outside their band."""
ALL_AT_ONCE = [
    ("factorial", 12, "equal"), ("factorial", 40, "unequal"), ("reached", 20, "unequal"), ("margin", 100, "one"),
]  # fmt: skip


def setting(name: str, which: int) -> Any:
    one = STORED[name]["settings"][which]
    return SCRIPTS[name].Setting(**{key: one[key] for key in SCRIPTS[name].Setting.__slots__})


def outside(name: str, module: ModuleType) -> set[tuple[Any, ...]]:
    found = set()
    for i, one in enumerate(STORED[name]["settings"]):
        made = setting(name, i)
        shares = one["held"] if name == "missing" else one["shares"]
        for question, share in shares.items():
            fine = module.within(question, share) if name == "missing" else module.within(made, question, share)
            if not fine:
                found.add((*(one[key] for key in module.Setting.__slots__), question))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_the_script_is_stored_with_its_repetitions(name: str) -> None:
    settings = SCRIPTS[name].SETTINGS
    assert [setting(name, i) for i in range(len(settings))] == list(settings)
    assert [one["repetitions"] for one in STORED[name]["settings"]] == [one.repetitions for one in settings]
    assert min(one.repetitions for one in settings) >= 2_000


@pytest.mark.parametrize("name", NAMES)
def test_shares_lie_in_their_bands_but_for_those_that_the_page_names(name: str) -> None:
    """statistics.md 29."""
    assert outside(name, SCRIPTS[name]) == OUTSIDE[name]


@pytest.mark.parametrize(("name", "which"), EVERY)
def test_the_code_gives_what_is_stored(name: str, which: int) -> None:
    module, one = SCRIPTS[name], STORED[name]["settings"][which]
    for number in (0, module.STORED - 1):
        assert module.repetition(setting(name, which), number) == one["first"][number]


@pytest.mark.parametrize("key", ALL_AT_ONCE, ids=lambda key: "-".join(map(str, key)))
def test_trials_worked_out_together_are_those_gone_through_one_by_one(key: tuple[str, int, str]) -> None:
    module = SCRIPTS["lines"]
    one = next(one for one in module.SETTINGS if (one.line, one.units, one.sizes) == key)
    assert module.together(one, range(20)) == [module.repetition(one, number) for number in range(20)]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_stored_tables(name: str) -> None:
    page = (FOLDER.parent / "simulation.md").read_text(encoding="utf-8")
    for table in SCRIPTS[name].tables(STORED[name]).values():
        assert "\n".join(table) in page
