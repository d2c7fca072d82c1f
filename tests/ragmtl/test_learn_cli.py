from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from ragmtl.errors import MismatchError
from ragmtl.retrieval.encoders.encoder import load_encoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.learned_fusion import fusion_file
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings
from tests.ragmtl.conftest import Called, Ragmtl, World
from tests.tiny import tiny_encoder

SENCHA = Query("A cup of sencha.")


@pytest.fixture
def index(trained: World, tmp_path: Path) -> Path:
    """An index of its own, beside which things may be learned."""
    shutil.copytree(trained.index, tmp_path / "world" / "index")
    return tmp_path / "world" / "index"


@pytest.fixture
def questions(trained: World, tmp_path: Path) -> Path:
    """Two questions for each passage: the first words of its text to learn from, the last ones to validate with."""
    corpus, rows = Index.load(trained.index).corpus, []
    for place, identity in enumerate(corpus.ids):
        words = corpus.texts[place].split()
        for split, some in (("train", words[:5]), ("valid", words[-5:])):
            row = {"id": f"{identity} {split}", "question": " ".join(some), "passages": [identity], "split": split}
            rows.append(row)
    table = tmp_path / "passages.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return table


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    (tmp_path / "tiny").mkdir()
    return tiny_encoder(tmp_path / "tiny")


def ok(called: Called) -> str:
    assert called.code == 0, called.err
    return called.out


def test_a_scorer_is_trained_and_kept_beside_the_index(index: Path, ragmtl: Ragmtl, tmp_path: Path) -> None:
    graph = Index.load(index).graph
    rows = []
    for triple in range(len(graph)):
        head, relation, tail = (graph.nodes[graph.triple(triple)[0]], *graph.triple(triple)[1:])
        question = f"what is the {graph.relation_label(relation)} of {graph.label(graph.nodes.find(head) or 0)}"
        rows.append({"id": str(triple), "question": question, "entities": [head], "answers": [graph.nodes[tail]]})
    rows.append({"id": "none", "question": "what is the price of tea", "answers": []})
    table = tmp_path / "questions.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    called = ragmtl("learn", index, table, "--hops", 1)
    assert called.code == 0, called.err
    assert "questions to learn from" in called.out
    assert "left out: 1 questions that nothing answers" in called.out
    assert "answer_recall of " in called.out
    assert f"wrote {index}.learned" in called.out.replace("\n", "")
    assert 'walk = "learned"' in called.out
    assert Path(f"{index}.learned", "model.safetensors").is_file()


def test_a_fusion_is_learned_measured_and_used(
    trained: World, index: Path, questions: Path, ragmtl: Ragmtl, tmp_path: Path
) -> None:
    world = trained.copy(tmp_path / "world")
    config = world.replace("tea.toml", "[retrieval]", '[retrieval]\nfusion = "learned"')
    measured = ("evaluate", index, "--retrieval", questions, "--config", config, "--split", "valid")
    refused = ragmtl(*measured)
    assert refused.code == 1
    assert "ragmtl learn --what fusion" in refused.err
    said = ok(ragmtl("learn", index, questions, "--what", "fusion", "--config", config, "--anyway"))
    assert "ndcg@10 of 10 validation questions: " in said
    assert f"wrote {index}.fusion.json" in said.replace("\n", "")
    assert "latency" in ok(ragmtl(*measured))
    again = ok(ragmtl("learn", index, questions, "--what", "fusion", "--config", config))
    assert "+0.000 [+0.000, +0.000]" in again, "before is what was there"
    assert "it changed nothing\nwhat was there stays; `--anyway`" in again


def test_what_does_not_help_is_not_kept(index: Path, questions: Path, ragmtl: Ragmtl) -> None:
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    ids = [row["passages"] for row in rows]
    for place, row in enumerate(rows):
        if row["split"] == "train":
            row["passages"] = ids[(place + 6) % len(ids)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    said = ok(ragmtl("learn", index, questions, "--what", "two-tower", "--epochs", 30))
    assert "(no epoch of 2)" in said, "validation saw at once that it led nowhere"
    assert "what was there stays; it lies in " in said
    assert not Path(f"{index}.two-tower").exists()
    assert load_encoder(f"{index}.two-tower.new").dim == 256


def test_encoders_are_learned_and_indexed(
    trained: World, index: Path, questions: Path, tiny: Path, ragmtl: Ragmtl, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    words = ("learn", index, questions, "--what", "encoder", "--start", tiny, "--epochs", 2, "--anyway")
    said = ok(ragmtl(*words, "--out", tmp_path / "world" / "mine"))
    assert "10 pairs; " in said
    assert f'to use it: name = "{tmp_path / "world" / "mine"}" under [encoder]' in said
    world = trained.copy(tmp_path / "world")
    world.replace("tea.toml", 'name = "hashing"', 'name = "mine"')
    ok(ragmtl("index", world.config, "--out", tmp_path / "again"))
    assert Index.load(tmp_path / "again").encoder.dim == 32
    assert "Pine smoke" in ok(ragmtl("retrieve", tmp_path / "again", "smoky tea dried over pine wood"))


def test_a_reranker_is_learned_and_used(
    trained: World, index: Path, questions: Path, tiny: Path, ragmtl: Ragmtl, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    said = ok(ragmtl("learn", index, questions, "--what", "reranker", "--start", tiny, "--epochs", 1, "--anyway"))
    assert f'rerank = "{index}.reranker" under [retrieval]' in said
    world = trained.copy(tmp_path / "world")
    config = world.replace("tea.toml", "[retrieval]", '[retrieval]\nrerank = "index.reranker"')
    rows = tmp_path / "rows.jsonl"
    measured = ("evaluate", index, "--retrieval", questions, "--config", config, "--out", rows)
    assert "latency" in ok(ragmtl(*measured))


@pytest.mark.parametrize("words", [("--lora",), ("--start", "minilm"), ("--out", "x"), ("--what", "fusion", "--lora")])
def test_options_that_would_not_count_are_refused(
    index: Path, questions: Path, ragmtl: Ragmtl, words: tuple[str, ...]
) -> None:
    called = ragmtl("learn", index, questions, *words)
    assert called.code == 2
    assert "together with --what" in called.err.replace("\n", " ").replace("│", "").replace("  ", " ")


def test_bad_input_is_one_message(index: Path, questions: Path, ragmtl: Ragmtl, tmp_path: Path) -> None:
    table = tmp_path / "questions.jsonl"
    table.write_text('{"question": "which tea?"}\n', encoding="utf-8")
    refused = ragmtl("learn", index, table)
    assert (refused.code, "expected what should be found" in refused.err) == (1, True)
    first = questions.read_text(encoding="utf-8").splitlines()[0]
    table.write_text(first + "\n", encoding="utf-8")
    for what, message in (
        ("encoder", "two pairs or more"),
        ("two-tower", "two pairs or more"),
        ("reranker", "two choices or more"),
        ("triples", "found none that is about the graph"),
    ):
        refused = ragmtl("learn", index, table, "--what", what)
        assert (refused.code, message in refused.err) == (1, True), refused.err
    refused = ragmtl("learn", index, questions, "--what", "encoder", "--start", tmp_path)
    assert (refused.code, "expected a text encoder" in refused.err) == (1, True)
    node = Index.load(index).graph.nodes[0]
    table.write_text(json.dumps({"question": "which tea?", "answers": [node]}) + "\n", encoding="utf-8")
    refused = ragmtl("learn", index, table, "--what", "fusion")
    assert (refused.code, "found none among" in refused.err) == (1, True)
    assert not fusion_file(index).exists()


def test_a_tagger_is_learned_measured_and_used(index: Path, ragmtl: Ragmtl, tmp_path: Path) -> None:
    tagged = RetrievalSettings(linking="tagged")
    with pytest.raises(MismatchError, match="ragmtl learn --what tagger"):
        Retriever(Index.load(index), tagged)
    rows: list[dict[str, object]] = [
        {"text": f"A cup of {tea}.", "entities": [f"https://tea.example/{tea}"]} for tea in ("sencha", "matcha")
    ]
    rows += [{"text": "Black tea.", "spans": []}, {"text": "Assam in spring.", "spans": [[0, 5]], "split": "valid"}]
    table = tmp_path / "texts.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    said = ok(ragmtl("learn", index, table, "--what", "tagger", "--epochs", 1, "--anyway"))
    assert "f1 of 1 validation texts: " in said
    assert f"wrote {index}.tagger" in said.replace("\n", "")
    assert 'linking = "tagged"' in said
    assert all("sure that it is a name" in one.how for one in Retriever(Index.load(index), tagged)(SENCHA).mentions)
    table.write_text('{"text": " "}\n', encoding="utf-8")
    assert "expected a text in 'text'" in ragmtl("learn", index, table, "--what", "tagger").err
