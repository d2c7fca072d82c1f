from __future__ import annotations

import math

import pytest
import torch

from ragmtl.retrieval.routes.network import RouteNetwork
from ragmtl.retrieval.routes.targets import Target
from ragmtl.retrieval.routes.training import RouteTraining, loss_of, train_routes
from ragmtl.retrieval.routes.words import label_words, packed, question_words

LABELS = packed([label_words(name).pieces.tolist() for name in ("mother of", "lives in")])
MOTHER, CITY = question_words("who is her mother"), question_words("in which city is she")
TARGETS = [Target(MOTHER, ((0,),), (1.0,)), Target(CITY, ((2,), (3,)), (1.0, 0.25))]


def network() -> RouteNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RouteNetwork(LABELS, dim=16)


@torch.no_grad()
def test_the_loss_is_that_of_the_sum_of_the_routes_by_their_priors() -> None:
    model = network().eval()
    routes = torch.tensor([[2, model.stop], [3, model.stop]])
    chances = model([CITY], routes, torch.zeros(2, dtype=torch.int64)).exp()
    assert float(loss_of(model, TARGETS[1:])) == pytest.approx(
        -math.log(float(chances[0] + 0.25 * chances[1])), abs=1e-5
    )


def test_training_makes_right_routes_likelier_and_ends_at_its_best() -> None:
    model = network()
    before = loss_of(model.eval(), TARGETS).item()
    done: list[tuple[int, int]] = []
    best = train_routes(model, TARGETS, (), RouteTraining(epochs=15), lambda *step: done.append(step))
    assert best < 0.8 * before
    assert not model.training
    assert loss_of(model, TARGETS).item() == pytest.approx(best, abs=1e-5)
    assert done[-1][1] == 15


def test_the_same_seed_trains_the_same_network() -> None:
    models = [network(), network()]
    for model in models:
        torch.rand(3)
        train_routes(model, TARGETS, (), RouteTraining(epochs=3, seed=4))
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_it_stops_where_validation_does_not_get_better() -> None:
    done: list[tuple[int, int]] = []
    wrong = [Target(MOTHER, ((3,),), (1.0,)), Target(CITY, ((0,),), (1.0,))]
    train_routes(network(), TARGETS, wrong, RouteTraining(epochs=60, patience=3), lambda *step: done.append(step))
    assert len(done) < 60
