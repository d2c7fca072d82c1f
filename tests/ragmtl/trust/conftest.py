"""A model whose answers and attention are known, and examples with evidence."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest
import torch
from torch import nn

from ragmtl.assembly import Assembly
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Batch, Reading, Vectors
from ragmtl.models.fusion.tokens import Fused
from ragmtl.models.model import Model, Outputs
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.classify import ClassTask

TASK = ClassTask("sign", ("minus", "plus"))
PASSAGES, NODES, WIDTH = 40, 30, 2


class Reader(Model):
    """Answers by the first number of passages and nodes, and attends to them by it."""

    def __init__(self, honest: bool = True) -> None:
        nn.Module.__init__(self)
        self.honest = honest
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, batch: Batch, tasks: Collection[str] | None = None) -> Outputs:
        says = batch.passages[..., 0] * batch.passage_mask
        nodes = batch.node_vectors[..., 0]
        summed = says.sum(1) + torch.zeros(len(batch)).index_add(0, batch.node_example, nodes)
        at = says.abs() if self.honest else batch.passage_mask / (1 + says.abs())
        on_nodes = nodes.abs() if self.honest else -nodes
        none = torch.zeros(len(batch), 0)
        fused = Fused(torch.zeros(len(batch), 1), torch.zeros(len(batch)), at, on_nodes, none)
        heads = {"sign": torch.stack([-summed, summed], 1) * self.weight}
        nothing = torch.zeros(len(batch), 0)
        return Outputs(
            heads=heads,
            shared={"sign": torch.zeros(len(batch), 1)},
            sharing={},
            fused=fused,
            segment_weights=nothing,
            history_weights=nothing,
            penalty=torch.zeros(()),
        )


def evidence(passages: list[int], nodes: list[int], exclude: frozenset[str] = frozenset()) -> Evidence:
    count = len(nodes)
    ends = np.arange(max(count - 1, 0))
    subgraph = Subgraph(
        nodes=np.array(nodes, np.int64),
        scores=np.linspace(1, 0.5, count, dtype=np.float32),
        seeds=np.arange(count) < 1,
        triples=ends + 100,
        heads=ends,
        tails=ends + 1,
        relations=np.zeros(len(ends), np.int64),
        weights=np.ones(len(ends), np.float32),
    )
    scored = tuple(ScoredPassage(one, 1 - place / 10, {"bm25": 1.0}, "") for place, one in enumerate(passages))
    return Evidence(
        query=Query("a point", exclude=exclude),
        subgraph=subgraph,
        reasons=tuple(f"reason {node}" for node in nodes),
        passages=scored,
        mentions=(),
        targets=NodeScores(np.array(nodes[:2], np.int64), np.ones(min(count, 2), np.float32)),
        triple_reasons=tuple(f"because {end}" for end in ends),
    )


@pytest.fixture
def assembly() -> Assembly:
    """Twenty examples with five passages and four nodes each, of which one passage decides."""
    rng = np.random.default_rng(0)
    passages = (rng.normal(size=(PASSAGES, WIDTH)) * 0.01).astype(np.float32)
    passages[:10, 0] = 1.0
    vectors = Vectors(np.zeros((NODES, WIDTH), np.float32), np.zeros(NODES, np.int64), passages)
    examples, readings = [], []
    for row in range(20):
        known = [int(rng.integers(10)), *(10 + rng.choice(20, 4, replace=False)).tolist()]
        found = evidence(known, rng.choice(NODES, 4, replace=False).tolist())
        examples.append(Example(str(row), Query("a point"), {"sign": 1 if row % 4 else 0}, str(row), "test"))
        readings.append(Reading(np.zeros((0, WIDTH), np.float32), found, np.zeros(0, np.int64), {}))
    return Assembly(Source.of("points", examples, (TASK,)), readings, vectors, {})
