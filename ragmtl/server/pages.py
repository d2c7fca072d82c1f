"""The page for people: whole, or only what changes on it; and the login that it needs where there is a token."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ragmtl.errors import Error
from ragmtl.inspector.graph_view import graph_data
from ragmtl.inspector.markup import data_block
from ragmtl.inspector.page import sections, title_of
from ragmtl.prediction import Prediction
from ragmtl.server import html
from ragmtl.server.access import Access
from ragmtl.server.beside import side_by_side
from ragmtl.server.guard import COOKIE
from ragmtl.server.opened import Opened
from ragmtl.server.page_asked import PageAsked, WhyPageAsked
from ragmtl.server.plain import as_json
from ragmtl.server.reasons import reasons
from ragmtl.server.service import Service

_KEPT = "public, max-age=31536000, immutable"
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
Found = tuple[str, str, dict[str, object] | None]
"""Title, HTML, and what is drawn."""


def pages(service: Service, access: Access) -> APIRouter:
    """The routes of the page."""
    router = APIRouter(include_in_schema=False)
    _add_page(router, service)
    _add_files(router)
    if access.token:
        _add_login(router, access)
    return router


def _add_page(router: APIRouter, service: Service) -> None:
    @router.get("/")
    async def page(request: Request) -> Response:
        """The whole page."""
        try:
            asked = PageAsked.model_validate(_parameters(request))
            runs = _runs(service, asked)
            title, result, drawn = await _found(service, asked)
        except (Error, ValidationError) as error:
            said = str(error) if isinstance(error, Error) else "expected what the page itself would ask, found another"
            return HTMLResponse(
                html.live("ragmtl", PageAsked(), _runs(service, PageAsked()), html.complaint(said)), 422
            )
        block = "" if drawn is None else data_block("graph-data", drawn)
        return HTMLResponse(html.live(f"{title} \u00b7 ragmtl", asked, runs, result, block))

    @router.get("/fragment")
    async def fragment(asked: Annotated[PageAsked, Query()]) -> Response:
        """What changes on the page when something else is asked."""
        title, result, drawn = await _found(service, asked)
        return as_json({"title": f"{title} \u00b7 ragmtl", "html": result, "graph": drawn})

    @router.get("/fragment/why")
    async def why(asked: Annotated[WhyPageAsked, Query()]) -> Response:
        """What speaks for and against one answer."""
        opened = service.run(asked.run)
        query = asked.query(opened.predictor.index.graph)
        found = await service.why(opened.name, query, asked.choices(), asked.answer)
        return as_json({"html": reasons(found)})


def _parameters(request: Request) -> dict[str, object]:
    """The address of the page as its model reads it: sliders that were not moved are left out."""
    given = request.query_params
    lists: dict[str, object] = {name: given.getlist(name) for name in ("entity", "history") if name in given}
    return {name: value for name, value in given.items() if value} | lists


def _runs(service: Service, asked: PageAsked) -> list[Opened]:
    """The runs that are served, that which is asked first."""
    first = service.run(asked.run)
    return [first, *(one for one in service.opened if one is not first)]


async def _found(service: Service, asked: PageAsked) -> Found:
    opened = service.run(asked.run)
    if asked.is_empty:
        return opened.name, html.landing(opened), None
    names = [opened.name] + ([service.run(asked.beside).name] if asked.beside else [])
    found = await asyncio.gather(*(_predicted(service, name, asked) for name in names))
    title = title_of(found[0])
    if len(found) > 1:
        first, second = (asked.link(run=name, beside="") for name in names)
        return title, side_by_side((names[0], names[1]), (found[0], found[1]), (first, second)), None
    return title, sections(found[0]), await asyncio.to_thread(_drawn, found[0])


async def _predicted(service: Service, name: str, asked: PageAsked) -> Prediction:
    query = asked.query(service.run(name).predictor.index.graph)
    return await service.predict(name, query, asked.choices())


def _drawn(prediction: Prediction) -> dict[str, object] | None:
    return graph_data(prediction) if prediction.nodes else None


def _add_files(router: APIRouter) -> None:
    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        """A script or a style of the page; no other file can be asked for."""
        if name not in (*html.SCRIPTS, *html.STYLES):
            raise HTTPException(404, "Not Found")
        kind = _TYPES[name.rpartition(".")[2]]
        return Response(html.asset(name), media_type=kind, headers={"Cache-Control": _KEPT})


def _add_login(router: APIRouter, access: Access) -> None:
    @router.get("/login")
    async def ask(next: str = "/") -> Response:  # noqa: A002
        """Ask for the token."""
        return HTMLResponse(html.login(False, next))

    @router.post("/login")
    async def enter(request: Request) -> Response:
        """Remember a browser that has shown the token."""
        try:
            given = parse_qs((await request.body()).decode("utf-8"))
        except ValueError:
            raise RequestValidationError([]) from None
        target = given.get("next", ["/"])[0]
        if not access.admits(given.get("token", [""])[0]):
            return HTMLResponse(html.login(True, target), 401)
        response = RedirectResponse(target if _is_own(target) else "/", 303)
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, access.cookie, httponly=True, samesite="lax", secure=secure, path="/")
        return response


def _is_own(target: str) -> bool:
    """Whether an address leads to a page of this server: a path, and not one that a browser takes for a host."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
