from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.models.batch import Batch, Reading, Vectors, collate
from ragmtl.models.heads.labels import ClassHead, LabelHead
from ragmtl.models.heads.ranking import Items, RankingHead
from ragmtl.models.model import Model
from tests.laws import evidence as laws

ITEMS = 7


def ranking(dim: int) -> RankingHead:
    vectors, near = torch.randn(2, ITEMS, laws.TEXT)
    return RankingHead(dim, Items(vectors, torch.arange(ITEMS) < 5, near), signals=[1.0, 0.5])


def build(layers: int = 2, dropout: float = 0.2) -> Model:
    torch.manual_seed(0)
    heads = {"cuisine": ClassHead(24, 4), "type": LabelHead(24, 3), "a.b": ranking(24)}
    model = Model(
        text_dim=laws.TEXT,
        segment_dim=laws.TEXT,
        relations=laws.RELATIONS,
        ids=laws.IDS,
        heads=heads,
        dim=24,
        layers=layers,
        attention_heads=3,
        dropout=dropout,
        votes={"cuisine": 4, "type": 3},
    )
    for parameter in model.parameters():  # parts that start at zero must not hide anything
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


@pytest.fixture(scope="module")
def model() -> Model:
    return build()


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return laws.random_vectors()


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    signal = np.random.default_rng(5).standard_normal((ITEMS, 2)).astype(np.float32)
    return [
        replace(laws.random_reading(1), signals={"a.b": signal}),
        laws.random_reading(2, nodes=0, passages=0),
        laws.random_reading(3, segments=1, passages=1, history=0),
        laws.random_reading(4, segments=0, nodes=9, triples=0),
        laws.random_reading(5, segments=0, nodes=0, passages=0, history=0),
        replace(laws.random_reading(6, nodes=1, triples=3), evidence=None),
    ]


@pytest.fixture(scope="module")
def batch(readings: list[Reading], vectors: Vectors) -> Batch:
    return collate(readings, vectors)


def test_padding_never_matters(model: Model, batch: Batch) -> None:
    laws.assert_invariant_to_padding(model, batch)


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_order_of_evidence_never_matters(layers: int, vectors: Vectors) -> None:
    laws.assert_invariant_to_order(build(layers), laws.random_reading(7), vectors)


def test_examples_are_independent(model: Model, readings: list[Reading], vectors: Vectors) -> None:
    laws.assert_examples_independent(model, readings, vectors)


@pytest.mark.parametrize("training", [False, True])
def test_weights_sum_to_one(training: bool, batch: Batch) -> None:
    laws.assert_weights_sum_to_one(build().train(training)(batch), batch)


def test_empty_evidence_is_no_evidence(model: Model, vectors: Vectors) -> None:
    laws.assert_empty_evidence_is_no_evidence(model, laws.random_reading(8), vectors)


def test_masked_passages_are_removed_passages(model: Model, vectors: Vectors) -> None:
    reading = laws.random_reading(9, passages=3)
    assert reading.evidence is not None
    fewer = replace(reading, evidence=replace(reading.evidence, passages=reading.evidence.passages[:2]))
    whole = collate([reading], vectors)
    masked = replace(whole, passage_mask=whole.passage_mask & (torch.arange(3) < 2))
    laws.assert_same_answers(model(masked), model(collate([fewer], vectors)))


@pytest.mark.parametrize("part", ["segments", "history", "passages", "node_vectors", "edge_weights", "node_scores"])
def test_every_part_of_the_input_matters(part: str, model: Model, vectors: Vectors) -> None:
    batch = collate([laws.random_reading(10)], vectors)
    changed = replace(batch, **{part: getattr(batch, part) * -0.5 + 0.3})
    assert not torch.allclose(model(changed).shared["type"], model(batch).shared["type"], atol=1e-4)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "without",
    [{}, {"passages": 0}, {"nodes": 0}, {"segments": 0}, {"history": 0}, {"triples": 0}]
    + [{"passages": 0, "nodes": 0, "segments": 0, "history": 0}],
)
def test_gradients_are_finite_whatever_is_missing(training: bool, without: dict[str, int], vectors: Vectors) -> None:
    model = build().train(training)
    batch = collate([laws.random_reading(seed, **without) for seed in range(2)], vectors)
    laws.assert_gradients_finite(model, lambda: torch.cat(list(model(batch).heads.values()), 1))


def test_only_tasks_that_were_asked_for_are_computed(batch: Batch) -> None:
    model = build()
    model.head("a.b").forward = pytest.fail
    assert model(batch, ["type", "cuisine"]).heads.keys() == {"type", "cuisine"}


def test_a_task_without_head_is_refused(model: Model, batch: Batch) -> None:
    with pytest.raises(MismatchError, match=r"among cuisine, type, a\.b; found mood"):
        model(batch, ["cuisine", "mood"])


def test_dim_must_be_a_multiple_of_heads() -> None:
    with pytest.raises(ConfigError, match="found 10 and 4"):
        Model(text_dim=4, segment_dim=4, relations=1, ids=1, heads={}, dim=10)


def test_vectors_in_half_precision_are_computed_in_full(model: Model, vectors: Vectors) -> None:
    reading = laws.random_reading(12)
    full = replace(vectors, nodes=vectors.nodes.astype(np.float32))
    assert collate([reading], vectors).node_vectors.dtype == torch.float16
    halves, whole = model(collate([reading], vectors)), model(collate([reading], full))
    assert torch.equal(halves.shared["type"], whole.shared["type"])


def test_same_seed_same_training_step(batch: Batch) -> None:
    answers = []
    for _ in range(2):
        model = build().train()
        torch.manual_seed(3)
        answers.append(model(batch).shared["type"])
    assert torch.equal(*answers)


def test_votes_are_what_entities_add(batch: Batch) -> None:
    model = build().eval()
    outputs = model(batch)
    votes = model.votes_of("cuisine", batch, outputs.fused)
    assert votes is not None
    assert model.votes_of("a.b", batch, outputs.fused) is None
    for parameter in model.votes.parameters():
        torch.nn.init.zeros_(parameter)
    added = torch.zeros_like(outputs.heads["cuisine"]).index_add_(0, batch.node_example, votes)
    torch.testing.assert_close(model(batch).heads["cuisine"] + added, outputs.heads["cuisine"])


def test_seeds_are_never_dropped_in_training(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragmtl.models.model.WITHOUT_EVIDENCE", 0.0)
    model, batch = build(dropout=0.999).train(), collate([laws.random_reading(11)], vectors)
    seen = model(batch).fused
    assert (seen.node_weights[batch.node_seeds] > 0).all()
    assert not seen.node_weights[~batch.node_seeds].any()
    assert not seen.passage_weights.any()


def test_a_class_that_only_the_graph_tells_is_learned(vectors: Vectors) -> None:
    """The label is the relation between the seed and its neighbour; text and passages are the same for all."""
    torch.manual_seed(0)
    readings, labels = [], torch.arange(32) % 2
    text = laws.random_reading(0, nodes=0, passages=0, history=0)
    for seed, label in enumerate(labels.tolist()):
        subgraph = laws.random_subgraph(np.random.default_rng(seed), nodes=4, triples=3)
        subgraph = replace(subgraph, heads=np.zeros(3, np.int64), relations=np.full(3, label))
        readings.append(replace(text, evidence=laws.evidence_of(subgraph, [])))
    batch = collate(readings, vectors)
    heads = {"label": ClassHead(16, 2)}
    model = Model(
        text_dim=laws.TEXT, segment_dim=laws.TEXT, relations=2, ids=laws.IDS, heads=heads, dim=16, dropout=0.0
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(batch).heads["label"], labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert (model.eval()(batch).heads["label"].argmax(1) == labels).all()
    assert model(collate([text], vectors)).fused.no_evidence.item() == pytest.approx(1)


def learn(model: Model, batch: Batch, labels: torch.Tensor, steps: int = 60) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(batch).heads["label"], labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    model.eval()


def small(*, labels: int = 0, numbers: int = 0) -> Model:
    torch.manual_seed(0)
    return Model(
        text_dim=laws.TEXT,
        segment_dim=laws.TEXT,
        relations=2,
        ids=laws.IDS,
        heads={"label": ClassHead(16, 2)},
        dim=16,
        dropout=0.0,
        labels=labels,
        numbers=numbers,
    )


def test_a_class_that_only_labelled_neighbours_tell_is_learned() -> None:
    """The label is that of the neighbours; text, passages and subgraph are the same for all."""
    rich, same = laws.rich_vectors(), laws.random_reading(0)
    assert rich.labelled is not None
    labelled = replace(rich.labelled, labels=[np.array([row % 2]) for row in range(laws.EXAMPLES)])
    vectors = replace(rich, labelled=labelled)
    readings = [laws.with_neighbours(same, seed, count=1) for seed in range(40)]
    named = [reading.evidence.neighbours[0].example.id for reading in readings if reading.evidence is not None]
    labels = torch.tensor([labelled.rows[name] % 2 for name in named])
    assert 5 < labels.sum() < 35
    model, batch = small(labels=2), collate(readings, vectors)
    learn(model, batch, labels)
    found = model(batch)
    assert (found.heads["label"].argmax(1) == labels).float().mean() > 0.95
    assert found.fused.neighbour_weights.mean() > 0.3


def test_what_numbers_tell_holds_for_entities_that_training_never_met() -> None:
    """The label is whether the entity's number is above the middle; the second half of the entities is new."""
    numbers = np.random.default_rng(0).standard_normal((laws.NODES, 1)).astype(np.float32)
    alike = laws.random_vectors()
    nothing = np.zeros_like(alike.nodes), np.zeros_like(alike.node_ids)
    vectors = replace(alike, nodes=nothing[0], node_ids=nothing[1], numbers=numbers)
    readings = []
    for node in range(laws.NODES):
        alone = laws.random_subgraph(np.random.default_rng(0), 1, 0)
        evidence = laws.evidence_of(replace(alone, nodes=np.array([node])), [])
        readings.append(Reading(np.zeros((0, laws.TEXT), np.float32), evidence, np.zeros(0, np.int64), {}))
    labels = torch.from_numpy(numbers[:, 0] > 0).long()
    half = laws.NODES // 2
    found = []
    for model in (small(numbers=1), small()):
        learn(model, collate(readings[:half], vectors), labels[:half], steps=60)
        answers = model(collate(readings[half:], vectors)).heads["label"].argmax(1)
        found.append((answers == labels[half:]).float().mean().item())
    assert found[0] > 0.85
    assert found[1] < 0.75
