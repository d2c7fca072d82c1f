from __future__ import annotations

import json
from pathlib import Path

from ragmtl.retrieval.index import Index
from tests.ragmtl.conftest import Ragmtl, World


def test_a_scorer_is_trained_and_kept_beside_the_index(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    index = Index.load(trained.index)
    graph = index.graph
    rows = []
    for triple in range(len(graph)):
        head, relation, tail = (graph.nodes[graph.triple(triple)[0]], *graph.triple(triple)[1:])
        question = f"what is the {graph.relation_label(relation)} of {graph.label(graph.nodes.find(head) or 0)}"
        rows.append({"id": str(triple), "question": question, "entities": [head], "answers": [graph.nodes[tail]]})
    table = tmp_path / "questions.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    called = ragmtl("learn", trained.index, table, "--hops", 1)
    assert called.code == 0, called.err
    assert f"wrote {trained.index}.learned" in called.out.replace("\n", "")
    assert (Path(f"{trained.index}.learned") / "model.safetensors").is_file()
    assert "questions to learn from" in called.out


def test_questions_that_cannot_be_read_are_said(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    table = tmp_path / "questions.jsonl"
    table.write_text('{"question": "which tea?"}\n', encoding="utf-8")
    called = ragmtl("learn", trained.index, table)
    assert called.code == 1
    assert "expected what should be found" in called.err
