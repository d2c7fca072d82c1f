"""The application: routes, behind a gate, counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from ragmtl import __version__
from ragmtl.server.access import Access
from ragmtl.server.api import api
from ragmtl.server.guard import Guard
from ragmtl.server.metrics import Metered
from ragmtl.server.pages import pages
from ragmtl.server.problems import tell_problems
from ragmtl.server.service import Service


def create_app(service: Service, access: Access) -> FastAPI:
    """The ASGI application that serves some runs.

    Args:
        service: Answers; its runs are opened, unless they are, when the application starts.
        access: Who may ask.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if not service.ready:
            service.open()
        yield
        await service.close()

    app = FastAPI(
        title="ragmtl",
        version=__version__,
        description="Answers of a run of ragmtl, and the evidence behind them.",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(Metered, metrics=service.metrics),
            Middleware(Guard, access=access, limits=service.limits),
        ],
    )
    tell_problems(app)
    app.include_router(api(service))
    app.include_router(pages(service, access))
    return app
