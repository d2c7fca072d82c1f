"""One request to a SPARQL endpoint: N-Triples come back, or an error that says what came instead.

Only http and https addresses are asked, redirects stay on the same host, and credentials stand in no message. What may
pass by itself (429, 5xx, a broken line, half an answer) is tried again, after twice the time each time, or when the
server's Retry-After says so.
"""

from __future__ import annotations

import base64
import gzip
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage, HTTPResponse
from io import BytesIO
from typing import NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlencode, urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from ragmtl.errors import DataError

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_TYPES = ("application/n-triples", "text/plain", "text/ntriples", "application/ntriples")
_MOST_REDIRECTS = 5
_LONGEST_WAIT = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server is asked.

    Attributes:
        attempts: How often one page is asked for before it is an error.
        timeout: Seconds for one page, from the request to its last byte.
        pause: Seconds between two requests, at least.
        most: Bytes of one page at most, unpacked.
        elsewhere: Whether redirects may lead to another host.
        sleep: What waits.
    """

    attempts: int = 6
    timeout: float = 120.0
    pause: float = 0.0
    most: int = 1 << 30
    elsewhere: bool = False
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


class _PassingError(Exception):
    """Something that may be gone the next time.

    Args:
        found: What came.
        wait: Seconds that the server asks to wait.
    """

    def __init__(self, found: str, wait: float | None = None) -> None:
        super().__init__(found)
        self.wait = wait


class Client:
    """Asks one endpoint, one question after the other.

    Args:
        url: Address; a name and password in it are sent as Basic authorization, and shown nowhere.
        authorization: The header of this name, for servers that want a token.
        manners: How to ask.

    Raises:
        DataError: It is no http or https address.
    """

    def __init__(self, url: str, authorization: str = "", manners: Manners | None = None) -> None:
        self.shown = shown(url)
        self._url, self._authorization = credentials(url, authorization)
        self._manners = manners or Manners()
        self._last = -float("inf")

    def ask(self, query: str) -> bytes:
        """The answer to a CONSTRUCT, as N-Triples.

        Raises:
            DataError: There is none after all attempts, or what came is something else.
        """
        manners = self._manners
        for attempt in range(1, manners.attempts + 1):
            self._keep_pause()
            try:
                return self._once(query)
            except _PassingError as error:
                if attempt == manners.attempts:
                    found = f"{error} {attempt} times; ask later, or for smaller pages"
                    raise DataError(f"expected N-Triples, found {found}", self.shown) from None
                manners.sleep(min(2.0 ** (attempt - 1) if error.wait is None else error.wait, _LONGEST_WAIT))
        raise DataError("expected at least one attempt, found none allowed", self.shown)

    def _keep_pause(self) -> None:
        left = self._last + self._manners.pause - time.monotonic()
        if left > 0:
            self._manners.sleep(left)
        self._last = time.monotonic()

    def _once(self, query: str) -> bytes:
        end = time.monotonic() + self._manners.timeout
        try:
            with self._open(query) as response:
                self._check(response)
                return _whole(self._unpacked(self._read(response, end), response.headers))
        except HTTPError as error:
            with error:
                self._refused(error)
        except DataError:
            raise
        except TimeoutError as error:
            raise _PassingError(f"no answer within {self._manners.timeout:g} seconds") from error
        except URLError as error:
            raise _PassingError(f"no connection ({error.reason})") from error
        except (HTTPException, OSError) as error:
            raise _PassingError(f"an answer that breaks off ({type(error).__name__})") from error

    def _open(self, query: str) -> HTTPResponse:
        url, body = self._url, urlencode({"query": query}).encode()
        headers = {
            "Accept": "application/n-triples",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "ragmtl",
        }
        for _ in range(_MOST_REDIRECTS + 1):
            if self._authorization and urlsplit(url).netloc == urlsplit(self._url).netloc:
                headers["Authorization"] = self._authorization
            else:
                headers.pop("Authorization", None)
            try:
                response: HTTPResponse = _opener().open(Request(url, body, headers), timeout=self._manners.timeout)  # noqa: S310
            except HTTPError as error:
                if error.code not in (301, 302, 303, 307, 308) or not error.headers.get("Location"):
                    raise
                with error:
                    url = self._followed(url, error.headers["Location"])
            else:
                return response
        raise DataError(
            f"expected N-Triples, found more than {_MOST_REDIRECTS} redirects; check the address", self.shown
        )

    def _followed(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        old, new = urlsplit(url), split(target)
        same = old.hostname == new.hostname and (old.port == new.port or (old.scheme, new.scheme) == ("http", "https"))
        if (not same or (old.scheme, new.scheme) == ("https", "http")) and not self._manners.elsewhere:
            advice = "give that address, or allow it"
            raise DataError(f"expected N-Triples, found a redirect to {shown(target)}; {advice}", self.shown)
        return target

    def _check(self, response: HTTPResponse) -> None:
        kind = response.headers.get_content_type() if "Content-Type" in response.headers else "nothing"
        if response.headers.get("X-SQL-State"):  # Virtuoso ran out of time and gives a part
            raise _PassingError("a part of the answer (the server ran out of time)")
        if response.status != 200:
            raise _PassingError(f"HTTP {response.status}")
        if kind not in _TYPES:
            start = _title(response.read(2000)) if "html" in kind else _clip(response.read(200))
            raise DataError(f"expected N-Triples, found {kind}: {start}; is this a SPARQL endpoint?", self.shown)

    def _read(self, response: HTTPResponse, end: float) -> bytes:
        parts, size = [], 0
        while part := response.read1(1 << 16):
            parts.append(part)
            size += len(part)
            if size > self._manners.most:
                raise self._too_large()
            if time.monotonic() > end:
                raise TimeoutError
        expected = response.headers.get("Content-Length")
        if expected is not None and expected.isdecimal() and int(expected) != size:
            raise _PassingError(f"an answer that breaks off ({size:,} of {int(expected):,} bytes)")
        return b"".join(parts)

    def _unpacked(self, body: bytes, headers: HTTPMessage) -> bytes:
        """What was sent, unpacked if it is packed, and never more than a page may have."""
        if headers.get("Content-Encoding", "").lower() != "gzip":
            return body
        try:
            with gzip.GzipFile(fileobj=BytesIO(body)) as file:
                content = file.read(self._manners.most + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _PassingError("an answer that breaks off (its packing is damaged)") from error
        if len(content) > self._manners.most:
            raise self._too_large()
        return content

    def _too_large(self) -> DataError:
        found = f"more than {self._manners.most:,} bytes; ask for smaller pages"
        return DataError(f"expected a page of N-Triples, found {found}", self.shown)

    def _refused(self, error: HTTPError) -> NoReturn:
        found = f"HTTP {error.code}: {_clip(error.read(1000)) or error.reason}"
        if error.code in _PASSING:
            raise _PassingError(found, _wait(error.headers.get("Retry-After"))) from error
        advice = "check the credentials" if error.code in (401, 403) else "check address, classes, predicates and query"
        raise DataError(f"expected N-Triples, found {found}; {advice}", self.shown) from None


def split(url: str) -> SplitResult:
    """The parts of an address.

    Raises:
        DataError: It is not one of the web.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise DataError("expected an http or https address, found one that cannot be read; check it") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DataError(f"expected an http or https address, found {shown(url)!r}")
    return parts


def credentials(url: str, authorization: str = "") -> tuple[str, str]:
    """An address without the name and password in it, and the header `Authorization` to send (empty for none).

    Args:
        url: The address.
        authorization: The header, where there is one; it goes before a name and password.

    Raises:
        DataError: It is no http or https address.
    """
    parts = split(url)
    return parts._replace(netloc=_host(parts)).geturl(), authorization or _basic(parts)


def shown(url: str) -> str:
    """An address without name, password and parameters, for messages and files."""
    parts = urlsplit(url)
    return parts._replace(netloc=_host(parts), query="", fragment="").geturl()


def _opener() -> OpenerDirector:
    """Speaks http and https only, follows no redirect by itself, and minds the proxies of the environment."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPErrorProcessor, HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    return opener


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _basic(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _whole(body: bytes) -> bytes:
    """The same, seen to end with a line."""
    text = body.rstrip()
    if text and not text.endswith(b".") and not text.rpartition(b"\n")[2].lstrip().startswith(b"#"):
        raise _PassingError("an answer that breaks off (its last line has no full stop)")
    return body


def _wait(retry_after: str | None) -> float | None:
    """Seconds that Retry-After asks for: a number, or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def _title(page: bytes) -> str:
    title = re.search(rb"<title[^>]*>(.*?)</title", page, re.DOTALL | re.IGNORECASE)
    return _clip(title.group(1) if title else page)


def _clip(body: bytes) -> str:
    line = " ".join(body.decode("utf-8", "replace").split())
    return line if len(line) <= 160 else line[:159] + "…"
