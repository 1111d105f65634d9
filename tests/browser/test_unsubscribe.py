"""The page behind one click, in a real browser: with JavaScript off, by keyboard, on a small phone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ViewportSize

from nudge.service.app import build_service
from nudge.store.tables import opt_outs, sends
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.marking import email_marks
from nudge.workflow.dispatching.sending import send_due
from tests.support.browser import chromium
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

pytestmark = pytest.mark.needs("browser")
PHONE: ViewportSize = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """A real service on loopback, and one family's address of unsubscription."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("unsubscribe")
    bench = Bench(folder)
    desk = bench.desk(public_url=f"http://127.0.0.1:{port}")
    lock_draw_and_launch(write_trial(folder, rows=[family(i, mobile="") for i in range(12)]), desk)
    bench.clock.advance_to(datetime(2027, 1, 18, 10, tzinfo=UTC))
    send_due(desk)
    with desk.store.begin() as connection:
        reference = str(connection.scalar(sa.select(sends.c.id).where(sends.c.channel == "email")))
    server = uvicorn.Server(uvicorn.Config(build_service(desk, clock=False), port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield desk, email_marks(desk, reference, "email")["unsubscribe_url"]
    server.should_exit = True
    thread.join(timeout=10)


def asked(desk: Desk) -> int:
    with desk.store.begin() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(opt_outs)) or 0


def test_a_parent_with_a_keyboard_and_no_javascript_ends_the_messages(served: tuple[Desk, str]) -> None:
    desk, url = served
    with chromium() as browser:
        checked = browser.new_context(viewport=PHONE, bypass_csp=True).new_page()
        checked.goto(url)
        found = Axe().run(checked)
        assert found.violations_count == 0, found.generate_report()
        page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
        page.goto(url)
        assert asked(desk) == 0
        page.keyboard.press("Tab")
        assert page.locator("button:focus").text_content() == "Stop the messages"
        page.keyboard.press("Enter")
        page.wait_for_load_state()
        assert page.locator("h1").text_content() == "You will get no more of these messages"
        assert page.title() == "You will get no more of these messages"
        assert asked(desk) == 1
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= PHONE["width"]
