"""`{{ link('booking') }}` from the file to the phone and back: one identifier per message, kept as sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nudge.store.account import unit_account
from nudge.store.ledger import unknown_rows
from nudge.store.links import link_of
from nudge.store.vault import new_keys, read_keys
from nudge.trial.errors import InputError, Refused
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import launch_trial
from nudge.workflow.dispatching.sending import send_due
from tests.support.links import links_of
from tests.support.trials import EMAIL, Bench, write_trial
from tests.workflow.dispatching.test_sending import DUE, states

BASE = "https://go.example.org"
SMS = "---\nsender: Council\n---\nCouncil: book at {{ link('booking') }} To stop, call 01632 960123.\n"
MAIL = EMAIL.replace("Hello,", "Hello,\n\n[Book a time]({{ link('booking') }}) or see {{ link('map') }}")
FOUND = re.compile(rf"{BASE}/([0-9a-z]+)")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def written(bench: Bench) -> Path:
    file = write_trial(bench.folder, links={"booking": "https://example.org/book", "map": "https://example.org/map"})
    templates = bench.folder / "message_templates" / "visit"
    (templates / "sms.j2").write_text(SMS)
    (templates / "email.j2").write_text(MAIL)
    return file


def launched(bench: Bench) -> Desk:
    file, desk = written(bench), bench.desk(link_base_url=BASE)
    lock_trial(file, desk)
    allocate_trial(file, desk)
    approve_trial(file, desk, "Sam Second")
    launch_trial(file, desk)
    return desk


def test_each_message_links_by_an_identifier_of_its_own_which_is_kept_as_sent(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    send_due(desk)
    told = {name: FOUND.findall(file.read_text()) for file in bench.outbox for name in [file.stem]}
    texts = {file.stem for file in bench.outbox if file.suffix == ".txt"}
    with desk.store.begin() as connection:
        kept = links_of(connection, "small")
        assert all(link_of(connection, one.identifier) == one for one in kept)
        assert link_of(connection, "0000000000000") is None
    assert {(one.send, one.identifier) for one in kept if one.send in texts} == {
        (send, identifier) for send, ones in told.items() if send in texts for identifier in ones
    }
    assert len({one.identifier for one in kept}) == len(kept) == sum(1 if one in texts else 2 for one in told)
    assert {(one.name, one.target) for one in kept} == {
        ("booking", "https://example.org/book"), ("map", "https://example.org/map"),
    }  # fmt: skip
    assert {(one.trial, one.arm) for one in kept} == {("small", "reminder")}


def test_the_account_of_a_family_names_its_links(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    send_due(desk)
    with desk.store.begin() as connection:
        one = links_of(connection, "small")[0]
        told = [entry.what for entry in unit_account(connection, "small", one.unit)]
    assert any(line.endswith(f": links to `{one.name}` as {one.identifier}") for line in told)


def test_an_identifier_is_opaque_repeatable_and_only_ours(tmp_path: Path) -> None:
    for name in ("a", "b"):
        new_keys(tmp_path / name)
    ours, theirs = read_keys(tmp_path / "a"), read_keys(tmp_path / "b")
    made = {ours.identifier(f"{row}\0booking") for row in range(2_000)}
    assert len(made) == 2_000
    assert all(re.fullmatch(r"[0-9abcdefghjkmnpqrstvwxyz]{13}", one) for one in made)
    assert made == {read_keys(tmp_path / "a").identifier(f"{row}\0booking") for row in range(2_000)}
    assert not made & {theirs.identifier(f"{row}\0booking") for row in range(2_000)}


def test_without_an_address_to_begin_with_nothing_is_launched(bench: Bench) -> None:
    file, desk = written(bench), bench.desk()
    lock_trial(file, desk)
    allocate_trial(file, desk)
    with pytest.raises(Refused, match="the words link to booking and map, and NUDGE_LINK_BASE_URL is not set"):
        approve_trial(file, desk, "Sam Second")
    with pytest.raises(Refused, match="NUDGE_LINK_BASE_URL is not set; set it to the address that short links begin"):
        launch_trial(file, desk)


@pytest.mark.parametrize("base", ["http://go.example.org", "go.example.org", "https://go.example.org/?x=1", "https://"])
def test_an_address_that_cannot_begin_a_link_is_said(bench: Bench, base: str) -> None:
    file = written(bench)
    lock_trial(file, bench.desk())
    allocate_trial(file, bench.desk())
    with pytest.raises(InputError, match="which is no address for links; set it to"):
        approve_trial(file, bench.desk(link_base_url=base), "Sam Second")


def test_where_the_setting_is_lost_messages_wait_and_none_is_cancelled(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    send_due(bench.desk())
    assert states(desk) == {"virtual": 20, "withheld": 20}
    assert bench.outbox == []
    bench.clock.advance_to(DUE.replace(minute=15))
    send_due(desk)
    assert states(desk) == {"virtual": 20, "accepted": 20}


def test_the_segments_at_launch_are_those_that_are_sent(bench: Bench) -> None:
    file, desk = written(bench), bench.desk(link_base_url=BASE)
    lock_trial(file, desk)
    allocate_trial(file, desk)
    approve_trial(file, desk, "Sam Second")
    made = launch_trial(file, desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    texts = [file for file in bench.outbox if file.suffix == ".txt"]
    assert made.segments == {"reminder": len(texts)}
    with desk.store.begin() as connection:
        assert unknown_rows(connection, "outbox", desk.vault) == []


def test_an_email_is_kept_with_its_html(bench: Bench) -> None:
    import sqlalchemy as sa

    from nudge.store.tables import bodies

    desk = launched(bench)
    bench.clock.advance_to(DUE)
    send_due(desk)
    with desk.store.begin() as connection:
        kept = [desk.vault.open(one).decode() for one in connection.scalars(sa.select(bodies.c.sealed_words))]
    mails = [one for one in kept if '"channel": "email"' in one]
    assert mails
    assert all("<!DOCTYPE html>" in one and f'href=\\"{BASE}/' in one for one in mails)
