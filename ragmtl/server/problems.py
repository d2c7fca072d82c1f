"""Errors of the API: problem details in JSON (RFC 9457), never a traceback.

{"type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "expected …, found …", "errors": […]}
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ragmtl.errors import Error

log = logging.getLogger("ragmtl.server")


class Place(BaseModel):
    """What is wrong at one place of a request."""

    where: str
    message: str


class Problem(BaseModel):
    """What went wrong with a request."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Place] = []


class BusyError(Exception):
    """More requests wait than may."""


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, errors: Sequence[Place] = ()
) -> Response:
    """A response that says what went wrong."""
    content = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    body = json.dumps(content.model_dump())
    return Response(body, status, headers=headers, media_type="application/problem+json")


def tell_problems(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Error, _refused)
    app.add_exception_handler(BusyError, _busy)
    app.add_exception_handler(TimeoutError, _late)
    app.add_exception_handler(Exception, _failed)


async def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    places = [Place(where=".".join(map(str, one["loc"])), message=str(one["msg"])) for one in found]
    return problem(422, "expected a request as /openapi.json describes it, found another", errors=places)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError("expected an HTTP exception")
    return problem(error.status_code, str(error.detail), error.headers)


async def _refused(request: Request, error: Exception) -> Response:
    return problem(422, str(error))


async def _busy(request: Request, error: Exception) -> Response:
    return problem(503, "expected fewer requests at a time; ask again in a second", {"Retry-After": "1"})


async def _late(request: Request, error: Exception) -> Response:
    return problem(504, "expected an answer in time, found none; ask for less evidence or fewer tasks")


async def _failed(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "the server failed; its log says why")
