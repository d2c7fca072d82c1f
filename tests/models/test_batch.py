from __future__ import annotations

import pickle
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ragmtl.errors import MismatchError
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Reading, Vectors, collate
from ragmtl.models.texts import Texts
from tests.laws import evidence as laws


@pytest.fixture
def vectors() -> Vectors:
    return laws.random_vectors()


def test_text_history_and_passages_stand_in_their_rows(vectors: Vectors) -> None:
    long, short = laws.random_reading(1), laws.random_reading(2, segments=1, passages=1, history=2)
    batch = collate([short, long], vectors)
    assert len(batch) == 2
    assert batch.segment_mask.tolist() == [[True, False, False], [True, True, True]]
    assert torch.equal(batch.segments[0, :1], torch.tensor(short.segments))
    assert not batch.segments[0, 1:].any()
    assert torch.equal(batch.history[1], torch.tensor(vectors.nodes[long.history]))
    assert batch.history_ids[0].tolist() == [*vectors.node_ids[short.history], 0, 0]
    assert long.evidence is not None
    second = long.evidence.passages[1]
    assert torch.equal(batch.passages[1, 1], torch.tensor(vectors.passages[second.passage]))
    assert batch.passage_scores[1, 1].item() == pytest.approx(second.score)
    assert batch.passage_mask.sum(1).tolist() == [1, 3]


def test_subgraphs_are_laid_end_to_end(vectors: Vectors) -> None:
    readings = [laws.random_reading(1, nodes=3), replace(laws.random_reading(2), evidence=None), laws.random_reading(3)]
    batch = collate(readings, vectors)
    assert batch.node_example.tolist() == [0] * 3 + [2] * 6
    assert readings[2].evidence is not None
    last = readings[2].evidence.subgraph
    assert torch.equal(batch.node_vectors[3:], torch.tensor(vectors.nodes[last.nodes]))
    assert batch.node_ids[3:].tolist() == vectors.node_ids[last.nodes].tolist()
    assert batch.edges[:, 9:].tolist() == [(last.heads + 3).tolist(), (last.tails + 3).tolist()]
    assert batch.edge_relations[9:].tolist() == last.relations.tolist()
    assert batch.node_seeds.sum() == 4


def test_edges_stay_within_their_example(vectors: Vectors) -> None:
    batch = collate([laws.random_reading(seed) for seed in range(5)], vectors)
    assert torch.equal(*batch.node_example[batch.edges])


def test_signals_are_zero_where_an_example_has_none(vectors: Vectors) -> None:
    signal = np.ones((4, 2), np.float32)
    batch = collate([laws.random_reading(1), replace(laws.random_reading(2), signals={"rate": signal})], vectors)
    assert batch.signals["rate"].sum((1, 2)).tolist() == [0, 8]


def test_no_ranking_means_no_signals(vectors: Vectors) -> None:
    assert collate([laws.random_reading(1)], vectors).signals == {}


def test_signals_of_different_shape_are_refused(vectors: Vectors) -> None:
    readings = [replace(laws.random_reading(1), signals={"rate": np.ones((4, items), np.float32)}) for items in (2, 3)]
    with pytest.raises(MismatchError, match=r"'rate': expected \(4, 2\).*found \(4, 3\)"):
        collate(readings, vectors)


def test_an_example_with_nothing(vectors: Vectors) -> None:
    nothing = Reading(np.zeros((0, laws.TEXT), np.float32), None, np.zeros(0, np.int64), {})
    batch = collate([nothing], vectors)
    assert batch.segments.shape == (1, 0, laws.TEXT)
    assert batch.passages.shape == (1, 0, laws.TEXT)
    assert batch.node_vectors.shape == (0, laws.TEXT)
    assert batch.edges.shape == (2, 0)


def test_vectors_may_be_memory_mapped(vectors: Vectors, tmp_path: Path) -> None:
    np.save(tmp_path / "nodes.npy", vectors.nodes)
    mapped = replace(vectors, nodes=np.load(tmp_path / "nodes.npy", mmap_mode="r"))
    readings = [laws.random_reading(1)]
    assert torch.equal(collate(readings, mapped).node_vectors, collate(readings, vectors).node_vectors)


@pytest.mark.parametrize("ids", [[laws.NODES], [-1]])
def test_a_node_without_vector_is_refused(ids: list[int], vectors: Vectors) -> None:
    with pytest.raises(MismatchError, match="node ids below 40.*retrieve again"):
        collate([replace(laws.random_reading(1), history=np.array(ids))], vectors)


def test_a_passage_without_vector_is_refused(vectors: Vectors) -> None:
    evidence = laws.evidence_of(Subgraph.empty(), [(laws.PASSAGES, 1.0)])
    with pytest.raises(MismatchError, match="passage ids below 12"):
        collate([replace(laws.random_reading(1), evidence=evidence)], vectors)


def test_another_encoder_is_refused(vectors: Vectors) -> None:
    reading = replace(laws.random_reading(1), segments=np.zeros((2, laws.TEXT + 1), np.float32))
    with pytest.raises(MismatchError, match="text vectors of one width, found 16, 17 for the texts"):
        collate([laws.random_reading(2), reading], vectors)


def test_to_moves_every_tensor(vectors: Vectors) -> None:
    signals = {"rate": np.ones((4, 2), np.float32)}
    ids, mask = torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 2).bool()
    batch = collate([replace(laws.random_reading(1), signals=signals)], vectors)
    moved = replace(batch, texts={"line": Texts(ids, mask, ids, ids, mask)}).to("meta")
    by_task = ("signals", "contexts", "texts")
    tensors = [getattr(moved, field.name) for field in fields(moved) if field.name not in by_task]
    tensors += [getattr(moved.texts["line"], field.name) for field in fields(Texts)]
    assert {tensor.device.type for tensor in [*tensors, moved.signals["rate"]]} == {"meta"}


def test_a_batch_can_be_sent_between_processes(vectors: Vectors) -> None:
    batch = collate([laws.random_reading(1)], vectors)
    assert torch.equal(pickle.loads(pickle.dumps(batch)).edges, batch.edges)
