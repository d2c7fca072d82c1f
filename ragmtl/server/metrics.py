"""What a server tells Prometheus: requests, how long they took, and how large batches were."""

from __future__ import annotations

import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragmtl import __version__

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The figures of one server."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    batches: Histogram
    reloads: Counter

    @classmethod
    def new(cls) -> Metrics:
        """Figures that nobody else counts in."""
        registry = CollectorRegistry()
        where = ("method", "path", "status")
        return cls(
            registry,
            Counter("ragmtl_requests", f"Requests answered (ragmtl {__version__}).", where, registry=registry),
            Histogram("ragmtl_request_seconds", "Seconds to an answer.", ("path",), buckets=SECONDS, registry=registry),
            Histogram("ragmtl_batch_size", "Requests in a batch of the model.", buckets=SIZES, registry=registry),
            Counter("ragmtl_reloads", "How often runs were opened again.", registry=registry),
        )

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)


class Metered:
    """Counts every request by its route, never by what a client wrote."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            path = str(getattr(scope.get("route"), "path", "other"))
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
            self._metrics.requests.labels(method, path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - start)
