"""Asking a server: within a time, a few times, and not too often at once; what goes wrong is told without secrets.

Clients of servers retry and wait in ways of their own; here they are told not to, so that every server is asked alike
and every error says what was expected, what came, and how often it was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Thread
from typing import TypeVar

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.endpoints.web import shown

Answer = TypeVar("Answer")

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Patience:
    """How a server is asked.

    Attributes:
        timeout: Seconds for one request, from its beginning to the last byte of the answer.
        attempts: How often one request is made before it is an error.
        pause: Seconds before the second attempt; twice as many before each further one.
        longest: The most seconds between two attempts, also where the server asks for more.
        at_once: The most requests under way at once.
        sleep: What waits.
    """

    timeout: float = 10.0
    attempts: int = 3
    pause: float = 0.5
    longest: float = 20.0
    at_once: int = 4
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.attempts < 1 or self.at_once < 1:
            found = f"{self.timeout:g}, {self.attempts} and {self.at_once}"
            raise ConfigError(
                f"expected a timeout above 0, and attempts and requests at once of 1 or more, found {found}"
            )


class TroubleError(Exception):
    """Something else came than an answer.

    Args:
        found: What came.
        passes: Whether it may be gone the next time.
        wait: Seconds that the server asks to wait.
        advice: What to do.
    """

    def __init__(self, found: str, *, passes: bool, wait: float | None = None, advice: str = "") -> None:
        super().__init__(found)
        self.found, self.passes, self.wait, self.advice = found, passes, wait, advice


class Asker:
    """Asks one server.

    Args:
        url: Its address, shown in errors without name, password and parameters.
        patience: How it is asked.
        secrets: What must stand in no error, whatever the server or its client says.
        explain: What an error of the client means; errors that mean nothing are raised as they are.
    """

    def __init__(
        self,
        url: str,
        patience: Patience,
        secrets: Sequence[str] = (),
        explain: Callable[[Exception], TroubleError | None] = lambda _: None,
    ) -> None:
        self.shown = shown(url)
        self._patience = patience
        self._secrets = sorted({part for secret in secrets for part in (secret, *secret.split()) if len(part) > 5})
        self._explain = explain
        self._gate = BoundedSemaphore(patience.at_once)

    def __call__(self, call: Callable[[], Answer], expected: str) -> Answer:
        """What a call gives, tried as often as patience allows.

        Args:
            call: Makes one request.
            expected: What should come, for the error.

        Raises:
            DataError: Nothing that can be used came.
        """
        patience = self._patience
        for attempt in range(1, patience.attempts + 1):
            try:
                with self._gate:
                    return self._once(call)
            except TroubleError as trouble:
                if not trouble.passes or attempt == patience.attempts:
                    raise DataError(self._told(trouble, expected, attempt), self.shown) from None
                wait = patience.pause * 2 ** (attempt - 1) if trouble.wait is None else trouble.wait
                patience.sleep(min(wait, patience.longest))
        raise DataError(f"expected {expected}, found no attempt allowed", self.shown)

    def each(self, calls: Sequence[Callable[[], Answer]], expected: str) -> list[Answer]:
        """What each of several calls gives, some at once.

        Raises:
            DataError: One of them gives nothing that can be used.
        """
        if len(calls) < 2:
            return [self(call, expected) for call in calls]
        with ThreadPoolExecutor(min(len(calls), self._patience.at_once)) as pool:
            return list(pool.map(lambda call: self(call, expected), calls))

    def _once(self, call: Callable[[], Answer]) -> Answer:
        try:
            return within(self._patience.timeout, call)
        except TimeoutError:
            raise TroubleError(f"no answer within {self._patience.timeout:g} seconds", passes=True) from None
        except TroubleError:
            raise
        except Exception as error:
            trouble = self._explain(error)
            if trouble is None:
                raise
            raise trouble from None

    def _told(self, trouble: TroubleError, expected: str, attempt: int) -> str:
        times = f" {attempt} times" if attempt > 1 else ""
        advice = trouble.advice or ("ask later, or allow more time" if trouble.passes else "check address and settings")
        told = f"expected {expected}, found {trouble.found}{times}; {advice}"
        for secret in self._secrets:
            told = told.replace(secret, "…")
        return told


def within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """What a call gives, if it does so in time; one that takes longer is left alone, and ends by itself.

    A timeout of a socket is for each byte: a server that sends one now and then would never end.

    Raises:
        TimeoutError: It takes longer.
    """
    given: list[Answer] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            given.append(call())
        except Exception as error:  # noqa: BLE001 - handed to the caller
            raised.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not given:
        raise TimeoutError
    return given[0]


def of_status(status: int, said: str, wait: float | None = None) -> TroubleError:
    """What an HTTP status that is no success means."""
    advice = "check the credentials" if status in _REFUSED else "check address and names" if status == 404 else ""
    return TroubleError(f"HTTP {status}: {clipped(said)}", passes=status in _PASSING, wait=wait, advice=advice)


def clipped(text: str) -> str:
    """What a server says, on one line and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
