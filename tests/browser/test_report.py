"""The report in a real browser: readable by everyone, on a desk and on a phone, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from nudge.workflow.acting.demonstration import run_demonstration
from tests.support.browser import chromium

pytestmark = pytest.mark.needs("browser")
WIDTHS = {"desktop": 1100, "phone": 360}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return run_demonstration(tmp_path_factory.mktemp("demo") / "nudge-demo", lambda *_: None).reports


@pytest.fixture(scope="module")
def browser(reports: tuple[Path, Path]) -> Iterator[Browser]:  # made first: Playwright brings a loop of its own
    with chromium() as running:
        yield running


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    yield page
    assert all(url.startswith("file://") for url in asked), "a report asks nothing of the network"
    context.close()


@pytest.mark.parametrize("which", [0, 1], ids=["replication", "council"])
def test_axe_finds_nothing_wrong(page: Page, reports: tuple[Path, Path], which: int) -> None:
    page.goto(reports[which].as_uri())
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("which", [0, 1], ids=["replication", "council"])
def test_the_page_fits_its_width(page: Page, reports: tuple[Path, Path], which: int) -> None:
    page.goto(reports[which].as_uri())
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("window.innerWidth")


def test_the_answer_comes_first_and_can_be_reached_by_keyboard(page: Page, reports: tuple[Path, Path]) -> None:
    page.goto(reports[1].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#answer"
    assert page.locator("h2").first.text_content() == "The answer"


def test_figures_have_words_for_those_who_do_not_see_them(page: Page, reports: tuple[Path, Path]) -> None:
    page.goto(reports[1].as_uri())
    label = page.locator("figure.plot").first.get_attribute("aria-label") or ""
    assert "reminder − usual: +8.1 points (3.1 to 13.2)" in label


def test_it_prints_on_a_few_pages(browser: Browser, reports: tuple[Path, Path]) -> None:
    page = browser.new_page()
    page.goto(reports[1].as_uri())
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert 3 <= pdf.count(b"/Type /Page\n") <= 12
    page.close()
