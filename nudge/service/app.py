"""The service: health, read-only JSON, and the clock that sends what is due."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from nudge import __version__
from nudge.service.callbacks import router as callbacks
from nudge.service.clock import TICK_SECONDS, start_clock
from nudge.service.opening import link_router
from nudge.service.unsubscribe import router as unsubscribe
from nudge.trial.errors import InputError, NudgeError
from nudge.trial.records.delivery import LedgerCount
from nudge.trial.records.trials import TrialState
from nudge.workflow.allocating import enrolling
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching import standing
from nudge.workflow.dispatching.linking import link_path


class Health(BaseModel):
    """Whether the service can do its work."""

    status: str
    version: str
    clock: bool
    """Whether the clock is ticking."""


class Problem(BaseModel):
    """What is wrong, as FastAPI says it."""

    detail: str


def build_service(desk: Desk, *, clock: bool = True, tick_seconds: float = TICK_SECONDS) -> FastAPI:
    """The application on one database; `clock` sends what is due while it runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.scheduler = start_clock(desk, tick_seconds) if clock else None
        yield
        if app.state.scheduler is not None:
            app.state.scheduler.shutdown(wait=True)

    app = FastAPI(title="Nudge", version=__version__, lifespan=lifespan, openapi_url="/api/v1/openapi.json")
    app.state.desk = desk
    app.include_router(callbacks)
    app.include_router(unsubscribe)
    _refusals(app)
    _add_routes(app)
    path = link_path(desk.settings.link_base_url)
    if path is not None:
        app.include_router(link_router(path))  # last: at the root it would answer for the others
    return app


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


def _known(name: str, desk: AtDesk) -> TrialState:
    state = standing.find_trial(desk, name)
    if state is None:
        raise HTTPException(404, f"this database holds no trial `{name}`; lock it with nudge lock FILE")
    return state


Known = Annotated[TrialState, Depends(_known)]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "no such trial"}}
_WRITING = _NOT_FOUND | {
    401: {"model": Problem, "description": "no token, or another one"},
    403: {"model": Problem, "description": "writing is off"},
    409: {"model": Problem, "description": "the trial does not take families now"},
}


class Arrivals(BaseModel):
    """Families who come: a value per column of the roll."""

    rows: Annotated[list[dict[str, str | int | float | bool | None]], Field(min_length=1, max_length=10_000)]


class Enrolment(BaseModel):
    """What became of them."""

    new: dict[str, str]
    """Units enrolled now, with their arms."""
    already: int
    joined: int
    left_out: dict[str, int]
    messages: int


_bearer = HTTPBearer(auto_error=False)


def _may_write(desk: AtDesk, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
    token = desk.settings.api_token
    if token is None:
        raise HTTPException(403, "writing through the API is off; set NUDGE_API_TOKEN to turn it on")
    if shown is None or not secrets.compare_digest(shown.credentials.encode(), token.get_secret_value().encode()):
        raise HTTPException(401, "send the API token as `Authorization: Bearer …`")


def _refusals(app: FastAPI) -> None:
    """Errors a person can cause, as JSON with the sentence that the command line would say."""

    @app.exception_handler(NudgeError)
    def refused(_request: Request, error: NudgeError) -> JSONResponse:
        status = 422 if isinstance(error, InputError) else 409
        return JSONResponse({"detail": str(error)}, status_code=status)


def _add_routes(app: FastAPI) -> None:
    """Handlers that touch the store are plain functions, which FastAPI runs in threads."""

    @app.get("/health")
    def health(request: Request, desk: AtDesk) -> Health:
        standing.find_trials(desk)
        scheduler = request.app.state.scheduler
        return Health(status="ok", version=__version__, clock=scheduler is not None and scheduler.running)

    @app.get("/api/v1/trials")
    def trials(desk: AtDesk) -> list[TrialState]:
        return standing.find_trials(desk)

    @app.get("/api/v1/trials/{name}", responses=_NOT_FOUND)
    def trial(known: Known) -> TrialState:
        return known

    @app.get("/api/v1/trials/{name}/allocation", responses=_NOT_FOUND)
    def allocation(known: Known, desk: AtDesk) -> dict[str, int]:
        """Units by arm."""
        return standing.allocation_of(desk, known.name)

    @app.post("/api/v1/trials/{name}/enrol", responses=_WRITING, dependencies=[Depends(_may_write)])
    def enrol(known: Known, arrivals: Arrivals, desk: AtDesk) -> Enrolment:
        """Give families who come one by one their arms; those who came before keep theirs."""
        done = enrolling.enrol_rows(known.name, arrivals.rows, desk)
        return Enrolment(
            new=dict(done.new), already=done.already, joined=done.joined, left_out=done.left_out,
            messages=done.messages,
        )  # fmt: skip

    @app.get("/api/v1/trials/{name}/ledger", responses=_NOT_FOUND)
    def ledger(known: Known, desk: AtDesk) -> list[LedgerCount]:
        """Messages by arm, channel and state."""
        return standing.ledger_of(desk, known.name)

    @app.get("/api/v1/trials/{name}/results", responses=_NOT_FOUND)
    def results(known: Known, desk: AtDesk) -> dict[str, Any]:
        """The newest results, as results.json holds them."""
        content = standing.results_of(desk, known.name)
        if content is None:
            raise HTTPException(404, f"{known.name} has not been analysed; run nudge analyse FILE")
        return dict(content)


def run_service(desk: Desk, host: str, port: int) -> None:
    """Serve until stopped; a group of messages on the wire is finished and recorded first."""
    import uvicorn

    # An access log would hold the addresses of families who open a link, and which link each opened.
    # Forwarded headers are read where callbacks are checked, and only from proxies named in the settings.
    uvicorn.run(build_service(desk), host=host, port=port, log_level="info", proxy_headers=False, access_log=False)
