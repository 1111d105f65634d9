"""The page behind a link we never sent, in a real browser on a small phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import ViewportSize

from nudge.service.app import build_service
from tests.support.browser import chromium
from tests.support.trials import Bench

pytestmark = pytest.mark.needs("browser")
PHONE: ViewportSize = {"width": 320, "height": 640}


def test_the_page_of_an_unknown_link_fits_a_phone_and_is_accessible(tmp_path: Path) -> None:
    desk = Bench(tmp_path).desk(link_base_url="https://go.example.org")
    with TestClient(build_service(desk, clock=False)) as client:
        answer = client.get("/0000000000000")
    with chromium() as browser:
        page = browser.new_context(viewport=PHONE).new_page()
        page.set_content(answer.text)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.locator("h1").text_content() == "This link does not work"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
