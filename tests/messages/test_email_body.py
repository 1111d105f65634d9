"""An email's two parts from one source: markup is the template's, names are never markup, and both arrive whole."""

from __future__ import annotations

import asyncio
import re
import string
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from html.parser import HTMLParser

import aiosmtplib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.messages.clean import holds_address, one_line
from nudge.messages.guard import guarded, unguarded
from nudge.messages.render import RenderError, render
from nudge.trial.records.messages import Words
from tests.messages.wordings import template
from tests.support.smtp import smtp_server


class Read(HTMLParser):
    """A page as a mail reader sees it: its elements, links and words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes[tag] = dict(attrs)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data)


def email(body: str, name: str = "Ada", language: str = "en") -> Words:
    made = template(body, subject="For {{ name }}", channel="email", language=language)
    return render(made, {"name": name}, "H1")


SOURCE = """# Your visit

Hello {{ name }},
see you soon.

- bring the red book
- come early

1. Go in
2. Ask

[Book a time](https://example.org/b) or https://example.org/c. Or [call](tel:01632960123).
"""


def test_one_source_gives_both_parts() -> None:
    made = email(SOURCE)
    read = Read(made.html)
    assert [one for one in read.elements if one in {"h1", "h2", "p", "ul", "ol", "li", "a", "br"}] == [
        "h1", "h2", "p", "br", "ul", "li", "li", "ol", "li", "li", "p", "a", "a", "a",
    ]  # fmt: skip
    assert made.text == (
        "Your visit\n\nHello Ada,\nsee you soon.\n\n- bring the red book\n- come early\n\n1. Go in\n2. Ask\n\n"
        "Book a time: https://example.org/b or https://example.org/c. Or call: 01632960123."
    )


def test_the_page_says_its_language_its_direction_and_its_subject() -> None:
    for language, direction in (("en", "ltr"), ("cy", "ltr"), ("ur", "rtl"), ("ar", "rtl")):
        read = Read(email("Hello", language=language).html)
        for element in ("html", "main"):
            assert (read.attributes[element]["lang"], read.attributes[element]["dir"]) == (language, direction)
        assert read.words[:2] == ["For Ada", "For Ada"]


def test_styles_stand_at_their_elements_and_nowhere_else() -> None:
    made = email(SOURCE)
    read = Read(made.html)
    assert "style" not in read.elements
    for element in ("main", "h1", "p", "a", "li"):
        assert read.attributes[element]["style"]


TRICKS = {
    "an element": "<script>alert(1)</script>",
    "an attribute": '" onmouseover="x',
    "an entity": "&lt;b&gt; &amp;",
    "a heading": "# Ann",
    "an item": "- Ann",
    "a step": "1. Ann",
    "a link": "[click](tel:09098790000)",
    "half a link": "[click](",
    "braces": "{{ 7 * 7 }} {% if x %}",
    "a new line": "Ann\n\n# Heading\n- item",
    "a header": "Ann\r\nBcc: all@example.org",
    "a turn of direction": "\u202eAnn\u202c",
    "a character kept for the guard": "Ann\ue023 \ue03c",
}


@pytest.mark.parametrize("name", TRICKS.values(), ids=TRICKS)
def test_a_name_is_never_markup(name: str) -> None:
    said = one_line(name)
    made = email("{{ name }}\n\nGoodbye", name)
    read = Read(made.html)
    assert [one for one in read.elements if one not in {"html", "head", "meta", "title", "body", "main"}] == [
        "h1", "p", "p",
    ]  # fmt: skip
    assert read.words == [f"For {said}", f"For {said}", said, "Goodbye"]
    assert (made.subject, made.text) == (f"For {said}", f"{said}\n\nGoodbye")


@given(st.text(max_size=80))
@settings(deadline=None)
def test_whatever_a_name_holds_the_elements_are_the_templates(name: str) -> None:
    try:
        made = email("- {{ name }}.\n\n[Book {{ name }}](https://example.org/b)", name)
    except RenderError as error:
        assert "holds a web address" in str(error)  # noqa: PT017 - either it is refused, or it changes nothing
        return
    read = Read(made.html)
    assert read.elements == ["html", "head", "meta", "meta", "title", "body", "main", "h1", "ul", "li", "p", "a"]
    assert read.attributes["a"]["href"] == "https://example.org/b"
    assert one_line(name) in "".join(read.words)


@given(st.text(string.printable, max_size=60))
def test_the_guard_gives_back_what_it_took(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not set(guarded(text)) & set(string.punctuation)


@pytest.mark.parametrize("name", ["https://evil.example", "www.evil.example", "win.com", "see bit.ly/x", "x://y"])
def test_a_name_that_a_phone_would_make_a_link_of_is_refused(name: str) -> None:
    with pytest.raises(RenderError, match="`name` holds a web address: a link must be one of `links:`"):
        render(template("Hello {{ name }}"), {"name": name}, "H1")


@pytest.mark.parametrize("name", ["St. Mary's", "J.R. O'Neill", "Dr.Ada", "ada@example.org", "10:30", "A. Comer"])
def test_a_name_with_a_dot_is_a_name(name: str) -> None:
    assert not holds_address(name)
    assert render(template("Hello {{ name }}"), {"name": name}, "H1").text == f"Hello {name}"


def mail_of(words: Words) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Elm <elm@example.org>", "family@example.org", words.subject
    mail.set_content(words.text, charset="utf-8", cte="quoted-printable")
    mail.add_alternative(words.html, subtype="html", charset="utf-8", cte="quoted-printable")
    return mail


def parts(content: bytes) -> tuple[str, str, str]:
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return str(mail["Subject"]), text.get_content(), html.get_content()


@given(st.text(max_size=120), st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_both_parts_and_the_subject_survive_a_mail_parser(name: str, rest: str) -> None:
    body = "Hello {{ name }},\n\n" + re.sub(r"[{}%#\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", "", rest)
    try:
        words = email(body, name)
    except RenderError:
        return
    subject, text, html = parts(mail_of(words).as_bytes())
    assert subject == words.subject.strip()
    assert text.splitlines() == words.text.splitlines()
    assert Read(html).words == Read(words.html).words


def test_both_parts_arrive_whole_through_a_real_server() -> None:
    words = email(SOURCE, "Zoë <b>O’Neill</b> & فاطمة\r\nBcc: all@example.org")
    with smtp_server() as mailbox:
        asyncio.run(aiosmtplib.send(mail_of(words), hostname="127.0.0.1", port=mailbox.port))
        (taken,) = mailbox.taken
    subject, text, html = parts(taken.as_bytes())
    assert taken["Bcc"] is None
    assert (subject, text.rstrip("\n")) == (words.subject, words.text)
    assert Read(html).words == Read(words.html).words
    assert taken.get_content_type() == "multipart/alternative"
