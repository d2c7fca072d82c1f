"""Time of one training step with each choice of graph network, fusion and sharing, all else as by default.

A step is reading a batch, the losses of four tasks, their gradients, and AdamW. 64 examples with 32 nodes, 64 triples,
4 passages and 6 segments each, of made-up vectors of 384 numbers; 200 relations, 16 types; one thread. Choices take
turns, and what is measured is the time of the processor, since machines are shared; the best of all turns counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import torch

from ragmtl.config.model import Fusion, Graph, ModelConfig, Sharing
from ragmtl.facts import NodeFacts, NumberScale
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Batch, Labelled, Reading, Vectors, collate
from ragmtl.retrieval.evidence import Evidence, LabelledExample, NodeScores, ScoredExample, ScoredPassage
from ragmtl.retrieval.query import Query
from ragmtl.sizes import HeadSize, ModelSize, build_model

BATCH, NODES, TRIPLES, PASSAGES, SEGMENTS, NEIGHBOURS = 64, 32, 64, 4, 6, 5
WIDTH, GRAPH, CORPUS, RELATIONS, TYPES, IDS, LABELS = 384, 4096, 2048, 200, 16, 1000, 40
HEADS = {f"task {number}": HeadSize(kind="labels", answers=10, votes=True) for number in range(4)}

Row = dict[str, object]


def rows(turns: int = 25) -> list[Row]:
    """Milliseconds of a step for each choice, and how many times as long as the default's.

    Args:
        turns: How often each is measured.
    """
    batch = made_up_batch()
    steps = {arm: step_of(settings, batch, **extras) for arm, (settings, extras) in arms().items()}
    times: dict[tuple[str, str], list[float]] = {arm: [] for arm in steps}
    for turn in range(turns + 2):
        for arm, step in steps.items():
            began = time.process_time()
            step()
            if turn >= 2:  # the first turns allocate
                times[arm].append((time.process_time() - began) * 1000)
    usual = min(times["all", "default"])
    found = []
    for (part, name), measured in times.items():
        best, middle = min(measured), statistics.median(measured)
        found.append(row(part, name, "ms per step", best, middle))
        found.append(row(part, name, "times the default", best / usual, middle / usual))
    return found + scale(turns)


def scale(turns: int) -> list[Row]:
    """Examples that one second trains, by the number of tasks, nodes and passages, one of them changed at a time."""
    usual = {"tasks": len(HEADS), "nodes": NODES, "passages": PASSAGES}
    sizes = {"tasks": (1, 2, 4, 8), "nodes": (8, 16, 32, 64, 128), "passages": (0, 4, 16, 64)}
    steps: dict[tuple[str, int], Callable[[], None]] = {}
    for part, numbers in sizes.items():
        for number in numbers:
            size = usual | {part: number}
            batch = made_up_batch(nodes=size["nodes"], passages=size["passages"])
            steps[part, number] = step_of({}, batch, tasks=size["tasks"])
    times: dict[tuple[str, int], list[float]] = {place: [] for place in steps}
    for turn in range(turns + 2):
        for place, step in steps.items():
            began = time.process_time()
            step()
            if turn >= 2:
                times[place].append(time.process_time() - began)
    found = []
    for (part, number), measured in times.items():
        fastest, middle = BATCH / min(measured), BATCH / statistics.median(measured)
        speed = row(f"number of {part}", str(number), "examples per second", fastest, middle)
        found.append({**speed, "low": speed["high"], "high": speed["value"]})
        slower = min(measured) / min(times[part, usual[part]])
        found.append(row(f"number of {part}", str(number), "times the default", slower, slower))
    return found


def arms() -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
    """Settings and sizes by the part that differs and its choice."""
    found: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {("all", "default"): ({}, {})}
    for part, kinds in (("graph", Graph), ("fusion", Fusion), ("sharing", Sharing)):
        found |= {(part, name): ({part: name}, {}) for name in get_args(kinds)[1:]}
    found["fusion", "attention with gates"] = ({"gates": True}, {})
    found["evidence", "labelled neighbours"] = ({}, {"labels": LABELS})
    facts = NodeFacts(
        types=tuple(map(str, range(TYPES - 1))),
        numbers=tuple(NumberScale(relation=str(place), middle=0.0, spread=1.0) for place in range(8)),
    )
    found["features", "types and literals"] = ({"features": ["text", "types", "literals", "ids"]}, {"facts": facts})
    return found


def row(part: str, arm: str, metric: str, best: float, middle: float) -> Row:
    """One figure; `high` is the middle of all turns."""
    place = {"data": "made up", "task": "", "slice": part, "split": "", "arm": arm, "metric": metric}
    return {**place, "value": round(best, 2), "low": round(best, 2), "high": round(middle, 2), "seeds": [0]}


def step_of(
    settings: dict[str, Any],
    batch: Batch,
    *,
    labels: int = 0,
    facts: NodeFacts | None = None,
    tasks: int = len(HEADS),
) -> Callable[[], None]:
    """A function that does one step of training."""
    torch.manual_seed(0)
    known = facts or NodeFacts(types=tuple(map(str, range(TYPES - 1))))
    model = build_model(
        ModelSize(
            text_dim=WIDTH,
            segment_dim=WIDTH,
            relations=RELATIONS,
            ids=IDS,
            settings=ModelConfig(**settings),
            heads={f"task {number}": HEADS["task 0"] for number in range(tasks)},
            facts=known,
            labels=labels,
        )
    ).train()
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)

    def step() -> None:
        outputs = model(batch)
        loss = torch.stack([logits.square().mean() for logits in outputs.heads.values()]).sum() + outputs.penalty
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def made_up_batch(seed: int = 0, *, nodes: int = NODES, passages: int = PASSAGES) -> Batch:
    """Examples with everything that a model can read; twice as many triples as nodes."""
    rng = np.random.default_rng(seed)
    labelled = Labelled(
        {str(number): number for number in range(100)},
        rng.standard_normal((100, WIDTH)).astype(np.float32),
        [rng.choice(LABELS, 2, replace=False) for _ in range(100)],
    )
    vectors = Vectors(
        rng.standard_normal((GRAPH, WIDTH)).astype(np.float32),
        rng.integers(0, IDS + 1, GRAPH),
        rng.standard_normal((CORPUS, WIDTH)).astype(np.float32),
        rng.integers(0, TYPES, GRAPH),
        rng.standard_normal((GRAPH, 8)).astype(np.float32),
        labelled,
    )
    return collate([_reading(rng, nodes, passages) for _ in range(BATCH)], vectors)


def _reading(rng: np.random.Generator, nodes: int, passages: int) -> Reading:
    found = tuple(ScoredPassage(int(at), float(rng.random()), {}, "") for at in rng.choice(CORPUS, passages, False))
    triples = TRIPLES * nodes // NODES
    neighbours = tuple(
        ScoredExample(LabelledExample(str(at), "", ()), float(rng.random()), {}, "")
        for at in rng.choice(100, NEIGHBOURS, replace=False)
    )
    subgraph = Subgraph(
        nodes=rng.choice(GRAPH, nodes, replace=False),
        scores=rng.random(nodes).astype(np.float32),
        seeds=np.arange(nodes) < 2,
        triples=np.arange(triples),
        heads=rng.integers(0, nodes, triples),
        tails=rng.integers(0, nodes, triples),
        relations=rng.integers(0, RELATIONS, triples),
        weights=rng.random(triples).astype(np.float32),
    )
    targets = NodeScores(np.zeros(0, np.int64), np.zeros(0, np.float32))
    evidence = Evidence(Query("made up"), subgraph, ("",) * nodes, found, (), targets, neighbours=neighbours)
    return Reading(rng.standard_normal((SEGMENTS, WIDTH)).astype(np.float32), evidence, rng.integers(0, GRAPH, 5), {})
