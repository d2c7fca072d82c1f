from __future__ import annotations

import pytest
import torch

from ragmtl.retrieval.routes.network import RouteNetwork
from ragmtl.retrieval.routes.words import label_words, packed, question_words

LABELS = packed([label_words(name).pieces.tolist() for name in ("mother of", "lives in", "works for")])
QUESTIONS = [question_words("who is the mother"), question_words("where does she live, and for whom does she work?")]


@pytest.fixture(scope="module")
def network() -> RouteNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RouteNetwork(LABELS, dim=16).eval()


@torch.no_grad()
def test_the_chances_of_the_next_step_sum_to_one(network: RouteNetwork) -> None:
    owners = torch.tensor([0, 1, 1])
    last = torch.full((3,), network.stop + 1)
    scores, hidden = network.step(network.read(QUESTIONS), network.codes(), last, network.remembered(3), owners)
    assert scores.shape == (3, network.stop + 1)
    assert torch.allclose(scores.exp().sum(dim=1), torch.ones(3), atol=1e-5)
    assert torch.equal(scores[1], scores[2])
    assert hidden.shape == (3, network.dim)


@torch.no_grad()
def test_a_question_is_read_the_same_beside_others(network: RouteNetwork) -> None:
    routes, owners = torch.tensor([[0, 2, network.stop]]), torch.tensor([0])
    alone = network(QUESTIONS[:1], routes, owners)
    together = network(QUESTIONS, routes.repeat(2, 1), torch.tensor([0, 1]))
    assert together[0].item() == pytest.approx(alone.item(), abs=1e-5)
    assert together[1].item() != pytest.approx(alone.item(), abs=1e-4)


@torch.no_grad()
def test_filling_behind_a_route_counts_nothing(network: RouteNetwork) -> None:
    owners = torch.tensor([0])
    short = network(QUESTIONS, torch.tensor([[1, network.stop]]), owners)
    filled = network(QUESTIONS, torch.tensor([[1, network.stop, -1, -1]]), owners)
    assert torch.allclose(short, filled, atol=1e-6)


@torch.no_grad()
def test_routes_of_one_step_and_none_have_chances_below_one(network: RouteNetwork) -> None:
    every = [[network.stop, -1], *([code, network.stop] for code in range(network.stop))]
    scores = network(QUESTIONS, torch.tensor(every), torch.zeros(len(every), dtype=torch.int64))
    assert 0.0 < float(scores.exp().sum()) < 1.0


def test_both_directions_of_a_relation_differ_and_stop_and_start_have_no_label(network: RouteNetwork) -> None:
    vectors, labels = network.codes()
    assert vectors.shape == labels.shape == (network.stop + 2, network.dim)
    assert not torch.allclose(vectors[0], vectors[1])
    assert torch.equal(labels[0], labels[1])
    assert not labels[-2:].any()
