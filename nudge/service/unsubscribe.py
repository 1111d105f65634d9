"""One click ends the messages (RFC 8058); a page with a button for whoever follows the address in a browser.

A mail program posts and needs no answer. A GET only shows the page: link scanners open every
address, and one that ended messages at a GET has unsubscribed a whole domain. The page works
without JavaScript, by keyboard, names no child, service or council, and asks for no login.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from nudge.workflow.desk import Desk
from nudge.workflow.hearing.objecting import unsubscribe, unsubscribe_language

router = APIRouter(include_in_schema=False)

_PRIVATE = {
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}  # fmt: skip

_WORDS = {
    "en": {
        "ask": ("Stop these messages", ["Press the button and you will get no more of these messages.",
                                        "It changes nothing else: appointments and services stay as they are."],
                "Stop the messages"),
        "done": ("You will get no more of these messages",
                 ["It is done. You need do nothing else.",
                  "If you change your mind, tell the team that wrote to you."], ""),
        "unknown": ("This address is not complete",
                    ["Copy the whole address from the message, or answer the message with the word STOP."], ""),
    },
    "cy": {
        "ask": ("Atal y negeseuon hyn", ["Pwyswch y botwm ac ni chewch fwy o'r negeseuon hyn.",
                                         "Nid yw'n newid dim arall: mae apwyntiadau a gwasanaethau fel yr oeddent."],
                "Atal y negeseuon"),
        "done": ("Ni chewch fwy o'r negeseuon hyn",
                 ["Mae wedi'i wneud. Nid oes angen i chi wneud dim arall.",
                  "Os newidiwch eich meddwl, dywedwch wrth y t\u00eem a ysgrifennodd atoch."], ""),
    },
}  # fmt: skip


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("nudge.service"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _page(what: str, language: str | None) -> HTMLResponse:
    """A page in the family's language, English where there are no words in it."""
    spoken = language if language in _WORDS else "en"
    title, lines, button = _WORDS[spoken or "en"][what]
    page = _environment().get_template("unsubscribe.html.j2")
    html = page.render(language=spoken, title=title, lines=lines, button=button)
    return HTMLResponse(html, 404 if what == "unknown" else 200, _PRIVATE)


@router.get("/unsubscribe/{token}")
def ask(token: str, desk: AtDesk) -> HTMLResponse:
    """Ask; nothing is changed by looking."""
    language = unsubscribe_language(desk, token)
    return _page("unknown" if language is None else "ask", language)


@router.post("/unsubscribe/{token}")
def end(token: str, desk: AtDesk) -> HTMLResponse:
    """End the messages, by the button or by a mail program's one click; again, it is as it was."""
    language = unsubscribe(desk, token)
    return _page("unknown" if language is None else "done", language)
