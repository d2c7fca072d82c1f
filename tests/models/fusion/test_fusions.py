"""What every choice of fusion must obey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from ragmtl.models.fusion.attention import AttentionFusion
from ragmtl.models.fusion.concat import ConcatFusion
from ragmtl.models.fusion.fusion import Fusion
from ragmtl.models.fusion.tokens import Fused, Tokens
from ragmtl.models.fusion.weighted import WeightedFusion
from tests.laws.evidence import assert_gradients_finite, assert_same
from tests.laws.fusion import DIM, chosen, chosen_nodes, everything, hidden, nodes, padded, spent

FUSIONS: dict[str, Callable[[], Fusion]] = {
    "attention": lambda: AttentionFusion(DIM, 2, neighbours=True),
    "attention-gates": lambda: AttentionFusion(DIM, 2, neighbours=True, gates=True),
    "concat": lambda: ConcatFusion(DIM, 2, neighbours=True),
    "concat-mean": lambda: ConcatFusion(DIM, 2, pool="mean", neighbours=True),
    "weighted": lambda: WeightedFusion(DIM, neighbours=True),
}
QUERY = torch.linspace(-1, 1, 2 * DIM).view(2, DIM)


@pytest.fixture(params=FUSIONS)
def fuse(request: pytest.FixtureRequest) -> Fusion:
    torch.manual_seed(0)
    made = FUSIONS[request.param]()
    for parameter in made.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return made.eval()


def total(fused: Fused, example: torch.Tensor) -> torch.Tensor:
    of_nodes = spent(fused.node_weights, example, len(fused.no_evidence))
    return fused.no_evidence + fused.passage_weights.sum(1) + of_nodes + fused.neighbour_weights.sum(1)


@pytest.mark.parametrize("training", [False, True])
def test_weights_sum_to_one_and_belong_to_their_example(fuse: Fusion, training: bool) -> None:
    fused = fuse.train(training)(QUERY, everything())
    assert_same(total(fused, torch.tensor([0, 0, 1])), torch.ones(2))
    weights = torch.cat([fused.passage_weights.flatten(), fused.node_weights, fused.neighbour_weights.flatten()])
    assert (weights > 0).all()
    assert (fused.no_evidence >= 0).all()


def test_without_evidence_nothing_of_the_query_is_left(fuse: Fusion) -> None:
    fused = fuse(QUERY, Tokens.of(padded(count=0), nodes([]), padded(count=0)))
    assert_same(fused.no_evidence, torch.ones(2))
    assert torch.equal(fused.vector[0], fused.vector[1])


def test_masked_evidence_is_as_absent(fuse: Fusion) -> None:
    known = nodes([0, 0, 1])
    masked = Tokens.of(
        hidden(padded(), [True, False, True]),
        replace(known, mask=torch.tensor([True, False, True])),
        hidden(padded(count=2, seed=3), [False, True]),
    )
    fewer = Tokens.of(chosen(padded(), [0, 2]), chosen_nodes(known, [0, 2]), chosen(padded(count=2, seed=3), [1]))
    found, expected = fuse(QUERY, masked), fuse(QUERY, fewer)
    assert_same(found.vector, expected.vector)
    assert_same(found.no_evidence, expected.no_evidence)
    assert_same(found.passage_weights[:, [0, 2]], expected.passage_weights)
    assert_same(found.node_weights[[0, 2]], expected.node_weights)
    assert not found.passage_weights[:, 1].any()
    assert not found.neighbour_weights[:, 0].any()
    assert found.node_weights[1] == 0


def test_kinds_that_are_all_masked_are_as_absent(fuse: Fusion) -> None:
    known = replace(nodes([0, 0, 1]), mask=torch.zeros(3, dtype=torch.bool))
    nothing = Tokens.of(hidden(padded(), [False] * 3), known, hidden(padded(count=1), [False]))
    fused = fuse(QUERY, nothing)
    assert_same(fused.no_evidence, torch.ones(2))
    assert_same(fused.vector, fuse(QUERY, Tokens.of(padded(count=0), nodes([]), padded(count=0))).vector)


def test_the_order_of_evidence_never_matters(fuse: Fusion) -> None:
    plain = fuse(QUERY, everything())
    moved = fuse(
        QUERY,
        Tokens.of(
            chosen(padded(), [2, 0, 1]), chosen_nodes(nodes([0, 0, 1]), [1, 0, 2]), chosen(padded(2, 2, 3), [1, 0])
        ),
    )
    assert_same(moved.vector, plain.vector)
    assert_same(moved.passage_weights, plain.passage_weights[:, [2, 0, 1]])
    assert_same(moved.node_weights, plain.node_weights[[1, 0, 2]])
    assert_same(moved.neighbour_weights, plain.neighbour_weights[:, [1, 0]])


def test_examples_do_not_mix(fuse: Fusion) -> None:
    alone = Tokens.of(chosen(padded(), [0, 1, 2]), nodes([0, 0, 1]), padded(2, 2, 3))
    other = replace(alone.passages, vectors=alone.passages.vectors.flip(1) * torch.tensor([1.0, 9.0]).view(2, 1, 1))
    kept = replace(other, vectors=torch.cat([alone.passages.vectors[:1], other.vectors[1:]]))
    assert_same(fuse(QUERY, replace(alone, passages=kept)).vector[0], fuse(QUERY, alone).vector[0])


def test_every_kind_of_evidence_matters(fuse: Fusion) -> None:
    plain, tokens = fuse(QUERY, everything()).vector, everything()
    for kind in ("passages", "nodes", "neighbours"):
        moved = replace(getattr(tokens, kind), vectors=-getattr(tokens, kind).vectors)
        assert not torch.allclose(fuse(QUERY, replace(tokens, **{kind: moved})).vector, plain, atol=1e-3)


@pytest.mark.parametrize("count", [0, 2])
def test_gradients_are_finite(fuse: Fusion, count: int) -> None:
    query = QUERY.clone().requires_grad_()
    tokens = Tokens.of(padded(count=count), nodes([1] * count), padded(count=count))
    assert_gradients_finite(fuse, lambda: fuse(query, tokens).vector)


def test_every_weight_gets_a_gradient(fuse: Fusion) -> None:
    some = everything()
    none = replace(some, neighbours=hidden(some.neighbours, [False, False]))
    none = replace(none, passages=hidden(some.passages, [False] * 3), nodes=hidden(some.nodes, [True, False]))
    vectors = torch.cat([fuse(QUERY, one).vector for one in (some, none)])
    (vectors * torch.randn_like(vectors)).sum().backward()  # type: ignore[no-untyped-call]
    assert not [name for name, one in fuse.named_parameters() if one.grad is None or not one.grad.any()]


@pytest.mark.parametrize("choice", ["attention-gates", "concat", "concat-mean", "weighted"])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_closed_gate_shuts_a_kind_out(choice: str, kind: int) -> None:
    torch.manual_seed(0)
    made = FUSIONS[choice]().eval()
    gates = getattr(made, "gates")  # noqa: B009 - choices differ, and the contract has no gates
    gates.linear.bias.data[kind] = -30.0
    fused = made(QUERY, everything())
    weights = (fused.passage_weights.sum(), fused.node_weights.sum(), fused.neighbour_weights.sum())
    assert [weight.item() < 1e-6 for weight in weights] == [place == kind for place in range(3)]


@pytest.mark.parametrize("choice", ["attention", "concat", "weighted"])
def test_scores_of_the_retriever_count(choice: str) -> None:
    torch.manual_seed(0)
    made, same = FUSIONS[choice]().eval(), padded(2, 2)
    same = replace(same, vectors=same.vectors[:, :1].expand(-1, 2, -1), scores=torch.tensor([[0.1, 0.9]] * 2))
    weights = made(QUERY, Tokens.of(same, nodes([0, 1]), same))
    for found in (weights.passage_weights, weights.neighbour_weights):
        assert (found[:, 1] > found[:, 0] * 1.5).all()


def learned(choice: str) -> float:
    """Accuracy where the passage that is like the query tells the answer, and the retriever's scores say nothing."""
    torch.manual_seed(0)
    count, topics = 256, nn.functional.one_hot(torch.arange(2)).float()
    asked, truth = torch.randint(2, (count,)), torch.randint(2, (count, 2))
    about = topics.expand(count, 2, 2)
    says = nn.functional.one_hot(truth, 2).float()
    passages = torch.cat([about, says, about * says, torch.zeros(count, 2, 2)], 2)
    empty = padded(count, 0)
    tokens = Tokens.of(replace(padded(count, 2), vectors=passages, scores=torch.ones(count, 2)), nodes([]), empty)
    query = torch.cat([topics[asked], torch.zeros(count, DIM - 2)], 1)
    made, head = FUSIONS[choice]().eval(), nn.Linear(DIM, 2)
    optimiser = torch.optim.Adam([*made.parameters(), *head.parameters()], lr=0.02)
    label = truth.gather(1, asked.unsqueeze(1)).squeeze(1)
    for _ in range(200):
        optimiser.zero_grad()
        nn.functional.cross_entropy(head(made(query, tokens).vector), label).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    answer: torch.Tensor = head(made(query, tokens).vector)
    return (answer.argmax(1) == label).float().mean().item()


@pytest.mark.parametrize("choice", ["attention", "concat"])
def test_the_passage_that_is_asked_for_is_found_by_attention(choice: str) -> None:
    assert learned(choice) > 0.97


@pytest.mark.parametrize("choice", ["concat-mean", "weighted"])
def test_it_is_not_found_where_query_and_token_are_never_compared(choice: str) -> None:
    assert learned(choice) < 0.85
