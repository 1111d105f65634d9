"""Template folders: found, read and checked.

A template is a folder; each file in it is one variant, named by channel and language:
`sms.j2`, `email.j2`, `sms.cy.j2`. A file is a YAML head between `---` lines and a Jinja body.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated, Literal

from jinja2 import TemplateSyntaxError, meta
from pydantic import BeforeValidator, ValidationError

from nudge.messages.render import environment
from nudge.trial.model import Part
from nudge.trial.problems import Level, Problem, Problems, listed, nearest
from nudge.trial.records.messages import Template
from nudge.trial.source import Source, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FILE = re.compile(r"(sms|email)(?:\.([a-z]{2}))?\.j2")
_HEAD = re.compile(r"---\r?\n(.*?)\r?\n---\r?\n(.*)", re.DOTALL)
_SENDER_LENGTH = 11


class Head(Part):
    """The YAML head of a template file."""

    channel: Literal["sms", "email"] | None = None
    language: str | None = None
    mechanism: Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)] = ()
    subject: str = ""
    sender: str = ""


def find_template(name: str, folders: Sequence[Path]) -> Path | None:
    """The first folder of that name."""
    return next((folder / name for folder in folders if (folder / name).is_dir()), None)


def template_names(folders: Sequence[Path]) -> list[str]:
    """Every template in these folders."""
    found = {str(file.parent.relative_to(folder)) for folder in folders for file in folder.rglob("*.j2")}
    return sorted(found)


def read_template(name: str, folder: Path, problems: Problems, shown_as: str | None = None) -> list[Template]:
    """Every variant in a template's folder."""
    variants: list[Template] = []
    for file in sorted(folder.iterdir()):
        shown = f"{shown_as or folder}/{file.name}"
        match = _FILE.fullmatch(file.name)
        if match is None:
            if file.suffix == ".j2":
                problems.add(
                    Problem(
                        Level.ERROR, shown, 0, 0, "", "is not named by channel and language",
                        "name it sms.j2, email.j2, sms.cy.j2 or email.cy.j2",
                    )
                )  # fmt: skip
            continue
        variant = _read_variant(name, match[1], match[2] or "en", file.read_text(encoding="utf-8"), shown, problems)
        if variant is not None:
            variants.append(variant)
    return variants


def _read_variant(name: str, channel: str, language: str, text: str, shown: str, problems: Problems) -> Template | None:
    parts = _HEAD.fullmatch(text)
    if parts is None:
        problems.add(
            Problem(
                Level.ERROR, shown, 1, 1, "", "does not begin with a head",
                "begin with a line `---`, then `sender: …`, then another line `---`",
            )
        )  # fmt: skip
        return None
    head = _read_head(parts[1], shown, problems)
    variables = _variables(parts[2], parts[1].count("\n") + 3, shown, problems)
    if head is None or variables is None:
        return None
    variables |= _variables(head.subject, 1, shown, problems) or frozenset()
    problems.extend(_head_problems(head, channel, language, shown))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Template(
        name, channel, language, shown, head.subject, head.sender, head.mechanism, parts[2].strip("\n"),
        variables, digest,
    )  # fmt: skip


def _read_head(text: str, shown: str, problems: Problems) -> Head | None:
    # The head begins on the file's second line, so one blank line keeps the line numbers right.
    source = parse_yaml("\n" + text, Source(shown), problems)
    if source.values is None:
        return None
    try:
        return Head.model_validate(source.values)
    except ValidationError as error:
        for detail in error.errors():
            key = str(detail["loc"][0]) if detail["loc"] else ""
            if detail["type"] == "extra_forbidden":
                guess = nearest(key, Head.model_fields)
                remedy = f"did you mean `{guess}`?" if guess else f"known: {listed(Head.model_fields)}"
                problems.add(source.problem(Level.ERROR, (key,), f"`{key}` is not a known key", remedy))
            else:
                problems.add(source.problem(Level.ERROR, (key,), f"`{key}` is not what is expected", "see the guide"))
        return None


def _variables(body: str, first_line: int, shown: str, problems: Problems) -> frozenset[str] | None:
    """The names a body asks for; None where it cannot be read."""
    try:
        return frozenset(meta.find_undeclared_variables(environment().parse(body)))
    except TemplateSyntaxError as error:
        problems.add(
            Problem(
                Level.ERROR, shown, first_line + error.lineno - 1, 1, "",
                f"cannot be read as a template ({error.message})", "look for an unclosed {{ or {%",
            )
        )  # fmt: skip
        return None


def _head_problems(head: Head, channel: str, language: str, shown: str) -> Iterator[Problem]:
    def said(what: str, remedy: str, level: Level = Level.ERROR) -> Problem:
        return Problem(level, shown, 2, 1, "", what, remedy)

    for key, given, named in (("channel", head.channel, channel), ("language", head.language, language)):
        if given is not None and given != named:
            yield said(f"its head says {key} `{given}`, its name says `{named}`", "rename the file or mend the head")
    if not head.sender:
        yield said("does not say who it is from", "add `sender:` to its head", Level.LAUNCH)
    elif channel == "sms" and not re.fullmatch(rf"[A-Za-z0-9 ]{{1,{_SENDER_LENGTH}}}", head.sender):
        yield said(f"`{head.sender}` cannot be a text's sender", "use at most 11 letters, digits and spaces")
    if channel == "email" and not head.subject:
        yield said("is an email without a subject", "add `subject:` to its head")


def template_from_lock(kept: Mapping[str, str]) -> Template:
    """A template out of the text that its lock keeps."""
    return Template(
        kept["name"], kept["channel"], kept["language"], kept["file"], kept["subject"], kept["sender"], (),
        kept["body"], frozenset(), kept["digest"],
    )  # fmt: skip
