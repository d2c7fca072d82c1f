"""What every model that reads evidence must obey, whatever is inside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Batch, Labelled, Reading, Vectors, collate
from ragmtl.models.model import Model, Outputs
from ragmtl.retrieval.evidence import Evidence, LabelledExample, NodeScores, ScoredExample, ScoredPassage
from ragmtl.retrieval.query import Query

NODES, PASSAGES, RELATIONS, IDS, TEXT = 40, 12, 5, 9, 16
TYPES, NUMBERS, EXAMPLES, LABELS = 4, 2, 10, 6


def random_vectors(seed: int = 0) -> Vectors:
    """Vectors of a small graph and corpus."""
    rng = np.random.default_rng(seed)
    return Vectors(
        rng.standard_normal((NODES, TEXT)).astype(np.float16),
        rng.integers(0, IDS + 1, NODES),
        rng.standard_normal((PASSAGES, TEXT)).astype(np.float32),
    )


def rich_vectors(seed: int = 0) -> Vectors:
    """The same with types, numbers (some missing), and training examples with one to three labels each."""
    rng = np.random.default_rng([seed, 1])
    numbers = rng.standard_normal((NODES, NUMBERS)).astype(np.float32)
    numbers[rng.random(numbers.shape) < 0.3] = np.nan
    labels = [np.sort(rng.choice(LABELS, 1 + row % 3, replace=False)) for row in range(EXAMPLES)]
    texts = rng.standard_normal((EXAMPLES, TEXT)).astype(np.float16)
    labelled = Labelled({f"example {row}": row for row in range(EXAMPLES)}, texts, labels)
    return replace(random_vectors(seed), types=rng.integers(0, TYPES, NODES), numbers=numbers, labelled=labelled)


def with_neighbours(reading: Reading, seed: int, count: int = 2) -> Reading:
    """The example with labelled neighbours."""
    rng = np.random.default_rng([seed, 2])
    found = tuple(
        ScoredExample(LabelledExample(f"example {row}", "", ()), float(rng.random()), {}, "shares words")
        for row in rng.choice(EXAMPLES, count, replace=False).tolist()
    )
    assert reading.evidence is not None
    return replace(reading, evidence=replace(reading.evidence, neighbours=found))


def random_subgraph(rng: np.random.Generator, nodes: int, triples: int) -> Subgraph:
    """A subgraph of the small graph."""
    return Subgraph(
        nodes=rng.choice(NODES, nodes, replace=False),
        scores=rng.random(nodes).astype(np.float32),
        seeds=np.arange(nodes) < 2,
        triples=np.arange(triples),
        heads=rng.integers(0, max(nodes, 1), triples),
        tails=rng.integers(0, max(nodes, 1), triples),
        relations=rng.integers(0, RELATIONS, triples),
        weights=rng.random(triples).astype(np.float32),
    )


def evidence_of(subgraph: Subgraph, passages: Sequence[tuple[int, float]]) -> Evidence:
    """Evidence of a subgraph and passages, each with its score."""
    scored = tuple(ScoredPassage(passage, score, {"bm25": score}, "by its words") for passage, score in passages)
    targets = NodeScores(np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Evidence(Query("a stew"), subgraph, ("named in the text",) * len(subgraph.nodes), scored, (), targets)


def random_reading(
    seed: int, *, segments: int = 3, nodes: int = 6, triples: int = 9, passages: int = 3, history: int = 4
) -> Reading:
    """An example with as much of everything as asked for."""
    rng = np.random.default_rng(seed)
    scored = [(int(passage), float(rng.random())) for passage in rng.choice(PASSAGES, passages, replace=False)]
    return Reading(
        segments=rng.standard_normal((segments, TEXT)).astype(np.float32),
        evidence=evidence_of(random_subgraph(rng, nodes, triples if nodes else 0), scored),
        history=rng.integers(0, NODES, history),
        signals={},
    )


def permuted(reading: Reading, seed: int) -> tuple[Reading, np.ndarray, np.ndarray]:
    """The same evidence in another order, and the orders: new position → old position, of passages and of nodes."""
    assert reading.evidence is not None
    rng, old = np.random.default_rng(seed), reading.evidence.subgraph
    node_order, triple_order = rng.permutation(len(old.nodes)), rng.permutation(len(old.triples))
    passage_order = rng.permutation(len(reading.evidence.passages))
    position = np.argsort(node_order)
    subgraph = Subgraph(
        old.nodes[node_order],
        old.scores[node_order],
        old.seeds[node_order],
        old.triples[triple_order],
        position[old.heads[triple_order]],
        position[old.tails[triple_order]],
        old.relations[triple_order],
        old.weights[triple_order],
    )
    passages = tuple(reading.evidence.passages[place] for place in passage_order)
    neighbours = reading.evidence.neighbours[::-1]
    evidence = replace(reading.evidence, subgraph=subgraph, passages=passages, neighbours=neighbours)
    return replace(reading, evidence=evidence), passage_order, node_order


def widened(batch: Batch, extra: int, filler: float = 1e3) -> Batch:
    """The same batch with more padding, and with nonsense in it."""

    def wide(values: Tensor) -> Tensor:
        padding = values.new_full((len(values), extra, *values.shape[2:]), 0 if values.dtype == torch.bool else filler)
        return torch.cat([values, padding], 1)

    return replace(
        batch,
        segments=wide(batch.segments),
        segment_mask=wide(batch.segment_mask),
        passages=wide(batch.passages),
        passage_scores=wide(batch.passage_scores),
        passage_mask=wide(batch.passage_mask),
        history=wide(batch.history),
        history_ids=torch.nn.functional.pad(batch.history_ids, (0, extra), value=1),
        history_types=torch.nn.functional.pad(batch.history_types, (0, extra), value=1),
        history_numbers=wide(batch.history_numbers),
        history_mask=wide(batch.history_mask),
        neighbours=wide(batch.neighbours),
        neighbour_scores=wide(batch.neighbour_scores),
        neighbour_mask=wide(batch.neighbour_mask),
    )


def assert_same(found: Tensor, expected: Tensor) -> None:
    """Equal up to the order of sums."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def assert_same_answers(found: Outputs, expected: Outputs) -> None:
    """The same logits for every task."""
    assert found.heads.keys() == expected.heads.keys()
    assert found.heads
    for task, logits in expected.heads.items():
        assert_same(found.heads[task], logits)


def assert_invariant_to_padding(model: Model, batch: Batch) -> None:
    """Padding never matters, nor what stands in it."""
    plain, padded = model(batch), model(widened(batch, 3))
    assert_same_answers(padded, plain)
    assert_same(padded.fused.node_weights, plain.fused.node_weights)
    assert_same(padded.fused.passage_weights[:, :-3], plain.fused.passage_weights)
    assert_same(padded.fused.neighbour_weights.sum(1), plain.fused.neighbour_weights.sum(1))
    assert not padded.fused.passage_weights[:, -3:].any()
    assert not padded.history_weights[:, -3:].any()
    assert not padded.segment_weights[:, -3:].any()


def assert_invariant_to_order(model: Model, reading: Reading, vectors: Vectors) -> None:
    """The order of passages, nodes and triples never matters; weights move with what they belong to."""
    shuffled, passage_order, node_order = permuted(reading, seed=1)
    plain, moved = model(collate([reading], vectors)), model(collate([shuffled], vectors))
    assert_same_answers(moved, plain)
    assert_same(moved.fused.passage_weights, plain.fused.passage_weights[:, passage_order])
    assert_same(moved.fused.node_weights, plain.fused.node_weights[node_order])
    assert_same(moved.fused.neighbour_weights, plain.fused.neighbour_weights.flip(1))


def assert_examples_independent(model: Model, readings: Sequence[Reading], vectors: Vectors) -> None:
    """What is said about an example does not depend on the others of its batch."""
    together = model(collate(readings, vectors))
    for row, reading in enumerate(readings):
        alone = model(collate([reading], vectors))
        for task, logits in alone.heads.items():
            assert_same(together.heads[task][row : row + 1], logits)
        assert_same(together.fused.no_evidence[row : row + 1], alone.fused.no_evidence)


def assert_weights_sum_to_one(outputs: Outputs, batch: Batch) -> None:
    """Every example spends all of its attention: on evidence, on text, and on its history."""
    fused = outputs.fused
    nodes = fused.node_weights.new_zeros(len(batch)).index_add(0, batch.node_example, fused.node_weights)
    total = fused.no_evidence + fused.passage_weights.sum(1) + nodes + fused.neighbour_weights.sum(1)
    assert_same(total, torch.ones(len(batch)))
    for weights, mask in (
        (outputs.segment_weights, batch.segment_mask),
        (outputs.history_weights, batch.history_mask),
        (fused.passage_weights, batch.passage_mask),
        (fused.neighbour_weights, batch.neighbour_mask[:, : fused.neighbour_weights.shape[1]]),
    ):
        assert not weights[~mask].any()
        assert (weights >= 0).all()
    assert_same(outputs.segment_weights.sum(1), batch.segment_mask.any(1).float())
    assert_same(outputs.history_weights.sum(1), batch.history_mask.any(1).float())


def assert_empty_evidence_is_no_evidence(model: Model, reading: Reading, vectors: Vectors) -> None:
    """`None`, and evidence with nothing in it, give all weight to the no-evidence slot, and the same answers."""
    empty = replace(reading, evidence=evidence_of(Subgraph.empty(), []))
    absent = replace(reading, evidence=None)
    for given in (empty, absent):
        assert_same(model(collate([given], vectors)).fused.no_evidence, torch.ones(1))
    assert_same_answers(model(collate([absent], vectors)), model(collate([empty], vectors)))


def assert_gradients_finite(module: nn.Module, run: Callable[[], Float[Tensor, "*shape"]]) -> None:
    """Nothing that is computed, and no gradient, is infinite or no number."""
    module.zero_grad()
    result = run()
    assert torch.isfinite(result).all()
    result.square().sum().backward()  # type: ignore[no-untyped-call]
    gradients = {name: one.grad for name, one in module.named_parameters() if one.grad is not None}
    assert gradients
    for name, gradient in gradients.items():
        assert torch.isfinite(gradient).all(), name
