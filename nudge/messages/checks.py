"""What may be wrong with words as a family would read them: each a sentence with a remedy.

Levels: what domain.md §4 makes a rule that protects families stands before a launch; what only
costs money or clarity is advice. A template's head may allow some of it (`allows:`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from nudge.messages.lexicon import PRIVATE, SHORTENERS, STOP, TONE, VAGUE, pattern, way_to_stop
from nudge.messages.reading import LONGEST_SENTENCE, OLDEST, reading
from nudge.trial.problems import Level, listed
from nudge.trial.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.records.messages import Template, Words

LONGEST_ADDRESS = 40
"""Characters of an address in a text (a choice; NCSC advice to the NHS: no long, deep links)."""
_FIRST_WORDS = 12
"""Characters that may stand before the name: a greeting."""
_ADDRESS = re.compile(
    r"(?<![@\w.-])(?:https?://[^\s<>()\"]+|(?:[\w-]+\.)+[a-z]{2,}/[^\s<>()\"]*|www\.[^\s<>()\"]+)", re.IGNORECASE
)
_ANCHOR = re.compile(r"<a href=\"([^\"]*)\"[^>]*>(.*?)</a>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing wrong with words. phrase: where it can be found in the template."""

    kind: str
    level: Level
    what: str
    remedy: str
    phrase: str = ""


def remarks(template: Template, words: Words) -> Iterator[Remark]:
    """Everything to be said of one wording as one family reads it; what its head allows is left out."""
    for remark in _all(template, words):
        if remark.kind not in template.allows:
            yield remark


def _all(template: Template, words: Words) -> Iterator[Remark]:
    yield from _tone(template, words)
    if template.channel == "staff":  # said by a person, who is not read
        return
    yield from _sender(template, words)
    yield from _stop(template, words)
    yield from _readable(template, words)
    if template.channel == "sms":
        yield from _private(template, words)
        yield from _short_links(words)
    else:
        yield from _link_words(words)


def _plainly(text: str) -> str:
    return text.replace("’", "'")


_WRONG = {
    "threat": ("threatens", "say what the family gains, and leave the rest to a person"),
    "shame": ("blames or shames", "say what can be done now"),
    "scarcity": ("makes it scarce or urgent", "leave it out, unless it is true and someone agreed to it"),
    "norm": ("says what others do", "leave it out, or give the arm `norm: {share: 82%, source: …, dated: 2026-03}`"),
    "comparison": ("compares a family with people it may know", "compare with nobody"),
    "service": ("names a service", "leave it out of texts: others read them on a shared phone"),
    "need": ("names a need", "leave it out of texts: others read them on a shared phone"),
    "address": ("names an address", "leave it out of texts: others read them on a shared phone"),
}


def _tone(template: Template, words: Words) -> Iterator[Remark]:
    said = _plainly(f"{words.subject}\n{words.text}")
    for kind in TONE:
        yield from _listed(kind, template, said)


def _private(template: Template, words: Words) -> Iterator[Remark]:
    said = _plainly(f"{words.sender}\n{words.text}")
    for kind in PRIVATE:
        yield from _listed(kind, template, said)


def _listed(kind: str, template: Template, said: str) -> Iterator[Remark]:
    """The first words of one kind that the lists know."""
    expression = pattern(kind, template.language)
    found = expression.search(said) if expression else None
    if found is None:
        return
    what, remedy = _WRONG[kind]
    allowed = f", or say in the head who agreed to it: `allows: {{{kind}: …}}`" if kind != "norm" else ""
    yield Remark(kind, Level.LAUNCH, f"{what}: `{found[0]}`", f"{remedy}{allowed}", found[0])


def _sender(template: Template, words: Words) -> Iterator[Remark]:
    """A text is often sent from a number; an email shows the name beside its address."""
    if not template.sender:
        return  # the head's own check says so
    if template.channel == "email":
        if not re.match(r"\s*[^<>@]*[^\W\d_][^<>@]*<", template.sender):
            yield Remark(
                "sender", Level.LAUNCH, f"comes from `{template.sender}`, an address without a name",
                "write `sender: Elm Council <name@domain>`",
            )  # fmt: skip
        return
    name = template.from_name or template.sender
    if not any(char.isalpha() for char in name):
        yield Remark(
            "sender", Level.LAUNCH, f"is from `{name}`, which names nobody",
            "begin with who it is from, such as `Elm Council: …`, and add `from_name: Elm Council` to its head",
        )  # fmt: skip
    elif _letters(name) not in _letters(words.text[: len(name) + _FIRST_WORDS]):
        yield Remark(
            "sender", Level.LAUNCH,
            f"does not begin with who it is from (`{name}`), and many phones show only a number",
            f"begin with `{name}: …`, or say in the head by what name it begins: `from_name: …`",
        )  # fmt: skip


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _stop(template: Template, words: Words) -> Iterator[Remark]:
    if way_to_stop(template.language).search(_plainly(words.text)):
        return
    if template.language in STOP:
        yield Remark(
            "stop", Level.LAUNCH, "names no way to stop", "add one, such as `To stop these texts, call 01632 960123.`"
        )
    else:
        yield Remark(
            "stop", Level.LAUNCH, f"is in `{template.language}` and does not hold the word STOP",
            "name a way to stop, with STOP as the word to answer",
        )  # fmt: skip


def _readable(template: Template, words: Words) -> Iterator[Remark]:
    measured = reading(words.text, template.language)
    most = OLDEST[template.channel]
    if measured.age is not None and measured.age > most:
        yield Remark(
            "reading_age", Level.LAUNCH, f"asks for a reading age of about {measured.age}, above {most}",
            "use shorter words and sentences, or say in the head who agreed to it: `allows: {reading_age: …}`",
        )  # fmt: skip
    if measured.words > LONGEST_SENTENCE:
        yield Remark(
            "long_sentence", Level.LAUNCH,
            f"has a sentence of {measured.words} words, above {LONGEST_SENTENCE}: `{shortened(measured.longest)}`",
            "make two of it, or say in the head who agreed to it: `allows: {long_sentence: …}`", measured.longest[:20],
        )  # fmt: skip


def _short_links(words: Words) -> Iterator[Remark]:
    for found in _ADDRESS.findall(words.text):
        address = found.rstrip(".,;:!?")
        if any(identifier in address for identifier in words.links.values()):
            if len(address) > LONGEST_ADDRESS:
                yield Remark(
                    "link", Level.ADVICE, f"links by an address of {len(address)} characters, `{address}`",
                    "set a shorter NUDGE_LINK_BASE_URL", "link(",
                )  # fmt: skip
            continue
        yield from _address(address)


def _address(address: str) -> Iterator[Remark]:
    """Flaws of an address that stands in a text as it is."""
    host, _, path = re.sub(r"^https?://", "", address).partition("/")
    flaws = [
        *(["not https"] if address.startswith("http:") else []),
        *([f"{len(address)} characters long"] if len(address) > LONGEST_ADDRESS else []),
        *(["deep"] if path.strip("/").count("/") or "?" in path or "#" in path else []),
        *(["of a service that hides where it leads"] if host.lower() in SHORTENERS else []),
    ]
    if flaws:
        yield Remark(
            "link", Level.LAUNCH, f"holds the address `{shortened(address)}`, which is {listed(flaws)}",
            "declare it under `links:` in the trial file and write `{{ link('NAME') }}`", address,
        )  # fmt: skip


def _link_words(words: Words) -> Iterator[Remark]:
    for target, inner in _ANCHOR.findall(words.html):
        address, said = unescape(target), " ".join(unescape(inner).split())
        if said.casefold().strip(".") in VAGUE:
            yield Remark(
                "link", Level.LAUNCH, f"has a link that says only `{said}`",
                "say where it leads, such as `[Book a time](…)`", said,
            )  # fmt: skip
        if said == address and len(address) > LONGEST_ADDRESS:
            yield Remark(
                "link", Level.LAUNCH, f"shows the long address `{shortened(address)}`",
                "give it words, such as `[Book a time](…)`", address,
            )  # fmt: skip
    for address in re.findall(r"http://\S+", words.text):
        yield Remark(
            "link", Level.LAUNCH, f"holds the address `{shortened(address)}`, which is not https", "write https://…",
            address,
        )  # fmt: skip
