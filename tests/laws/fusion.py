"""Evidence for fusions, as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ragmtl.models.fusion.tokens import NodeTokens, PaddedTokens, Tokens

DIM = 8


def padded(batch: int = 2, count: int = 3, seed: int = 1) -> PaddedTokens:
    """Passages, or labelled neighbours."""
    torch.manual_seed(seed)
    return PaddedTokens(torch.randn(batch, count, DIM), torch.rand(batch, count), torch.ones(batch, count).bool())


def nodes(example: Sequence[int]) -> NodeTokens:
    """Nodes of these examples; the first is a seed."""
    torch.manual_seed(2)
    count = len(example)
    seeds, ones = torch.arange(count) < 1, torch.ones(count, dtype=torch.bool)
    return NodeTokens(torch.randn(count, DIM), torch.rand(count), seeds, torch.tensor(example).long(), ones)


def chosen(tokens: PaddedTokens, places: Sequence[int]) -> PaddedTokens:
    """Some of the tokens of each example, in this order."""
    order = list(places)
    return PaddedTokens(tokens.vectors[:, order], tokens.scores[:, order], tokens.mask[:, order])


def chosen_nodes(tokens: NodeTokens, places: Sequence[int]) -> NodeTokens:
    """Some of the nodes, in this order."""
    order = list(places)
    return NodeTokens(
        tokens.vectors[order], tokens.scores[order], tokens.seeds[order], tokens.example[order], tokens.mask[order]
    )


def hidden(tokens: PaddedTokens, mask: Sequence[bool]) -> PaddedTokens:
    """The same with a mask, and nonsense below it."""
    there = torch.tensor([list(mask)] * len(tokens.mask))
    return replace(tokens, mask=there, vectors=tokens.vectors.masked_fill(~there.unsqueeze(2), 1e3))


def spent(fused_nodes: Tensor, example: Tensor, batch: int) -> Tensor:
    """The weight of all nodes of each example."""
    return torch.zeros(batch).index_add(0, example, fused_nodes)


def everything(batch: int = 2) -> Tokens:
    """Two kinds padded, and nodes of two examples."""
    return Tokens.of(padded(batch), nodes([0, 0, 1]), padded(batch, 2, seed=3))
