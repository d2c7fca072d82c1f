"""Clients on this machine: threads that each keep one connection and ask one text after the other."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Asked:
    """What some clients met: seconds to each answer, and what was no answer."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    whole: float = 0.0


def texts(dishes: list[str]) -> Iterator[str]:
    """Texts of the length of a dish, none like another: the beginning of one and the end of another."""
    for apart in range(1, len(dishes)):
        for at, dish in enumerate(dishes):
            other = dishes[(at + apart) % len(dishes)]
            yield f"{dish[: len(dish) // 2].rsplit(' ', 1)[0]} {other[len(other) // 2 :].split(' ', 1)[-1]}"


def ask(port: int, given: Iterator[str], *, clients: int, seconds: float, most: int = 10**9) -> Asked:
    """Let clients ask until the time is over or all have asked together as often as they may."""
    lock, found = threading.Lock(), Asked()
    left = [most]

    def next_text() -> str | None:
        with lock:
            left[0] -= 1
            return next(given) if left[0] >= 0 else None

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < end and (text := next_text()) is not None:
            began = time.perf_counter()
            problem = _one(connection, text)
            with lock:
                found.seconds.append(time.perf_counter() - began)
                if problem:
                    found.errors.append(problem)
        connection.close()

    begun = time.perf_counter()
    end = begun + seconds
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.whole = time.perf_counter() - begun
    return found


def _one(connection: http.client.HTTPConnection, text: str) -> str:
    """Ask once; gives what was wrong, or nothing."""
    body = json.dumps({"text": text})
    try:
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    return "" if answer.status == 200 else f"status {answer.status}"
