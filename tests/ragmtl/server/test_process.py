"""A server as a process of its own: told to open its runs anew, and to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.ragmtl.conftest import World
from tests.ragmtl.server.conftest import TEXT

PATIENCE = 60
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a system without these signals")


def asked(address: str, path: str, body: dict[str, str] | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def test_signals(trained: World) -> None:
    words = [sys.executable, "-m", "ragmtl", "serve", str(trained.run), "--port", "0", "--files", "/"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = next((line for line in process.stderr or () if "http://127.0.0.1:" in line), "")
            assert line
            address = line[line.index("http://") :].split("/ ")[0]
            assert "answers" in json.loads(asked(address, "/predict", {"text": TEXT}))
            process.send_signal(signal.SIGHUP)
            end = time.monotonic() + PATIENCE
            while "ragmtl_reloads_total 1.0" not in asked(address, "/metrics"):
                assert time.monotonic() < end
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        finally:
            process.kill()
