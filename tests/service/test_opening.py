"""Short addresses opened at the real service: where they lead, what is kept, what is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from nudge.service.app import build_service
from nudge.store.links import SentLink
from nudge.store.tables import link_opens, send_events, sends
from nudge.trial.errors import InputError
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.standing import standing
from tests.support.links import links_of
from tests.support.trials import Bench, lock_draw_and_launch, write_trial
from tests.workflow.dispatching.test_linking import MAIL, SMS
from tests.workflow.dispatching.test_sending import DUE

TARGETS = {"booking": "https://example.org/book?from=text", "map": "https://example.org/map"}
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 15) Mobile Safari/537.36"}


def sent(bench: Bench, base: str = "https://go.example.org") -> tuple[Desk, list[SentLink]]:
    """A desk whose families have just had their messages, and the links in them."""
    file = write_trial(bench.folder, links=TARGETS)
    templates = bench.folder / "message_templates" / "visit"
    (templates / "sms.j2").write_text(SMS)
    (templates / "email.j2").write_text(MAIL)
    desk = bench.desk(link_base_url=base)
    lock_draw_and_launch(file, desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    bench.clock.advance_to(DUE + timedelta(minutes=3))
    with desk.store.begin() as connection:
        return desk, links_of(connection, "small")


def browser(desk: Desk) -> TestClient:
    return TestClient(build_service(desk, clock=False), follow_redirects=False)


def opens(desk: Desk) -> list[tuple[str, str, str, str]]:
    columns = link_opens.c.identifier, link_opens.c.method, link_opens.c.agent, link_opens.c.flag
    with desk.store.begin() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(link_opens.c.id))]


@pytest.mark.usefixtures("each_database")
def test_a_link_leads_where_the_lock_says_and_is_written_down(tmp_path: Path) -> None:
    desk, links = sent(Bench(tmp_path))
    one = links[0]
    with browser(desk) as client:
        answer = client.get(f"/{one.identifier.upper()}", headers={"User-Agent": "x" * 500})
        headed = client.head(f"/{one.identifier}", headers=PHONE)
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGETS[one.name])
    assert (headed.status_code, headed.headers["Location"]) == (302, TARGETS[one.name])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in answer.headers
    kept, by_head = opens(desk)
    assert kept == (one.identifier, "GET", "x" * 200, "")
    assert by_head[:2] == (one.identifier, "HEAD")
    assert "HEAD" in by_head[3]


@pytest.mark.usefixtures("each_database")
def test_an_address_we_never_sent_is_answered_in_both_languages_and_nothing_is_kept(tmp_path: Path) -> None:
    desk, _ = sent(Bench(tmp_path))
    with browser(desk) as client:
        for path in ("/0000000000000", "/short", "/%00", "/caf%C3%A9", "/" + "0" * 3000):
            answer = client.get(path)
            assert answer.status_code == 404
            assert '<html lang="en">' in answer.text
            assert '<div lang="cy">' in answer.text
            assert "This link does not work" in answer.text
        assert client.get("/health").json()["status"] == "ok"
    assert opens(desk) == []


def test_links_are_served_below_the_path_of_the_setting_and_nowhere_without_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk, links = sent(bench, "https://example.org/l/")
    address = links[0].identifier
    with browser(desk) as client:
        assert client.get(f"/l/{address}").status_code == 302
        assert client.get(f"/{address}").status_code == 404
    with browser(bench.desk()) as client:
        assert client.get(f"/l/{address}").json() == {"detail": "Not Found"}
    with pytest.raises(InputError, match="which is no address for links"):
        build_service(bench.desk(link_base_url="http://go.example.org"), clock=False)


def test_an_opening_of_a_message_that_is_not_with_the_provider_is_flagged(tmp_path: Path) -> None:
    desk, links = sent(Bench(tmp_path))
    back, early = links[0], next(one for one in links if one.send != links[0].send)
    with desk.store.begin() as connection:
        connection.execute(sends.update().where(sends.c.id == back.send).values(status="due"))
        later = DUE + timedelta(hours=1)
        connection.execute(send_events.update().where(send_events.c.send == early.send).values(at=later))
    with browser(desk) as client:
        for one in (back, early):
            client.get(f"/{one.identifier}", headers=PHONE)
    assert [flag for *_, flag in opens(desk)] == ["it was opened before the message could have arrived"] * 2


def test_the_account_and_the_status_tell_openings_and_the_flagged_ones_apart(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk, links = sent(bench)
    one = links[0]
    other = next(link for link in links if link.unit != one.unit)
    assert [line for line in standing(desk)[0].opened if "reminder: 0 of" in line]
    with browser(desk) as client:
        client.get(f"/{one.identifier}", headers=PHONE)
        bench.clock.advance_to(DUE + timedelta(minutes=4))
        client.get(f"/{one.identifier}", headers=PHONE)
        client.get(f"/{other.identifier}", headers={"User-Agent": "GoogleMessages/20"})
    told = [entry.what for entry in account_of(desk, "small", one.unit)]
    assert [line.partition(": ")[2] for line in told[-2:]] == [f"its link `{one.name}` was opened"] * 2
    assert account_of(desk, "small", other.unit)[-1].what.endswith(
        "was opened; flagged, it was Google Messages' preview"
    )
    units = len({link.unit for link in links})
    assert standing(desk)[0].opened == [f"reminder: 1 of {units} units sent a link opened one; openings flagged: 1"]
