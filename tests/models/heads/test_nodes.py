from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from ragmtl.errors import MismatchError
from ragmtl.models.batch import Reading, collate
from ragmtl.models.fusion.tokens import NodeTokens
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.heads.nodes import OUT, NodeHead
from tests.laws import evidence as laws

DIM, PLACES = 8, 4
REACHED: tuple[list[float], ...] = ([0.2, 1.0, 0.0], [], [0.5])


def given(reached: Sequence[Sequence[float]] = REACHED) -> HeadInput:
    """Three examples, with three nodes, none, and one unless said otherwise; no node is a seed."""
    batch = collate([_reading(seed, near) for seed, near in enumerate(reached)], laws.random_vectors())
    torch.manual_seed(1)
    shared, vectors = torch.randn(len(reached), DIM), torch.randn(len(batch.node_example), DIM)
    mask = torch.ones(len(vectors), dtype=torch.bool)
    nodes = NodeTokens(vectors, batch.node_scores, ~mask, batch.node_example, mask)
    return HeadInput(shared, torch.zeros(len(reached), 4), None, nodes, None, batch)


def _reading(seed: int, near: Sequence[float]) -> Reading:
    if not near:
        return replace(laws.random_reading(seed), evidence=None)
    return replace(laws.random_reading(seed, nodes=len(near)), reached=np.array(near, np.float32))


def learned(head: NodeHead) -> NodeHead:
    torch.manual_seed(2)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    return head.eval()


def test_at_first_the_node_that_the_walk_came_nearest_to_answers() -> None:
    logits = NodeHead(DIM, PLACES).eval()(given())
    assert logits.shape == (3, 1 + PLACES)
    assert logits[0, 1:4].argsort(descending=True).tolist() == [1, 0, 2]
    assert logits.argmax(1).tolist() == [2, 0, 1]


def test_at_first_nothing_answers_where_the_walk_came_near_nothing() -> None:
    assert NodeHead(DIM, PLACES).eval()(given(([0.002, 0.01, 0.0], [], [0.005]))).argmax(1).tolist() == [0, 0, 0]


def test_at_first_what_a_question_names_does_not_answer_it() -> None:
    every = given(([1.0, 0.1, 0.0], [], [1.0]))
    assert every.nodes is not None
    seeds = torch.tensor([True, False, False, True])
    named = replace(every, nodes=replace(every.nodes, seeds=seeds))
    assert NodeHead(DIM, PLACES).eval()(named).argmax(1).tolist() == [2, 0, 0]


def test_places_without_a_node_are_out_of_the_question() -> None:
    logits = learned(NodeHead(DIM, PLACES))(given())
    assert (logits[1, 1:] == OUT).all()
    assert (logits[2, 2:] == OUT).all()
    assert (logits[0, :4] > OUT / 2).all()


def test_no_example_hears_of_the_nodes_of_another() -> None:
    head = learned(NodeHead(DIM, PLACES))
    every = given()
    assert every.nodes is not None
    without = given(([], [], REACHED[2]))
    assert without.nodes is not None
    alone = replace(without, shared=every.shared, nodes=replace(without.nodes, vectors=every.nodes.vectors[3:]))
    torch.testing.assert_close(head(alone)[2], head(every)[2])


def test_the_vector_of_a_node_counts_once_the_head_has_learned() -> None:
    head = learned(NodeHead(DIM, PLACES))
    same = given(([0.5] * 3, [], [0.5]))
    assert head(same)[0, 1:4].std() > 0.1
    torch.testing.assert_close(NodeHead(DIM, PLACES).eval()(same)[0, 1:4].std(), torch.tensor(0.0))


def test_evidence_with_more_nodes_than_places_is_refused() -> None:
    with pytest.raises(MismatchError, match="at most 2 nodes, found 3"):
        NodeHead(DIM, 2)(given())


def test_the_head_is_asked_through_a_model() -> None:
    with pytest.raises(MismatchError, match="expected encoded evidence, found none"):
        NodeHead(DIM, PLACES)(HeadInput(torch.zeros(1, DIM), torch.zeros(1, 4), None))


def test_a_batch_without_any_node_is_answered() -> None:
    logits = NodeHead(DIM, PLACES).eval()(given(([], [], [])))
    assert logits.argmax(1).tolist() == [0, 0, 0]
