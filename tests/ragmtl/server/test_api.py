from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from ragmtl.predict import Choices, Predictor
from ragmtl.retrieval.query import Query
from tests.ragmtl.server.conftest import TEXT, T


def test_a_prediction_is_that_of_the_run(client: TestClient, predictor: Predictor) -> None:
    found = client.post("/predict", json={"text": TEXT}).json()
    alone = predictor(Query(TEXT))
    assert [answer["task"] for answer in found["answers"]] == [answer.task for answer in alone.answers]
    assert found["answers"][0]["chosen"] == list(alone.answers[0].chosen)
    assert [passage["id"] for passage in found["passages"]] == [passage.id for passage in alone.passages]
    assert [node["iri"] for node in found["nodes"]] == [node.iri for node in alone.nodes]
    assert found["no_evidence"] == pytest.approx(alone.no_evidence, abs=1e-5)


def test_what_is_asked_for_is_what_is_answered(client: TestClient) -> None:
    asked = {"text": TEXT, "tasks": ["kind"], "passages": 1, "nodes": 3, "run": "other"}
    found = client.post("/predict", json=asked).json()
    assert [answer["task"] for answer in found["answers"]] == ["kind"]
    assert (len(found["passages"]), len(found["nodes"])) == (1, 3)
    without = client.post("/predict", json={"text": TEXT, "knowledge": False}).json()
    assert without["passages"] == without["nodes"] == []
    assert without["no_evidence"] == 1


def test_answers_come_without_their_evidence(client: TestClient) -> None:
    found, bare = (client.post("/predict", json={"text": TEXT, "evidence": wanted}).json() for wanted in (True, False))
    assert found["passages"]
    assert found["nodes"]
    assert bare == found | dict.fromkeys(("passages", "nodes", "triples", "mentions", "examples"), [])


def test_items_are_recommended(client: TestClient, predictor: Predictor) -> None:
    met = [T + "sencha", T + "matcha"]
    found = client.post("/recommend", json={"items": met, "task": "orders", "top": 3}).json()["items"]
    alone = predictor.recommend(met, task="orders", top=3)
    assert [item["iri"] for item in found] == [item.iri for item in alone]
    assert not set(met) & {item["iri"] for item in found}


def test_evidence_without_an_answer(client: TestClient, predictor: Predictor) -> None:
    found = client.post("/retrieve", json={"text": TEXT, "passages": 2}).json()
    evidence = predictor.evidence([Query(TEXT)], Choices(passages=2))[0]
    assert found["answers"] == []
    assert [passage["id"] for passage in found["passages"]] == [
        predictor.index.corpus.ids[one.passage] for one in evidence.passages
    ]
    hidden = {T + "kind", T + "tastes"}
    assert not hidden & {triple["relation"] for triple in found["triples"]}


def test_names_are_completed(client: TestClient) -> None:
    found = client.get("/entities", params={"q": "sen", "limit": 3}).json()
    assert found[0]["iri"] == T + "sencha"
    assert client.get("/entities", params={"q": " "}).json() == []
    assert len(client.get("/entities", params={"q": "l", "limit": 1}).json()) == 1


def test_the_graph_around_an_entity_hides_what_the_model_must_not_see(client: TestClient) -> None:
    found = client.get("/neighbours", params={"iri": T + "sencha"}).json()
    assert found["entities"][0]["iri"] == T + "sencha"
    known = {one["iri"] for one in found["entities"]}
    assert found["triples"]
    for triple in found["triples"]:
        assert T + "sencha" in (triple["head"], triple["tail"])
        assert {triple["head"], triple["tail"]} <= known
        assert triple["relation"] not in {T + "kind", T + "tastes"}
        assert triple["source"].endswith("graph.ttl")


def test_paths_between_entities(client: TestClient) -> None:
    found = client.get("/paths", params={"start": T + "sencha", "end": T + "gyokuro"}).json()
    assert found["lines"]
    assert {T + "sencha", T + "gyokuro"} <= {one["iri"] for one in found["entities"]}
    assert all(triple["relation"] not in {T + "kind", T + "tastes"} for triple in found["triples"])


def test_why_an_answer(client: TestClient) -> None:
    answers = client.post("/predict", json={"text": TEXT, "tasks": ["kind"]}).json()["answers"][0]["scores"]
    found = client.post("/why", json={"text": TEXT, "task": "kind", "answer": answers[1]["name"]}).json()
    assert found["chance"] == pytest.approx(answers[1]["value"], abs=1e-5)
    assert (found["rank"], found["against"]) == (2, answers[0]["name"])
    effects = [piece["effect"] for piece in found["pieces"]]
    assert effects == sorted(effects, reverse=True)
    assert {piece["kind"] for piece in found["pieces"]} == {"passage", "entity"}


def test_state_of_the_server(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "running"
    ready = client.get("/ready").json()
    assert [run["name"] for run in ready["runs"]] == ["tea", "other"]
    assert ready["runs"][0]["tasks"] == ["kind", "notes", "orders", "requests"]
    client.get("/entities/../../etc/passwd")
    text = client.get("/metrics").text
    assert 'ragmtl_requests_total{method="GET",path="/health",status="200"}' in text
    assert "passwd" not in text
    assert "ragmtl_batch_size_bucket" in text


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/predict", {}, "expected a text, the IRI of an entity or of an item met before; found nothing"),
        ("/predict", {"text": " "}, "found nothing"),
        ("/predict", {"text": "x", "tasks": ["flavour"]}, "expected tasks among kind, notes, orders, requests"),
        ("/predict", {"text": "x", "run": "third"}, "expected a run, one of: tea, other; found 'third'"),
        ("/predict", {"entities": [T + "senchaa"]}, "did you mean 'https://tea.example/sencha'"),
        ("/predict", {"history": ["no iri"]}, "expected the IRI of an entity of the graph"),
        ("/recommend", {"text": "x", "task": "orders"}, "found only a text"),
        ("/recommend", {"text": "x"}, "expected a ranking task"),
        ("/why", {"text": "x", "task": "kind", "answer": "gren"}, "expected an answer of 'kind', found 'gren'"),
        ("/why", {"text": "x", "task": "orders", "answer": "x"}, "expected a history of items for 'orders'"),
        ("/why", {"history": [T + "sencha"], "task": "orders", "answer": T + "sencha"}, "not met before"),
    ],
)
def test_what_cannot_be_answered_is_told(client: TestClient, path: str, body: dict[str, object], said: str) -> None:
    found = client.post(path, json=body)
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    assert said in found.json()["detail"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"text": "x" * 20_001}, "body.text"),
        ({"text": "x", "passages": 51}, "body.passages"),
        ({"text": "x", "nodes": -1}, "body.nodes"),
        ({"text": "x", "entities": ["x"] * 65}, "body.entities"),
        ({"text": "x", "colour": "red"}, "body.colour"),
        ({"text": 5}, "body.text"),
    ],
)
def test_what_is_not_as_described_is_told(client: TestClient, body: dict[str, object], where: str) -> None:
    found = client.post("/predict", json=body)
    assert found.status_code == 422
    assert [place["where"] for place in found.json()["errors"]] == [where]


def test_errors_of_http_are_problems_too(client: TestClient) -> None:
    for found, status in (
        (client.get("/nothing"), 404),
        (client.get("/predict"), 405),
        (client.post("/predict", content=b"{", headers={"Content-Type": "application/json"}), 422),
    ):
        assert (found.status_code, found.json()["status"]) == (status, status)
        assert found.headers["content-type"] == "application/problem+json"


def test_runs_are_opened_anew(client: TestClient) -> None:
    assert client.post("/reload").json() == {"problems": []}
    assert client.post("/predict", json={"text": TEXT}).status_code == 200
