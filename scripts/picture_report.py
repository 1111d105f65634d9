"""Draws docs/report.png: the top of the demonstration's council report, as a reader meets it.

Run `nudge demo` first, then: python scripts/picture_report.py
"""

from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.goto((Path("nudge-demo") / "reports" / "two-year-review.html").absolute().as_uri())
    page.screenshot(path=ROOT / "docs" / "report.png")
    browser.close()
