"""Training of the network that scores routes: the likelihood of the routes that lead to the answers."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.routes.network import RouteNetwork
from ragmtl.retrieval.routes.targets import Target


@dataclass(frozen=True, slots=True)
class RouteTraining:
    """How the network is trained.

    Attributes:
        epochs: The most passes over the questions.
        patience: Epochs without a better validation loss before it stops.
        batch_size: Targets per step.
        learning_rate: Of Adam.
        seed: Of everything random.
    """

    epochs: int = 40
    patience: int = 6
    batch_size: int = 64
    learning_rate: float = 3e-3
    seed: int = 0


def train_routes(
    network: RouteNetwork,
    targets: Sequence[Target],
    valid: Sequence[Target],
    settings: RouteTraining,
    progress: Progress | None = None,
) -> float:
    """Train a network in place, and leave it as it was at its best; gives its loss on the validation targets.

    Args:
        network: What is trained.
        targets: What it should say.
        valid: What tells when to stop; the targets themselves where empty.
        settings: How to train.
        progress: Called after each epoch.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate)
    best, kept, since = float("inf"), deepcopy(network.state_dict()), 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        for epoch in range(settings.epochs):
            network.train()
            order = torch.randperm(len(targets), generator=generator).tolist()
            for start in range(0, len(order), settings.batch_size):
                optimiser.zero_grad()
                batch = [targets[place] for place in order[start : start + settings.batch_size]]
                torch.autograd.backward(loss_of(network, batch))
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
            (progress or no_progress)(epoch + 1, settings.epochs)
            loss = _mean_loss(network, valid or targets, settings.batch_size)
            since += 1
            if loss < best - 1e-4:
                best, kept, since = loss, deepcopy(network.state_dict()), 0
            if since >= settings.patience:
                break
    network.load_state_dict(kept)
    network.eval()
    return best


def loss_of(network: RouteNetwork, targets: Sequence[Target]) -> Float[Tensor, ""]:
    """- log Σ over the routes of a target of prior · probability, as a mean over targets."""
    routes = [(*route, network.stop) for target in targets for route in target.routes]
    owners = torch.tensor([place for place, target in enumerate(targets) for _ in target.routes])
    priors = torch.tensor([prior for target in targets for prior in target.priors]).log()
    scores = network([target.words for target in targets], _filled(routes), owners) + priors
    sizes = [len(target.routes) for target in targets]
    return -torch.stack([part.logsumexp(0) for part in scores.split(sizes)]).mean()


def _mean_loss(network: RouteNetwork, targets: Sequence[Target], batch_size: int) -> float:
    network.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(targets), batch_size):
            batch = targets[start : start + batch_size]
            total += float(loss_of(network, batch)) * len(batch)
    return total / len(targets)


def _filled(routes: Sequence[Sequence[int]]) -> Int64[Tensor, "route length"]:
    longest = max(map(len, routes))
    return torch.tensor([[*route, *[-1] * (longest - len(route))] for route in routes])
