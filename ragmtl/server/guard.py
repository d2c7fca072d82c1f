"""The gate before every route: hosts, origins, tokens, sizes and times; and what every response tells browsers.

A page of a stranger in a user's browser can send requests to this machine. It is kept out three times: the Host
header must be an address, localhost or a name that was given (against DNS rebinding); an Origin must be this server's
own; and no response allows another origin to read it (no CORS).
"""

from __future__ import annotations

import asyncio
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragmtl.server.access import Access, Limits
from ragmtl.server.problems import problem

COOKIE = "ragmtl"
OPEN = ("/health", "/ready", "/login")
PAGES = ("/",)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Lets through what may be asked.

    Args:
        app: Answers.
        access: Who may ask.
        limits: How much.
    """

    def __init__(self, app: ASGIApp, access: Access, limits: Limits) -> None:
        self._app = app
        self._access = access
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there are no web sockets: the connection is closed

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message)
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, self._limited(receive), told)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._access.knows(headers.get("host", "")):
            return problem(421, "expected an address, localhost or a name given by --name as Host, found another")
        if not _same_origin(headers):
            return problem(403, "expected a request from this server's own pages, found one from another origin")
        size = headers.get("content-length", "0")
        if not size.isdecimal() or int(size) > self._limits.body:
            return problem(413, self._size())
        return None if self._admitted(scope["path"], headers) else _no_token(scope, headers)

    def _admitted(self, path: str, headers: Headers) -> bool:
        if not self._access.token or path in OPEN or path.startswith("/static/"):
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._access.admits(token.strip())
        return self._access.remembers(_cookie(headers))

    def _size(self) -> str:
        return f"expected a body of at most {self._limits.body} bytes, found a larger one"

    def _limited(self, receive: Receive) -> Receive:
        """The messages of a client, as long as they are not too many and come in time."""
        read, whole = 0, False

        async def limited() -> Message:
            nonlocal read, whole
            if whole:  # what comes now is that the client has gone, whenever that is
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._limits.seconds)
            except TimeoutError:
                raise HTTPException(408, "expected the whole request in time, found only its beginning") from None
            read += len(message.get("body", b""))
            if read > self._limits.body:
                raise HTTPException(413, self._size())
            whole = not message.get("more_body", False)
            return message

        return limited


def _same_origin(headers: Headers) -> bool:
    """Whether a browser says that a request is from a page of this server; programs send no Origin."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "same-origin") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return False
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _no_token(scope: Scope, headers: Headers) -> Response:
    """To the login for people who open the page, else the status that programs know."""
    if scope["method"] == "GET" and scope["path"] in PAGES and "text/html" in headers.get("accept", ""):
        place = scope["path"] + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
        return RedirectResponse(f"/login?next={quote(place, safe='')}", 303)
    return problem(401, "expected the server's token, found none or another", {"WWW-Authenticate": "Bearer"})


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
