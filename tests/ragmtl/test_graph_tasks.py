"""Questions over a graph and predicted links, through the whole program, on the world of teas."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragmtl.build import build_index, open_index
from ragmtl.config import read_config
from ragmtl.errors import DataError
from ragmtl.held_out import write_held_out
from ragmtl.inspector.page import render_prediction
from ragmtl.opening import open_graph
from ragmtl.predict import Predictor
from ragmtl.prediction import Prediction
from ragmtl.retrieval.query import Query
from ragmtl.run import evaluate_run, train_run
from ragmtl.tasks.question import ABSENT
from tests.ragmtl.conftest import TEA, Ragmtl, World

T = "https://tea.example/"
TEAS = ("sencha", "gyokuro", "matcha", "longjing", "keemun", "assam", "darjeeling", "tieguanyin")
TOML = """
name = "leaves"
[graph]
sources = ["held/graph.nt"]
[corpus]
path = "passages.jsonl"
[encoder]
name = "hashing"
[retrieval]
passages = 1
nodes = 12
[model]
dim = 16
layers = 1
attention_heads = 2
[training]
epochs = 1
steps = 4
batch_size = 8
device = "cpu"
[[tasks]]
name = "ask"
kind = "question"
data = "questions.jsonl"
text = "question"
answer = "answers"
split = "split"
[[tasks]]
name = "claim"
kind = "pair"
data = "claims.jsonl"
text = "claim"
label = "verdict"
split = "split"
[[tasks]]
name = "names"
kind = "spans"
data = "claims.jsonl"
text = "claim"
label = "names"
split = "split"
[[tasks]]
name = "taste"
kind = "link"
data = "held/edges.tsv"
relation = "https://tea.example/tastes"
[[tasks]]
name = "tasting"
kind = "link"
data = "held/edges.tsv"
relation = "https://tea.example/tastes"
side = "head"
"""


def questions() -> Iterator[dict[str, object]]:
    graph = {"sencha": "green", "gyokuro": "green", "matcha": "green", "longjing": "green", "keemun": "black"}
    for place, tea in enumerate(TEAS):
        split = ("train", "valid", "test")[max(0, place - 5)]
        kind = graph.get(tea, "black" if tea in ("assam", "darjeeling") else "oolong")
        yield {"question": f"What kind of tea is {tea}?", "answers": [T + kind], "split": split}
        yield {"question": f"Who sells {tea}?", "answers": [], "split": split}
    yield {"question": "What is the time?", "answers": [], "split": "train"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leaves")
    shutil.copy(TEA / "passages.jsonl", folder)
    write_held_out(open_graph(TEA / "graph.ttl"), [T + "tastes"], folder / "held", share=0.2, unseen=0.1, seed=6)
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions()), encoding="utf-8")
    claims = [
        {
            "claim": f"{tea} is {kind}",
            "verdict": kind,
            "names": [[0, len(tea), "tea"]],
            "split": ("train", "valid", "test")[max(0, place - 5)],
        }
        for place, tea in enumerate(TEAS)
        for kind in ("grassy", "smoky")
    ]
    (folder / "claims.jsonl").write_text("".join(json.dumps(row) + "\n" for row in claims), encoding="utf-8")
    (folder / "leaves.toml").write_text(TOML, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def leaves(files: Path, told: list[str]) -> World:
    config = read_config(files / "leaves.toml")
    build_index(config, files / "index")
    train_run(config, open_index(config, files / "index"), files / "run", tell=told.append)
    return World(files)


@pytest.fixture(scope="module")
def asked(leaves: World) -> Prediction:
    return Predictor.load(leaves.run)(Query("What kind of tea is matcha?"))


def test_a_question_is_answered_with_a_node_of_the_evidence_or_with_none(asked: Prediction) -> None:
    [answer] = [answer for answer in asked.answers if answer.task == "ask"]
    assert {score.name for score in answer.scores} == {ABSENT, *(node.label for node in asked.nodes)}
    assert {score.iri for score in answer.scores} == {None, *(node.iri for node in asked.nodes)}
    assert sum(score.value for score in answer.scores) == pytest.approx(1)
    assert answer.chosen == (answer.scores[0].name,)


def test_a_pair_says_how_much_each_passage_spoke_for_the_answer(asked: Prediction) -> None:
    [answer] = [answer for answer in asked.answers if answer.task == "claim"]
    assert [one.passage for one in answer.judged] == [passage.id for passage in asked.passages]
    assert [one.answer for one in answer.judged] == list(answer.chosen)
    [shown] = [one for one in json.loads(json.dumps(asked.to_dict()))["answers"] if one["task"] == "claim"]
    assert shown["judged"][0]["title"] == asked.passages[0].title


def test_names_are_marked_with_their_places(leaves: World, asked: Prediction) -> None:
    [answer] = [answer for answer in asked.answers if answer.task == "names"]
    assert all(asked.query.text[one.start : one.end] == one.text for one in answer.marked)
    found = Predictor.load(leaves.run)(Query(entities=(T + "matcha",)))
    assert "names" not in {answer.task for answer in found.answers}


def test_the_path_leads_from_an_entity_of_the_question_to_the_answer(leaves: World) -> None:
    predictor = Predictor.load(leaves.run)
    paths = 0
    for tea in TEAS:
        found = predictor(Query(f"What kind of tea is {tea}?"))
        [answer] = [answer for answer in found.answers if answer.task == "ask"]
        named = {mention.label for mention in found.mentions}
        if answer.path:
            paths += 1
            ends = [{step.head, step.tail} for step in answer.path]
            assert ends[0] & named
            assert answer.chosen[0] in ends[-1]
            assert all(first & second for first, second in zip(ends, ends[1:], strict=False))
            shown = {(found.nodes[one.head].label, found.nodes[one.tail].label) for one in found.triples}
            assert all((step.head, step.tail) in shown for step in answer.path)
            assert "The path to it" in render_prediction(found)
    assert paths


def test_a_text_without_an_entity_is_not_in_the_graph(leaves: World) -> None:
    found = Predictor.load(leaves.run)(Query("What is the time?"))
    [answer] = [answer for answer in found.answers if answer.task == "ask"]
    assert (answer.chosen, answer.path) == ((ABSENT,), ())


def test_what_names_no_entity_is_counted_before_training(leaves: World, told: list[str]) -> None:
    assert any("2 of 17 questions name no entity of the graph" in line for line in told)


def test_links_are_predicted_for_entities_that_may_have_them(leaves: World, asked: Prediction) -> None:
    predictor = Predictor.load(leaves.run)
    assert [answer.task for answer in asked.answers] == ["ask", "claim", "names"]
    edges = [line.split("\t") for line in (leaves.folder / "held/edges.tsv").read_text(encoding="utf-8").splitlines()]
    tea, taste = next((head, tail) for head, _, tail, part in edges if part == "train")
    found = predictor(Query(entities=(tea,)))
    [answer] = [answer for answer in found.answers if answer.task == "taste"]
    assert taste not in {score.iri for score in answer.scores}
    assert len(answer.scores) == len({tail for _, _, tail, _ in edges[1:]}) - 1
    assert "tasting" not in {answer.task for answer in found.answers}


def test_evidence_of_a_link_never_shows_its_relation(leaves: World) -> None:
    predictor = Predictor.load(leaves.run)
    read = predictor.read([Query(entities=(T + "matcha",))])
    relation = predictor.index.graph.relations.find(T + "tastes")
    shown = {task.name: one.readings[0].evidence for one in read for task in one.source.tasks}
    assert all(shown[name] is not None for name in ("ask", "taste"))
    assert shown["taste"] is not None
    assert relation not in shown["taste"].subgraph.relations
    assert shown["ask"] is not None
    assert relation in shown["ask"].subgraph.relations


def test_every_part_is_measured(leaves: World) -> None:
    rows = {(row.task, row.slice, row.metric) for row in evaluate_run(leaves.run, "test")}
    assert {("ask", part, "hits@1") for part in ("all", "in the graph", ABSENT)} <= rows
    assert {("ask", "all", "retrieved"), ("taste", "all", "mrr"), ("tasting", "all", "hr@10")} <= rows


def test_the_terminal_shows_the_path(leaves: World, ragmtl: Ragmtl) -> None:
    called = ragmtl("predict", leaves.run, "What kind of tea is matcha?")
    assert called.code == 0, called.err
    assert "matcha \u2014kind\u2192 green" in " ".join(called.out.split())


def test_answers_that_are_no_entities_are_counted(files: Path, tmp_path: Path) -> None:
    shutil.copytree(files, tmp_path / "copy")
    path = tmp_path / "copy" / "questions.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("/black", "/blak"), encoding="utf-8")
    config = read_config(tmp_path / "copy" / "leaves.toml")
    with pytest.raises(DataError) as caught:
        train_run(config, open_index(config, files / "index"), tmp_path / "run")
    for part in ("questions.jsonl:9", "found others in 3 of 17 rows", f"did you mean '{T}black'?"):
        assert part in str(caught.value)


def test_questions_none_of_which_names_an_entity_are_refused(leaves: World, tmp_path: Path) -> None:
    shutil.copytree(leaves.folder, tmp_path / "copy")
    rows = [row | {"question": "What is the time?", "id": str(at)} for at, row in enumerate(questions())]
    path = tmp_path / "copy" / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = read_config(tmp_path / "copy" / "leaves.toml")
    with pytest.raises(DataError, match="found none among the 13 for train"):
        train_run(config, open_index(config, leaves.index), tmp_path / "run")


def test_a_graph_that_states_what_is_held_out_is_refused(leaves: World, tmp_path: Path) -> None:
    shutil.copytree(leaves.folder, tmp_path / "copy")
    shutil.copy(TEA / "graph.ttl", tmp_path / "copy" / "held" / "graph.ttl")
    world = World(tmp_path / "copy")
    world.replace("leaves.toml", "held/graph.nt", "held/graph.ttl")
    config = read_config(world.folder / "leaves.toml")
    build_index(config, tmp_path / "whole")
    with pytest.raises(DataError, match="index the graph that `ragmtl kg hold-out` wrote"):
        train_run(config, open_index(config, tmp_path / "whole"), tmp_path / "run")


def test_hold_out_on_the_command_line(ragmtl: Ragmtl) -> None:
    called = ragmtl("kg", "hold-out", TEA / "graph.ttl", "held", "--relation", "tastes", "--share", 0.2, "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)
    assert told["train"] + told["valid"] + told["test"] == 12
    assert Path("held/edges.tsv").read_text(encoding="utf-8").count("\n") == 13
    refused = ragmtl("kg", "hold-out", TEA / "graph.ttl", "held", "--relation", "taste")
    assert (refused.code, "did you mean 'tastes'" in refused.err) == (1, True)
