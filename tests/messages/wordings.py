"""Template folders on disk and templates in memory, as the tests of this folder want them."""

from __future__ import annotations

from pathlib import Path

from nudge.messages.templates import read_template
from nudge.trial.problems import Problems
from nudge.trial.records.messages import Template

SMS = "---\nsender: ElmCouncil\n---\nYour visit is on {{ visit }}.\n"
EMAIL = "---\nsender: Elm <elm@example.org>\nsubject: Your visit\n---\nHello,\n\nyour visit is on {{ visit }}.\n"


def read(folder: Path, **files: str | bytes) -> tuple[list[Template], list[str]]:
    """A template folder with these files (`sms_cy` is sms.cy.j2), and what is said of it."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / f"{name.replace('_', '.')}.j2"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = Problems()
    found = read_template("visit", folder, problems, shown_as="visit")
    return found, [str(problem) for problem in problems]


def template(body: str, *, subject: str = "", language: str = "en", channel: str = "sms") -> Template:
    """One wording, as if read from visit/sms.j2."""
    return Template(
        name="visit", channel=channel, language=language, file=f"visit/{channel}.j2", subject=subject,
        sender="ElmCouncil", mechanism=(), body=body, variables=frozenset(), digest="",
    )  # fmt: skip
