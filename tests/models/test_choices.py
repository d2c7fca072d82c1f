"""Every graph network with every fusion and every sharing obeys the laws of models that read evidence."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from ragmtl.config import ModelConfig
from ragmtl.config.model import Feature, Fusion, Graph, Sharing
from ragmtl.facts import NodeFacts, NumberScale
from ragmtl.models.batch import Batch, Reading, collate
from ragmtl.models.checkpoint import load_checkpoint, restore, save_checkpoint
from ragmtl.models.model import Model
from ragmtl.sizes import HeadSize, ModelSize, build_model
from tests.laws import evidence as laws

Choice = tuple[Graph, Fusion, Sharing]
CHOICES: list[Choice] = list(product(get_args(Graph), get_args(Fusion), get_args(Sharing)))
VECTORS = laws.rich_vectors()
FACTS = NodeFacts(
    types=tuple("abc"), numbers=tuple(NumberScale(relation=name, middle=0.0, spread=1.0) for name in ("x", "y"))
)
HEADS = {
    "cuisine": HeadSize(kind="class", answers=4, votes=True),
    "type": HeadSize(kind="labels", answers=3),
    "a.b": HeadSize(kind="class", answers=2),
}


def build(choice: Choice, seed: int = 0) -> Model:
    """A small model that reads everything there is; parts that start at zero are moved, to hide nothing."""
    graph, fusion, sharing = choice
    settings = ModelConfig(
        dim=16,
        layers=2,
        attention_heads=2,
        features=list(get_args(Feature)),
        graph=graph,
        bases=2,
        fusion=fusion,
        gates=True,
        sharing=sharing,
        experts=2,
    )
    torch.manual_seed(seed)
    size = ModelSize(
        text_dim=laws.TEXT,
        segment_dim=laws.TEXT,
        relations=laws.RELATIONS,
        ids=laws.IDS,
        settings=settings,
        heads=HEADS,
        groups={"cuisine": 0, "type": 0, "a.b": 1},
        facts=FACTS,
        labels=laws.LABELS,
    )
    model = build_model(size)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


@pytest.fixture(scope="module", params=CHOICES, ids="-".join)
def model(request: pytest.FixtureRequest) -> Model:
    return build(request.param)


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    return [
        laws.with_neighbours(laws.random_reading(1), 1),
        laws.random_reading(2, nodes=0, passages=0),
        laws.with_neighbours(laws.random_reading(3, segments=1, passages=1, history=0), 3, count=1),
        laws.with_neighbours(laws.random_reading(4, segments=0, nodes=9, triples=0, passages=0), 4, count=3),
        laws.random_reading(5, segments=0, nodes=0, passages=0, history=0),
        replace(laws.random_reading(6, nodes=1, triples=3), evidence=None),
    ]


@pytest.fixture(scope="module")
def batch(readings: list[Reading]) -> Batch:
    return collate(readings, VECTORS)


def test_padding_never_matters(model: Model, batch: Batch) -> None:
    laws.assert_invariant_to_padding(model, batch)


def test_order_of_evidence_never_matters(model: Model) -> None:
    laws.assert_invariant_to_order(model, laws.with_neighbours(laws.random_reading(7), 7), VECTORS)


def test_examples_are_independent(model: Model, readings: list[Reading]) -> None:
    laws.assert_examples_independent(model, readings, VECTORS)


def test_weights_sum_to_one(model: Model, batch: Batch) -> None:
    laws.assert_weights_sum_to_one(model(batch), batch)
    laws.assert_weights_sum_to_one(model.train()(batch), batch)
    model.eval()


def test_empty_evidence_is_no_evidence(model: Model) -> None:
    laws.assert_empty_evidence_is_no_evidence(model, laws.random_reading(8), VECTORS)


def test_masked_evidence_is_removed_evidence(model: Model) -> None:
    reading = laws.with_neighbours(laws.random_reading(9, passages=3), 9, count=2)
    assert reading.evidence is not None
    fewer = replace(
        reading.evidence, passages=reading.evidence.passages[:2], neighbours=reading.evidence.neighbours[1:]
    )
    whole = collate([reading], VECTORS)
    kept = (torch.tensor([[True, True, False]]), torch.tensor([[False, True]]))
    masked = replace(whole, passage_mask=kept[0], neighbour_mask=kept[1])
    laws.assert_same_answers(model(masked), model(collate([replace(reading, evidence=fewer)], VECTORS)))


def test_gradients_are_finite_without_evidence(model: Model) -> None:
    nothing = {"passages": 0, "nodes": 0, "segments": 0, "history": 0}
    batch = collate([laws.random_reading(seed, **nothing) for seed in range(2)], VECTORS)
    laws.assert_gradients_finite(model, lambda: torch.cat(list(model(batch).heads.values()), 1))


def test_every_weight_gets_a_gradient(model: Model, batch: Batch) -> None:
    def run() -> torch.Tensor:
        found = model(batch)
        return torch.cat([*found.heads.values(), found.penalty.expand(len(batch), 1)], 1)

    laws.assert_gradients_finite(model, run)
    assert not [name for name, one in model.named_parameters() if one.grad is None or not one.grad.any()]


def test_vectors_in_half_precision_are_computed_in_full(model: Model, readings: list[Reading]) -> None:
    halves = replace(VECTORS, passages=VECTORS.passages.astype(np.float16))
    assert VECTORS.labelled is not None
    full = replace(
        halves,
        nodes=halves.nodes.astype(np.float32),
        passages=halves.passages.astype(np.float32),
        labelled=replace(VECTORS.labelled, vectors=VECTORS.labelled.vectors.astype(np.float32)),
    )
    laws.assert_same_answers(model(collate(readings, halves)), model(collate(readings, full)))


@pytest.mark.parametrize("choice", CHOICES[::7], ids="-".join)
def test_a_checkpoint_gives_the_same_answers(choice: Choice, batch: Batch, tmp_path: Path) -> None:
    saved, other = build(choice), build(choice, seed=1)
    save_checkpoint(tmp_path, saved.state_dict(), {})
    restore(other, load_checkpoint(tmp_path).tensors)
    laws.assert_same_answers(other(batch), saved(batch))


LOW: list[Choice] = [
    choice for choice in CHOICES if sum(one == usual for one, usual in zip(choice, CHOICES[0], strict=True)) > 1
]
"""The default, and all that differ from it in one part."""


@pytest.mark.parametrize("choice", LOW, ids="-".join)
def test_products_of_matrices_may_be_bfloat16(choice: Choice, batch: Batch) -> None:
    model = build(choice)
    exact = model(batch)
    with torch.autocast("cpu", torch.bfloat16):
        low = model.train()(batch)
        loss = torch.stack([logits.float().square().mean() for logits in low.heads.values()]).sum() + low.penalty
        near = model.eval()(batch)
    loss.backward()
    for parameter in model.parameters():
        assert parameter.grad is None or (parameter.grad.dtype is torch.float32 and parameter.grad.isfinite().all())
    for task, logits in exact.heads.items():
        torch.testing.assert_close(near.heads[task].float(), logits, rtol=0.1, atol=0.2)
