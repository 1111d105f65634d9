"""The service: health, read-only JSON, and the clock that sends what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

from nudge import __version__
from nudge.service.callbacks import router as callbacks
from nudge.service.clock import TICK_SECONDS, start_clock
from nudge.trial.records.delivery import LedgerCount
from nudge.trial.records.trials import TrialState
from nudge.workflow import standing
from nudge.workflow.desk import Desk


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
    _add_routes(app)
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

    # Forwarded headers are read where callbacks are checked, and only from proxies named in the settings.
    uvicorn.run(build_service(desk), host=host, port=port, log_level="info", proxy_headers=False)
