"""The tea run behind the application; what a test sends never leaves the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ragmtl.predict import Predictor
from ragmtl.server.access import Access, Limits
from ragmtl.server.app import create_app
from ragmtl.server.completion import Completion
from ragmtl.server.metrics import Metrics
from ragmtl.server.opened import Opened
from ragmtl.server.service import Service
from tests.ragmtl.conftest import World

T = "https://tea.example/"
TEXT = "Charcoal first, then dark fruit, from Fujian."


@pytest.fixture(scope="session")
def opened(predictor: Predictor, trained: World) -> Opened:
    return Opened("tea", trained.run, predictor, Completion.of(predictor.index.graph))


def serving(opened: Opened, access: Access | None = None, limits: Limits | None = None) -> TestClient:
    """A client of a server of its own, with two names for one run."""
    folders = {"tea": opened.folder, "other": opened.folder}

    def reuse(name: str, folder: Path) -> Opened:
        return Opened(name, folder, opened.predictor, opened.completion)

    service = Service(folders, limits or Limits(), Metrics.new(), reuse)
    app = create_app(service, access or Access())
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture(scope="module")
def client(opened: Opened) -> Iterator[TestClient]:
    with serving(opened) as found:
        yield found
