"""Requests made from the API's own description: whatever is sent, the answer is as described, and never a failure."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from starlette.testclient import TestClient

from tests.ragmtl.server.conftest import T

FEW = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_requests_of_all_kinds(client: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    found: Any = schema.get_all_operations()
    operations = [one.ok() for one in found]
    assert {"/predict", "/recommend", "/retrieve", "/why", "/entities", "/ready"} <= {one.path for one in operations}
    for operation in operations:
        _ask(client, operation)


def _ask(client: TestClient, operation: Any) -> None:  # noqa: ANN401
    @FEW
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:  # noqa: ANN401 - schemathesis makes it
        made = case.as_transport_kwargs(base_url="http://127.0.0.1")
        sent = {name: made[name] for name in ("method", "url", "params", "json", "headers") if made.get(name)}
        answer = client.request(**sent)
        assert answer.status_code < 500, answer.text
        _as_described(operation, answer.status_code, answer.headers["content-type"].partition(";")[0])

    ask()


def _as_described(operation: Any, status: int, kind: str) -> None:  # noqa: ANN401
    """The status is one that the description names, with its kind of content."""
    named = operation.definition.raw["responses"]
    assert str(status) in named, f"{operation.label}: {status}"
    assert status == 200 or kind == "application/problem+json"


@pytest.mark.parametrize("path", ["/predict", "/retrieve", "/why", "/recommend"])
def test_answers_are_as_described(client: TestClient, path: str) -> None:
    asked: dict[str, object] = {"text": "grassy"}
    if path == "/why":
        asked |= {"task": "kind", "answer": "green"}
    elif path == "/recommend":
        asked |= {"items": [T + "sencha"], "task": "orders"}
    answer = client.post(path, json=asked)
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    assert schema[path]["POST"].is_valid_response(answer)
