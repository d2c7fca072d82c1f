"""The model: one reader for all tasks, and one head per task.

    text ─ SegmentReader ──┬─────────┐   (its encoder frozen, or learning: `encoders/tuned.py`)
    history ─ HistoryReader┤         ├ sharing ─ heads
    passages ──────────────┼─ fusion ┘
    neighbours, labelled ──┤
    subgraph ─ NodeEncoder ─ graph ┘
           └── EntityVotes ─────────────────── + logits
    words, neighbours ─ WideSignals ────────── + logits

Graph network (`graph/`), fusion (`fusion/`) and sharing (`sharing/`) are choices; by default relational, attention and
a shared bottom. A model without knowledge is the same model, fed with empty evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.models.batch import Batch
from ragmtl.models.encoders.history import HistoryReader
from ragmtl.models.encoders.ids import IdTable
from ragmtl.models.encoders.neighbours import NeighbourEncoder
from ragmtl.models.encoders.nodes import Entities, NodeEncoder
from ragmtl.models.encoders.text import SegmentReader
from ragmtl.models.encoders.tuned import TunedEncoder
from ragmtl.models.fusion.attention import AttentionFusion
from ragmtl.models.fusion.fusion import Fusion
from ragmtl.models.fusion.tokens import Fused, NodeTokens, PaddedTokens, Tokens, none_of
from ragmtl.models.graph.messages import Subgraphs
from ragmtl.models.graph.network import GraphNetwork
from ragmtl.models.graph.relational import relational
from ragmtl.models.heads.given import HeadInput, query_context
from ragmtl.models.heads.pair import PairHead
from ragmtl.models.heads.votes import EntityVotes
from ragmtl.models.heads.wide import WideSignals
from ragmtl.models.sharing.bottom import SharedBottom
from ragmtl.models.sharing.sharing import Shared, Sharing

TRUST_START = 2.0
"""Start of the gates on evidence, before the sigmoid."""

WITHOUT_EVIDENCE = 0.2
"""Share of training examples whose evidence is left out whole."""

_Text = tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch segment"]]


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What the model says about each example, and what it looked at.

    Attributes:
        heads: Logits by task, of the tasks that were asked for.
        shared: The vector that each head reads, by task.
        fused: Weights over the evidence, as the first group of tasks that was asked for reads it.
        segment_weights: Weights over the segments of the text; they sum to 1, or to 0 where there is no text.
        history_weights: Weights over the history, likewise.
        penalty: What training adds to the loss beside those of tasks: the own loss of the choice of sharing.
        sharing: How much of its vector each task has from which tower or expert; empty for a shared bottom.
    """

    heads: Mapping[str, Float[Tensor, "batch _answer"]]
    shared: Mapping[str, Float[Tensor, "batch dim"]]
    fused: Fused
    segment_weights: Float[Tensor, "batch segment"]
    history_weights: Float[Tensor, "batch history"]
    penalty: Float[Tensor, ""]
    sharing: Mapping[str, Float[Tensor, "batch _source"]]


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What a group of tasks makes of the examples."""

    fused: Fused
    shared: Shared
    nodes: NodeTokens
    passages: PaddedTokens


class Model(nn.Module):
    """Reads text, history and evidence; answers every task.

    Args:
        text_dim: Width of the frozen text vectors of nodes and passages.
        segment_dim: Width of the vectors of the query's segments.
        relations: Number of relations of the graph.
        ids: Number of entities that have a learned vector.
        heads: One head per task; each reads a `HeadInput` of width `dim`.
        dim: Width of everything inside, a multiple of `attention_heads`.
        layers: Rounds of the graph neural network.
        attention_heads: Heads of every attention.
        dropout: On hidden vectors, and the share of passages and nodes (never seeds) left out while training.
        groups: Which tasks read evidence alike: those that are asked of the same examples. Each group has attention
            and a gate on the evidence of its own, for one task's clue is another's distraction. All alike where None.
        votes: Number of answers of each task in which entities vote (see `heads/votes.py`); none where None.
        wide: Starting value of the gate of each signal, of the tasks that have some and whose head does not read them.
        describe: Whether nodes are read by the text that describes them.
        types: Number of types of nodes, with "other"; 0 where their vectors are not read.
        numbers: How many relations give a node a number or date; 0 where none is read.
        labels: Number of answers that labelled neighbours may have, all tasks together; 0 where none are read.
        graph: The graph network; the relational one, of `layers` rounds, where None.
        fusion: Sums up the evidence; attention where None.
        sharing: From 3 · `dim` numbers, those of text, history and evidence, to a vector per task; a shared bottom
            where None.
        encoder: Makes the vectors of the query's segments where a batch has their tokens; frozen where None.

    Raises:
        ConfigError: `dim` is no multiple of `attention_heads`.
    """

    def __init__(  # noqa: PLR0913 - one argument per part of the model, all by name
        self,
        *,
        text_dim: int,
        segment_dim: int,
        relations: int,
        ids: int,
        heads: Mapping[str, nn.Module],
        dim: int = 128,
        layers: int = 2,
        attention_heads: int = 4,
        dropout: float = 0.2,
        groups: Mapping[str, int] | None = None,
        votes: Mapping[str, int] | None = None,
        wide: Mapping[str, Sequence[float]] | None = None,
        describe: bool = True,
        types: int = 0,
        numbers: int = 0,
        labels: int = 0,
        graph: GraphNetwork | None = None,
        fusion: Fusion | None = None,
        sharing: Sharing | None = None,
        encoder: TunedEncoder | None = None,
    ) -> None:
        if dim % attention_heads:
            raise ConfigError(f"expected dim to be a multiple of attention_heads, found {dim} and {attention_heads}")
        super().__init__()
        self.groups: dict[str, int] = {task: (groups or {}).get(task, 0) for task in heads}
        count = max(self.groups.values(), default=0) + 1
        self.asked = nn.Parameter(torch.zeros(count, dim))
        self.trust = nn.Parameter(torch.full((count, dim), TRUST_START))
        self.text = SegmentReader(segment_dim, dim, attention_heads)
        self.ids = IdTable(ids, dim)
        self.nodes = NodeEncoder(text_dim if describe else 0, dim, types=types, numbers=numbers)
        self.history = HistoryReader(dim, attention_heads)
        self.passages = nn.Sequential(nn.Linear(text_dim, dim), nn.LayerNorm(dim))
        self.graph = graph or relational(dim, relations, layers=layers, heads=attention_heads, dropout=dropout)
        self.query_norm = nn.LayerNorm(dim)
        self.fusion = fusion or AttentionFusion(dim, attention_heads, neighbours=labels > 0)
        self.trunk = sharing or SharedBottom(3 * dim, dim, dropout=dropout)
        self.heads = nn.ModuleDict({key_of(task): head for task, head in heads.items()})
        self.votes = nn.ModuleDict({key_of(task): EntityVotes(ids, count) for task, count in (votes or {}).items()})
        self.wide = nn.ModuleDict({key_of(task): WideSignals(starts) for task, starts in (wide or {}).items()})
        self.neighbours = NeighbourEncoder(text_dim, labels, dim) if labels else None
        self.encoder = encoder
        self.tasks = tuple(heads)
        self.dropout = dropout

    def forward(self, batch: Batch, tasks: Collection[str] | None = None) -> Outputs:
        """Answers some tasks, all by default.

        Args:
            batch: The examples.
            tasks: Names of the tasks to answer; heads of others are not computed.

        Raises:
            MismatchError: A task has no head.
        """
        wanted = self._wanted(tasks)
        text, segment_weights = self._text(batch)
        met = self.ids(batch.history_ids)
        items = self.nodes.describe(Entities(batch.history.float(), met, batch.history_types, batch.history_numbers))
        history, history_weights = self.history(self.query_norm(text), items, batch.history_mask)
        kept = self._with_evidence(batch)
        passages, nodes = self._passages(batch, kept), self._nodes(batch, kept)
        neighbours = none_of(passages) if self.neighbours is None else self._neighbours(batch, kept)
        read: dict[int, _Read] = {}
        tokens: Tokens | None = None
        heard = nodes
        for group in dict.fromkeys([self.groups[task] for task in wanted] or [0]):
            query = self.query_norm(text + history) + self.asked[group]
            if tokens is None or self.graph.reads_query:
                heard = self._heard(nodes, batch, query)
                tokens = Tokens.of(passages, heard, neighbours)
            fused = self.fusion(query, tokens)
            trusted = fused.vector * self.trust[group].sigmoid()
            asking = [task for task in wanted if self.groups[task] == group]
            shared = self.trunk(torch.cat([text, history, trusted], 1), asking)
            read[group] = _Read(fused, shared, heard, passages)
        groups = list(read.values())
        return Outputs(
            heads={task: self._answer(task, read[self.groups[task]], batch) for task in wanted},
            shared={task: read[self.groups[task]].shared.vectors[task] for task in wanted},
            fused=groups[0].fused,
            segment_weights=segment_weights,
            history_weights=history_weights,
            penalty=torch.stack([group.shared.penalty for group in groups]).mean(),
            sharing={task: weights for group in groups for task, weights in group.shared.weights.items()},
        )

    def _text(self, batch: Batch) -> _Text:
        """The summary of each text, and the weight of each segment."""
        mask = batch.segment_mask
        if self.encoder is None or not len(batch.tokens):
            return cast(_Text, self.text(batch.segments.float(), mask))
        drawn = self.encoder.drawn(mask)
        chosen = drawn[mask]
        segments = torch.zeros(batch.segments.shape, device=mask.device)
        segments[drawn] = self.encoder(batch.tokens[chosen], batch.token_mask[chosen])
        return cast(_Text, self.text(segments, mask, drawn))

    def _wanted(self, tasks: Collection[str] | None) -> list[str]:
        """The tasks to answer, in the order of the heads."""
        wanted = [task for task in self.tasks if tasks is None or task in tasks]
        if tasks is not None and len(wanted) < len(set(tasks)):
            raise MismatchError(
                f"expected tasks among {', '.join(self.tasks)}; found {', '.join(sorted(set(tasks) - set(wanted)))}; "
                "use the model that was trained for them"
            )
        return wanted

    def head(self, task: str) -> nn.Module:
        """The head of a task."""
        return self.heads[key_of(task)]

    def _answer(self, task: str, read: _Read, batch: Batch) -> Float[Tensor, "batch answer"]:
        context = query_context(batch.segment_mask, batch.history_mask)
        if task in batch.contexts:
            context = torch.cat([context, batch.contexts[task]], 1)
        signals, texts = batch.signals.get(task), batch.texts.get(task)
        given = HeadInput(read.shared.vectors[task], context, signals, read.nodes, read.passages, batch, texts)
        answer: Float[Tensor, "batch answer"] = self.head(task)(given)
        if key_of(task) in self.wide and signals is not None:
            answer = answer + self.wide[key_of(task)](signals)
        if key_of(task) in self.votes:
            votes = self.votes[key_of(task)](batch.node_ids, read.nodes.mask, batch.node_example, len(batch))
            answer = answer + votes * (1 - read.fused.no_evidence).unsqueeze(1)
        return answer

    def votes_of(self, task: str, batch: Batch, fused: Fused) -> Float[Tensor, "node answer"] | None:
        """What each node adds to the logits of a task by itself; None where entities do not vote."""
        if key_of(task) not in self.votes:
            return None
        voting = cast(EntityVotes, self.votes[key_of(task)])
        return voting.each(batch.node_ids) * (1 - fused.no_evidence)[batch.node_example].unsqueeze(1)

    def judged(
        self, task: str, batch: Batch, shared: Float[Tensor, "batch dim"]
    ) -> Float[Tensor, "batch passage answer"] | None:
        """What each passage adds to the logits of a task by itself; None where the head judges no passages.

        Args:
            task: Name of the task.
            batch: The examples.
            shared: What the head read of them: `Outputs.shared`.
        """
        head = self.head(task)
        if not isinstance(head, PairHead):
            return None
        return head.each(shared, self._passages(batch, batch.segment_mask.new_ones(len(batch))))

    def _passages(self, batch: Batch, kept: Bool[Tensor, " batch"]) -> PaddedTokens:
        mask = batch.passage_mask & self._kept(batch.passage_mask) & kept.unsqueeze(1)
        return PaddedTokens(self.passages(batch.passages.float()), batch.passage_scores, mask)

    def _neighbours(self, batch: Batch, kept: Bool[Tensor, " batch"]) -> PaddedTokens:
        mask = batch.neighbour_mask & self._kept(batch.neighbour_mask) & kept.unsqueeze(1)
        vectors = cast(NeighbourEncoder, self.neighbours)(batch.neighbours.float(), batch.neighbour_labels)
        return PaddedTokens(vectors, batch.neighbour_scores, mask)

    def _nodes(self, batch: Batch, kept: Bool[Tensor, " batch"]) -> NodeTokens:
        mask = (batch.node_seeds | self._kept(batch.node_seeds)) & kept[batch.node_example]
        learned = self.ids(batch.node_ids)
        entities = Entities(batch.node_vectors.float(), learned, batch.node_types, batch.node_numbers)
        nodes = self.nodes(entities, batch.node_scores, batch.node_seeds)
        return NodeTokens(nodes, batch.node_scores, batch.node_seeds, batch.node_example, mask)

    def _heard(self, nodes: NodeTokens, batch: Batch, query: Float[Tensor, "batch dim"]) -> NodeTokens:
        """Nodes after they have heard from their neighbours."""
        graphs = Subgraphs(
            edges=batch.edges,
            relations=batch.edge_relations,
            weights=batch.edge_weights,
            mask=nodes.mask,
            types=batch.node_types,
            example=batch.node_example,
            query=query,
        )
        return replace(nodes, vectors=self.graph(nodes.vectors, graphs))

    def _with_evidence(self, batch: Batch) -> Bool[Tensor, " batch"]:
        """Which examples see their evidence: in training not all, so that none forgets to read the text."""
        chance = torch.rand(len(batch), device=batch.segments.device) if self.training else None
        return batch.segment_mask.new_ones(len(batch)) if chance is None else chance >= WITHOUT_EVIDENCE

    def _kept(self, like: Bool[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
        """Which pieces of evidence are kept: all of them outside of training."""
        if not self.training:
            return torch.ones_like(like)
        return torch.rand(like.shape, device=like.device) >= self.dropout


def key_of(task: str) -> str:
    """A task's name as the name of a module: any name is allowed, also "type" or "a.b"."""
    return "task " + task.replace("%", "%25").replace(".", "%2E")
