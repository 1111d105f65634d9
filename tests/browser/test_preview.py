"""The preview and an email in a real browser: nothing for axe to find, on a desk and on a phone, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from nudge.trial.library import shipped
from nudge.workflow.writing.previewing import preview_words, write_preview
from tests.support.browser import chromium

pytestmark = pytest.mark.needs("browser")
WIDTHS = {"desktop": 1100, "phone": 360}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The preview, and one email of it as a family gets it."""
    folder = tmp_path_factory.mktemp("preview")
    file = shipped("experiments") / "two-year-review.yaml"
    rows = preview_words(file, datetime(2027, 1, 11, 9, tzinfo=UTC), [])
    mail = folder / "mail.html"
    mail.write_text(next(row.html for row in rows if row.html and row.language == "cy"), encoding="utf-8")
    return {"preview": write_preview(file, rows, folder / "words.html"), "mail": mail}


@pytest.fixture(scope="module")
def browser(pages: dict[str, Path]) -> Iterator[Browser]:  # made first: Playwright brings a loop of its own
    with chromium() as running:
        yield running


@pytest.fixture(params=[(page, width) for page in ("preview", "mail") for width in WIDTHS], ids="-".join)
def page(browser: Browser, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Page]:
    which, width = request.param
    context = browser.new_context(viewport={"width": WIDTHS[width], "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    page.goto(pages[which].as_uri())
    yield page
    assert all(url.startswith("file://") for url in asked), "it asks nothing of the network"
    context.close()


def test_axe_finds_nothing_wrong(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_fits_its_width(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")


def test_every_wording_of_the_table_is_one_key_away(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["preview"].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the words"
    for link in page.locator("table th a").all():
        target = link.get_attribute("href")
        assert target is not None
        assert page.locator(f'[id="{target.removeprefix("#")}"]').count() == 1
    page.close()
