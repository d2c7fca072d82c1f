"""What a server sends: an answer, an error, half an answer, a byte now and then, or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

Reply = Callable[[BaseHTTPRequestHandler], None]
SLOW = 20
"""Seconds that a slow server takes: longer than any client waits."""


def send(handler: BaseHTTPRequestHandler, status: int, content: object) -> None:
    say(status, json.dumps(content).encode() if content is not None else b"", "application/json")(handler)


def say(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Reply:
    """Answer so."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in ({"X_Elastic_Product": "Elasticsearch"} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return reply


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


def break_off(handler: BaseHTTPRequestHandler) -> None:
    """Half an answer."""
    handler.send_response(200)
    for name, value in (("Content-Type", "application/json"), ("X-Elastic-Product", "Elasticsearch")):
        handler.send_header(name, value)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"took": 1, "resp')
    hang_up(handler)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("X-Elastic-Product", "Elasticsearch")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(20 * SLOW):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
