"""From what a model says about some queries to the answer of each task: calibrated, best first, with its votes."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from ragmtl.assembly import Assembly
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.models.batch import Batch
from ragmtl.models.model import Outputs
from ragmtl.places import steps_to
from ragmtl.retrieval.evidence import Evidence
from ragmtl.run import Run
from ragmtl.showing import Attention
from ragmtl.tasks.answer import Answer, Asked, Judged, Vote
from ragmtl.tasks.base import CHOICES, Task

SHOWN_VOTES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the model says about some of the queries of a source.

    Attributes:
        assembly: The source; it holds all queries.
        places: Position in the batch of each query that was read.
        batch: What was read.
        outputs: What the model said.
    """

    assembly: Assembly
    places: Mapping[int, int]
    batch: Batch
    outputs: Outputs

    def attention(self, row: int) -> Attention:
        """How much each piece of a query's evidence counted."""
        place, fused = self.places[row], self.outputs.fused
        evidence = self.assembly.readings[row].evidence
        passages, examples = (0, 0) if evidence is None else (len(evidence.passages), len(evidence.neighbours))
        return Attention(
            fused.passage_weights[place].tolist()[:passages],
            fused.node_weights[self.nodes(row)].tolist(),
            fused.neighbour_weights[place].tolist()[:examples],
            float(fused.no_evidence[place]),
        )

    def nodes(self, row: int) -> slice:
        """Where the nodes of a query stand in the batch."""
        place = self.places[row]
        ends = np.searchsorted(self.batch.node_example.numpy(), [place, place + 1])
        return slice(int(ends[0]), int(ends[1]))

    def votes(self, run: Run, task: Task) -> Float[np.ndarray, "node answer"] | None:
        """What each node of the batch adds to the logits of a task by itself; None where entities do not vote."""
        if task.head not in CHOICES:
            return None
        found = run.model.votes_of(task.name, self.batch, self.outputs.fused)
        return None if found is None else found.detach().numpy()

    def judged(self, run: Run, task: Task) -> Float[np.ndarray, "batch passage answer"] | None:
        """What each passage adds to the logits of a task by itself; None where the task judges no passages."""
        with torch.inference_mode():
            found = run.model.judged(task.name, self.batch, self.outputs.shared[task.name])
        return None if found is None else found.float().numpy()


def answers(run: Run, said: Said, task: Task, shown: int) -> dict[int, Answer]:
    """What a task answers to each query that was read, by its position.

    Args:
        run: Whose model, temperatures and thresholds.
        said: What the model said.
        task: Which task.
        shown: How many items of a ranking are kept.
    """
    threshold, warmth = run.thresholds.get(task.name), run.temperatures.get(task.name, 1.0)
    logits, votes = said.outputs.heads[task.name].float().numpy(), said.votes(run, task)
    judged = said.judged(run, task)
    found = {}
    for row, place in said.places.items():
        example = said.assembly.source.examples[row]
        asked = Asked(example, partial(_name, run.index.graph), threshold, warmth, shown)
        if task.head == "node":
            asked = _among_nodes(asked, said.assembly.readings[row].evidence, run.index.graph)
        answer = task.answer(logits[place], asked)
        if judged is not None:
            answer = replace(answer, judged=_judged(answer, task, judged[place], said, row, run))
        found[row] = answer if votes is None else replace(answer, votes=_strongest(answer, task, votes, said, row, run))
    return found


def _among_nodes(asked: Asked, evidence: Evidence | None, graph: KnowledgeGraph) -> Asked:
    """What is asked, with the nodes of the evidence, of which one may answer."""
    if evidence is None:
        return asked
    iris = tuple(graph.nodes[node] for node in evidence.subgraph.nodes.tolist())
    return replace(asked, nodes=iris, path=partial(steps_to, graph, evidence.subgraph))


def _strongest(
    answer: Answer, task: Task, votes: Float[np.ndarray, "node answer"], said: Said, row: int, run: Run
) -> tuple[Vote, ...]:
    """The strongest votes of entities on what was chosen."""
    evidence, graph = said.assembly.readings[row].evidence, run.index.graph
    if evidence is None:
        return ()
    nodes, own = evidence.subgraph.nodes.tolist(), votes[said.nodes(row)]
    found = [
        (-abs(value), node, name, value)
        for name in answer.chosen
        for node, value in zip(nodes, own[:, task.answers.index(name)].tolist(), strict=True)
        if value
    ]
    best = heapq.nsmallest(SHOWN_VOTES, found)
    return tuple(Vote(name, graph.nodes[node], graph.label(node), value) for _, node, name, value in best)


def _judged(
    answer: Answer, task: Task, adds: Float[np.ndarray, "passage answer"], said: Said, row: int, run: Run
) -> tuple[Judged, ...]:
    """How much each passage spoke for what was chosen, against the mean of all answers; the strongest first."""
    evidence, corpus, [name] = said.assembly.readings[row].evidence, run.index.corpus, answer.chosen
    passages = () if evidence is None else evidence.passages
    values = (adds[:, task.answers.index(name)] - adds.mean(1)).tolist()
    found = [
        Judged(name, corpus.ids[one.passage], corpus.titles[one.passage], value)
        for one, value in zip(passages, values, strict=False)
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.value), one.passage)))


def _name(graph: KnowledgeGraph, iri: str) -> str:
    node = graph.nodes.find(iri)
    return iri if node is None else graph.label(node)
