from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from jaxtyping import Float32
from torch import Tensor

from ragmtl.errors import DataError
from ragmtl.models.batch import Batch
from ragmtl.models.fusion.tokens import Fused
from ragmtl.predict import Choices, Predictor, as_query, check_entities
from ragmtl.prediction import Prediction
from ragmtl.read import node_vectors
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.showing import show_evidence
from ragmtl.tasks.answer import warmed
from tests.ragmtl.conftest import World

T = "https://tea.example/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
QUERIES = (
    Query("Charcoal first, then dark fruit, from Fujian."),
    Query("zzz qqq"),
    Query(entities=(T + "sencha",)),
    Query("more of that", history=(T + "sencha", T + "matcha")),
    Query("sencha, gyokuro, matcha, longjing, keemun, lapsang souchong, darjeeling, tieguanyin and dong ding"),
)


@pytest.mark.parametrize("query", QUERIES)
def test_attention_adds_up_to_one(predictor: Predictor, query: Query) -> None:
    found = predictor(query)
    shares = [passage.attention for passage in found.passages] + [node.attention for node in found.nodes]
    assert all(share >= 0 for share in (*shares, found.no_evidence))
    assert sum(shares) + found.no_evidence == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("query", QUERIES)
def test_hidden_relations_are_never_shown(predictor: Predictor, query: Query) -> None:
    found = predictor(query)
    assert not {T + "kind", T + "tastes"} & {triple.relation for triple in found.triples}
    assert not any(word in node.reason for node in found.nodes for word in ("kind →", "tastes →", "(kind", "(tastes"))
    assert {T + "kind", T + "tastes"} <= found.query.hide


def test_votes_name_the_entities_that_speak_most(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    def votes(task: str, batch: Batch, fused: Fused) -> Tensor | None:
        count = len(batch.node_ids)
        strengths = torch.arange(count, dtype=torch.float32) - count / 2
        return None if task != "kind" else strengths.unsqueeze(1).expand(count, len(predictor.tasks["kind"].answers))

    query = Query("sencha, gyokuro and matcha")
    assert all(answer.votes == () for answer in predictor(query).answers)
    monkeypatch.setattr(predictor.run.model, "votes_of", votes)
    found = predictor(query)
    voted = {answer.task: answer.votes for answer in found.answers}
    assert [task for task, cast in voted.items() if cast] == ["kind"]
    strongest = voted["kind"][0]
    assert (strongest.iri, strongest.value) == (found.nodes[0].iri, -len(found.nodes) / 2)
    sizes = [abs(vote.value) for vote in voted["kind"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {vote.answer for vote in voted["kind"]} == {next(a for a in found.answers if a.task == "kind").chosen[0]}


class Remembers:
    """An encoder that remembers what it was given."""

    name, dim, fingerprint = "remembers", 2, ""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        self.texts += texts
        return np.zeros((len(texts), 2), np.float32)


def test_descriptions_do_not_show_what_is_hidden(index: Index) -> None:
    relation, node = index.graph.relations.find(TYPE), index.graph.nodes.find(T + "sencha")
    assert relation is not None
    assert node is not None
    for hide, text in ((frozenset[int](), "sencha (tea)"), (frozenset({relation}), "sencha")):
        encoder = Remembers()
        table = node_vectors(index.graph, np.array([node]), encoder, hide)
        assert encoder.texts == [text]
        assert table.shape == (len(index.graph.nodes), 2)


@pytest.mark.parametrize("history", [["sencha"], ["keemun", "assam", "lapsang"], ["oriental", "oriental"]])
@pytest.mark.parametrize("task", ["orders", "requests"])
def test_what_was_met_is_not_recommended(predictor: Predictor, task: str, history: list[str]) -> None:
    met = [T + name for name in history]
    found = predictor.recommend(met, task=task, top=100)
    items = [score.iri for score in found]
    assert set(items) == set(predictor.tasks[task].answers) - set(met)
    assert len(items) == len(set(items))
    assert sum(score.value for score in found) == pytest.approx(1)
    assert len(predictor.recommend(met, task=task, top=2)) == 2


def test_labels_are_chosen_by_the_threshold_of_validation(predictor: Predictor) -> None:
    answer = next(answer for answer in predictor(QUERIES[0]).answers if answer.task == "notes")
    chosen_on_validation = predictor.run.thresholds["notes"]
    assert chosen_on_validation is not None
    assert answer.threshold == pytest.approx(warmed(chosen_on_validation, predictor.run.temperatures["notes"]))
    assert answer.chosen == tuple(score.name for score in answer.scores if score.value >= (answer.threshold or 0))


def test_a_log_is_asked_only_with_a_history(predictor: Predictor) -> None:
    assert [answer.task for answer in predictor(QUERIES[0]).answers] == ["kind", "notes", "requests"]
    assert [answer.task for answer in predictor(QUERIES[3]).answers] == ["kind", "notes", "orders", "requests"]


def test_the_same_question_has_the_same_answer(predictor: Predictor) -> None:
    assert predictor(QUERIES[0]) == predictor(QUERIES[0])


def test_a_prediction_is_plain_for_json(predictor: Predictor) -> None:
    found = json.loads(json.dumps(predictor(QUERIES[0]).to_dict()))
    assert found["query"]["hide"] == sorted([T + "kind", T + "tastes"])
    assert {"answers", "passages", "nodes", "triples", "mentions", "no_evidence", "notes", "run"} <= set(found)


def test_evidence_is_shown_as_it_was_found(predictor: Predictor, index: Index) -> None:
    evidence = predictor.retriever(QUERIES[0])
    shown = show_evidence(evidence, index)
    assert isinstance(shown, Prediction)
    assert [view.id for view in shown.passages] == [index.corpus.ids[found.passage] for found in evidence.passages]
    assert len(shown.nodes) == len(evidence.subgraph.nodes)
    assert shown.answers == ()
    for triple in shown.triples:
        ends = shown.nodes[triple.head].iri, shown.nodes[triple.tail].iri
        assert all(iri.startswith(T) for iri in ends)
        assert triple.source.endswith("graph.ttl")


def test_what_is_asked_is_a_text_or_an_entity(index: Index) -> None:
    assert as_query(T + "sencha", index.graph) == Query(entities=(T + "sencha",))
    assert as_query("see https://tea.example/none for more", index.graph).text.startswith("see")
    assert as_query("urn: is a word", index.graph).text == "urn: is a word"
    with pytest.raises(DataError, match="did you mean"):
        as_query(T + "senchaa", index.graph)
    with pytest.raises(DataError, match="found nothing"):
        as_query(" ", index.graph)
    check_entities([], index.graph)


def test_queries_together_are_answered_as_alone(predictor: Predictor) -> None:
    for query, found in zip(QUERIES, predictor.many(QUERIES), strict=True):
        alone = predictor(query)
        assert [node.iri for node in found.nodes] == [node.iri for node in alone.nodes]
        assert [node.attention for node in found.nodes] == pytest.approx([n.attention for n in alone.nodes], abs=1e-5)
        assert [passage.attention for passage in found.passages] == pytest.approx(
            [passage.attention for passage in alone.passages], abs=1e-5
        )
        assert [answer.task for answer in found.answers] == [answer.task for answer in alone.answers]
        for answer, other in zip(found.answers, alone.answers, strict=True):
            values = {score.name: score.value for score in answer.scores}
            assert values == pytest.approx({score.name: score.value for score in other.scores}, abs=1e-5)
    assert predictor.many([]) == []


def test_less_evidence_none_and_fewer_tasks(predictor: Predictor) -> None:
    query = QUERIES[4]
    few = predictor.many([query], Choices(tasks=frozenset({"kind"}), passages=1, nodes=4))[0]
    assert (len(few.passages), len(few.nodes)) == (1, 4)
    assert [answer.task for answer in few.answers] == ["kind"]
    without = predictor.many([query], Choices(knowledge=False, shown=2))[0]
    assert (without.passages, without.nodes, without.no_evidence) == ((), (), 1)
    assert "retrieval is off" in without.notes
    assert [len(answer.scores) for answer in without.answers if answer.kind == "ranking"] == [2]
    with pytest.raises(DataError, match="expected tasks among kind, notes, orders, requests; found 'flavour'"):
        predictor.many([query], Choices(tasks=frozenset({"flavour"})))


def test_what_is_asked_is_not_written_down(predictor: Predictor, trained: World) -> None:
    kept = {path: path.stat().st_size for path in trained.folder.rglob("*") if path.is_file()}
    predictor(Query("a secret that nobody has asked before"))
    assert {path: path.stat().st_size for path in trained.folder.rglob("*") if path.is_file()} == kept
