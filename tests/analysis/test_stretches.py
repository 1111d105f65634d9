"""Processors share rows, and nobody can tell from the numbers how many there were."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.analysis import stretches as stretches_module
from nudge.analysis.sandwich import clustered, robust
from nudge.analysis.stretches import STRETCH, processors, shared, stretches
from tests.analysis.test_engine import made_up

Numbers = tuple[float, ...]


@given(rows=st.integers(0, 10_000_000), numbers=st.integers(0, 10_000_000))
def test_stretches_are_every_row_once_and_hold_two_numbers_a_row(rows: int, numbers: int) -> None:
    parts = stretches(rows, numbers)
    assert parts[0].start == 0
    assert parts[-1].stop == rows
    assert all(one.stop == following.start for one, following in pairwise(parts))
    assert len(parts) == 1 or (len(parts) * numbers <= 2 * rows and rows // len(parts) >= STRETCH)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_what_is_found_comes_in_order_and_a_failure_is_raised(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches_module, "processors", lambda: number)
    assert list(shared(lambda part: part * part, range(100))) == [part * part for part in range(100)]
    with pytest.raises(ZeroDivisionError):
        list(shared(lambda part: 1 // (part - 7), range(20)))


def test_one_part_starts_no_thread_and_several_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches_module, "processors", lambda: 2)
    here = threading.get_ident()
    assert list(shared(lambda _: threading.get_ident(), [0])) == [here]
    assert here not in set(shared(lambda _: threading.get_ident(), range(4)))
    assert processors() >= 1


def numbers(measures: int) -> Numbers:
    """HC2 and CR2 with their degrees of freedom, coefficients besides."""
    made = made_up(11, n=4000, measures=measures)
    model = made.model
    alone, together = robust(model, model.contrast("arm")), clustered(model, made.clusters, model.contrast("arm"))
    return (*model.coefficients, alone.std_error, alone.df, together.std_error, together.df)


@pytest.mark.parametrize("measures", [0, 2])
def test_the_numbers_never_depend_on_how_many_processors_there_are(
    measures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = numbers(measures)
    monkeypatch.setattr(stretches_module, "STRETCH", 250)
    found = []
    for number in (1, 2, 3):
        monkeypatch.setattr(stretches_module, "processors", lambda number=number: number)
        found.append(numbers(measures))
    assert found[0] == found[1] == found[2]
    assert found[0] == pytest.approx(whole, rel=1e-11)


def test_processes_forked_after_threads_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches_module, "STRETCH", 250)
    monkeypatch.setattr(stretches_module, "processors", lambda: 2)
    here = numbers(2)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        assert list(pool.map(numbers, [2, 2], timeout=60)) == [here, here]
