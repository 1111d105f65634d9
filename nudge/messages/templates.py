"""Template folders: found, read and checked.

A template is a folder; each file in it is one variant, named by channel and language:
`sms.j2`, `email.j2`, `sms.cy.j2`. A file is a YAML head between `---` lines and a Jinja body.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from nudge.messages.asked import Asked, asked
from nudge.messages.lexicon import ALLOWABLE
from nudge.trial.load import validated
from nudge.trial.parts.fields import Part, Text, as_list
from nudge.trial.problems import Level, Problem, Problems, listed, nearest
from nudge.trial.records.messages import Evidence, Template
from nudge.trial.source import Source, parse_yaml, read_text
from nudge.trial.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FILE = re.compile(r"(sms|email|staff)(?:\.([a-z]{2}))?\.j2")
_HEAD = re.compile(r"---\n((?:.*?\n)?)---(?:\n(.*))?", re.DOTALL)
_SMS_SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}")
_EMAIL_SENDER = re.compile(r"[^<>@\s]+@[^<>@\s]+|[^<>@\n]*<[^<>@\s]+@[^<>@\s]+>")


Grade = Literal["strong", "good", "modest", "mixed", "thin", "none"]
_Texts = Annotated[tuple[Text, ...], BeforeValidator(as_list)]


class Known(Part):
    """What is known of a kind of wording: `evidence:` of a head."""

    grade: Grade
    because: Text
    sources: _Texts = ()


class Head(Part):
    """The YAML head of a template file.

    from_name: who the words say they are from, where that is not what the sender says.
    plain: a text's curly quotes and dashes go out as the plain signs that cost nothing. allows:
    what the checks would hold back and these words may say all the same, each with who agreed
    to it and why: a column such as `first_name`, or a kind of finding such as `service`.
    """

    channel: Literal["sms", "email", "staff"] | None = None
    language: str | None = None
    mechanism: _Texts = ()
    subject: str = ""
    sender: str = ""
    from_name: str = ""
    evidence: Known | None = None
    warnings: _Texts = ()
    research_only: bool = False
    sensitive: bool = False
    back_translation: Text | None = None
    plain: bool = False
    allows: dict[str, Text] = Field(default_factory=dict)


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
    files = sorted(file for file in folder.iterdir() if file.suffix == ".j2")
    if not files:
        problems.add(
            Problem(
                Level.ERROR,
                str(shown_as or folder),
                0,
                0,
                "",
                "holds no words",
                "add sms.j2, email.j2 or staff.j2 to it",
            )
        )  # fmt: skip
    for file in files:
        shown = f"{shown_as or folder}/{file.name}"
        match = _FILE.fullmatch(file.name)
        if match is None:
            problems.add(
                Problem(
                    Level.ERROR, shown, 0, 0, "", "is not named by channel and language",
                    "name it sms.j2, email.j2, staff.j2, or sms.cy.j2 …",
                )
            )  # fmt: skip
            continue
        text = read_text(file, shown, problems)
        variant = None if text is None else _read_variant(name, match[1], match[2] or "en", text, shown, problems)
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
    # The head begins on the file's second line, so one blank line keeps the line numbers right.
    source = parse_yaml("\n" + parts[1], Source(shown), problems)
    head = None if source.values is None else validated(Head, source, problems)
    body, first_line = parts[2] or "", parts[1].count("\n") + 3

    def flaw(line: int, what: str, remedy: str) -> None:
        problems.add(Problem(Level.ERROR, shown, line, 1, "", what, remedy))

    words = asked(body, lambda line, what, remedy: flaw(first_line + line - 1, what, remedy))
    if head is None or words is None:
        return None
    problems.extend(_head_problems(head, channel, language, source))
    if not body.strip():
        remedy = "write them below the second `---`"
        flaw(first_line, "has no words", remedy)
    place = source.place(("subject",))[0]
    title = asked(head.subject, lambda _, what, remedy: flaw(place, what, remedy)) or Asked()
    columns = words.columns | title.columns
    problems.extend(_allowed(head, columns, source))
    digest = hashlib.sha256(text.encode()).hexdigest()
    known = head.evidence
    return Template(
        name, channel, language, shown, head.subject, head.sender, head.mechanism, body.strip("\n"),
        columns, digest, Evidence(known.grade, known.because, known.sources) if known else None,
        head.warnings, head.research_only, head.sensitive, head.back_translation or "", head.plain, head.allows,
        first_line + len(body) - len(body.lstrip("\n")),
        head.from_name,
        {name: first_line + line - 1 for name, line in words.spoken.items()} | dict.fromkeys(title.spoken, place),
        {name: first_line + line - 1 for name, line in words.targets.items()} | dict.fromkeys(title.targets, place),
    )  # fmt: skip


def _head_problems(head: Head, channel: str, language: str, source: Source) -> Iterator[Problem]:
    def said(key: str, what: str, remedy: str, level: Level = Level.ERROR) -> Problem:
        return source.problem(level, (key,) if (key,) in source.places else (), what, remedy)

    for key, given, named in (("channel", head.channel, channel), ("language", head.language, language)):
        if given is not None and given != named:
            yield said(key, f"its head says `{given}`, its name says `{named}`", "rename the file or mend the head")
    if not head.sender:
        yield said("sender", "does not say who it is from", "add `sender:` to its head", Level.LAUNCH)
    elif channel == "sms" and not _SMS_SENDER.fullmatch(head.sender):
        yield said("sender", f"`{head.sender}` cannot be a text's sender", "use at most 11 letters, digits and spaces")
    elif channel == "email" and not _EMAIL_SENDER.fullmatch(head.sender):
        yield said(
            "sender", f"`{shortened(head.sender)}` cannot be an email's sender", "write `Elm Council <name@domain>`"
        )
    if head.research_only and head.evidence is None:
        yield said(
            "research_only", "is marked research only without saying why", "add `evidence: {grade: none, because: …}`"
        )
    if channel == "email" and not head.subject:
        yield said("subject", "is an email without a subject", "add `subject:` to its head")


def _allowed(head: Head, columns: frozenset[str], source: Source) -> Iterator[Problem]:
    """What a wording may be allowed to say is a kind of finding or one of its columns."""
    known = [*ALLOWABLE, *sorted(columns)]
    for name in head.allows:
        if name not in known:
            guess = nearest(name, known)
            yield source.problem(
                Level.ERROR, ("allows", name), f"`{name}` is nothing that a check holds back",
                f"did you mean `{guess}`?" if guess else f"name {listed(known, 'or')}",
            )  # fmt: skip


def template_from_lock(kept: Mapping[str, str]) -> Template:
    """A template out of the text that its lock keeps."""
    return Template(
        kept["name"], kept["channel"], kept["language"], kept["file"], kept["subject"], kept["sender"], (),
        kept["body"], frozenset(), kept["digest"], plain=kept.get("plain") == "yes",
    )  # fmt: skip
