"""Short addresses in messages: each opening is written down, and leads where the lock says.

No cookie is set and no network address is kept. Answers are given after the commit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from nudge.workflow.desk import Desk
from nudge.workflow.hearing.opening import open_link

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_PAGE = _PRIVATE | {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
}


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


@lru_cache(maxsize=1)
def _unknown_page() -> str:
    environment = Environment(loader=PackageLoader("nudge.service"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("unknown_link.html.j2").render()


def link_router(path: str) -> APIRouter:
    """The addresses below a path, where links in messages begin."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(f"{path}/{{identifier}}", methods=["GET", "HEAD"])
    def follow(identifier: str, request: Request, desk: AtDesk) -> Response:
        target = open_link(desk, identifier, request.method, request.headers.get("User-Agent", ""))
        if target is None:
            return HTMLResponse(_unknown_page(), 404, _PAGE)
        return RedirectResponse(target, 302, _PRIVATE)

    return router
