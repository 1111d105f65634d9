"""The protocol in a real browser: nothing for axe to find, on a desk and on a phone, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from nudge.trial.library import shipped
from nudge.workflow.writing.protocolling import write_protocol
from tests.support.browser import chromium
from tests.support.trials import Bench

pytestmark = pytest.mark.needs("browser")
WIDTHS = {"desktop": 1100, "phone": 360}


@pytest.fixture(scope="module")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("protocol")
    return write_protocol(shipped("experiments") / "two-year-review.yaml", Bench(folder).desk(), folder)[1]


@pytest.fixture(scope="module")
def browser(protocol: Path) -> Iterator[Browser]:  # made first: Playwright brings a loop of its own
    with chromium() as running:
        yield running


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, protocol: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    page.goto(protocol.as_uri())
    yield page
    assert all(url.startswith("file://") for url in asked), "a protocol asks nothing of the network"
    context.close()


def test_axe_finds_nothing_wrong(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_fits_its_width(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")


def test_an_unmet_item_is_one_key_away(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the protocol"
    link = page.locator("main li a").first
    link.focus()
    page.keyboard.press("Enter")
    target = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    assert page.locator(f'[id="{target}"]').text_content() == link.text_content()
