"""The sizes of a model, written down so that a saved one can be built again before its weights are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from ragmtl.config import ModelConfig
from ragmtl.errors import MismatchError
from ragmtl.facts import NodeFacts
from ragmtl.models.encoders.tuned import TunedEncoder
from ragmtl.models.fusion.attention import AttentionFusion
from ragmtl.models.fusion.concat import ConcatFusion
from ragmtl.models.fusion.fusion import Fusion
from ragmtl.models.fusion.weighted import WeightedFusion
from ragmtl.models.graph.gat import GATLayer
from ragmtl.models.graph.hgt import HGTLayer
from ragmtl.models.graph.network import GraphLayer, GraphNetwork, directed
from ragmtl.models.graph.query import QueryLayer
from ragmtl.models.graph.rgcn import RGCNLayer
from ragmtl.models.graph.sage import SAGELayer
from ragmtl.models.heads.given import QUERY_CONTEXT
from ragmtl.models.heads.labels import ClassHead, LabelHead
from ragmtl.models.heads.ranking import Items, RankingHead
from ragmtl.models.model import Model
from ragmtl.models.sharing.cross_stitch import CrossStitch
from ragmtl.models.sharing.mmoe import MixtureOfExperts
from ragmtl.models.sharing.ple import LayeredExtraction
from ragmtl.models.sharing.sharing import Sharing
from ragmtl.models.sharing.twins import Twins
from ragmtl.tasks.base import CHOICES


class HeadSize(BaseModel):
    """One head.

    Attributes:
        kind: `class`, `labels`, `ranking`, or another, which its task makes.
        answers: Number of classes, labels or items.
        signals: Starting value of each signal's gate.
        context: How many numbers these gates read.
        neighbours: Whether it reads the neighbours of its items: a ranking with retrieval does.
        votes: Whether entities vote for its answers: where its source has learned ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    answers: int
    signals: tuple[float, ...] = ()
    context: int = QUERY_CONTEXT
    neighbours: bool = False
    votes: bool = False


class ModelSize(BaseModel):
    """A whole model.

    Attributes:
        text_dim, segment_dim: Widths of text vectors.
        relations: Number of relations of the graph.
        ids: Number of learned entities.
        settings: The table `[model]` of the configuration.
        heads: By task.
        groups: Which tasks read evidence alike.
        facts: Which types and numbers of nodes are read.
        labels: Number of answers that labelled neighbours may have, all tasks together; 0 where none are read.
        encoder: Fingerprint of the weights that a text encoder learns from; "" where it is frozen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text_dim: int
    segment_dim: int
    relations: int
    ids: int
    settings: ModelConfig
    heads: dict[str, HeadSize]
    groups: dict[str, int] = {}
    facts: NodeFacts = NodeFacts()
    labels: int = 0
    encoder: str = ""


MakeHead = Callable[[int], nn.Module]
"""Makes a head that reads vectors of a width: `Task.new_head`."""


def build_model(
    size: ModelSize,
    items: Mapping[str, Items] | None = None,
    heads: Mapping[str, MakeHead] | None = None,
    encoder: TunedEncoder | None = None,
) -> Model:
    """A new model of this size.

    Args:
        size: What to build.
        items: The items of each ranking; zeros where None, for weights that will be read from a checkpoint.
        heads: What makes the heads of tasks; those that are not here are of a kind that is known by its name.
        encoder: Of texts, where it learns with the model.
    """
    settings, made = size.settings, heads or {}
    built = {
        task: made[task](settings.dim)
        if task in made
        else _head(head, settings.dim, items[task] if items and task in items else _no_items(head, size.text_dim))
        for task, head in size.heads.items()
    }
    return Model(
        text_dim=size.text_dim,
        segment_dim=size.segment_dim,
        relations=size.relations,
        ids=size.ids,
        heads=built,
        dim=settings.dim,
        layers=settings.layers,
        attention_heads=settings.attention_heads,
        dropout=settings.dropout,
        groups=size.groups,
        votes={task: head.answers for task, head in size.heads.items() if head.votes},
        wide={task: head.signals for task, head in size.heads.items() if head.kind in CHOICES and head.signals},
        describe="text" in settings.features,
        types=len(size.facts.types) + 1 if "types" in settings.features else 0,
        numbers=len(size.facts.numbers),
        labels=size.labels,
        graph=_graph(size),
        fusion=_fusion(settings, neighbours=size.labels > 0),
        sharing=_sharing(settings, tuple(size.heads)),
        encoder=encoder,
    )


def _graph(size: ModelSize) -> GraphNetwork | None:
    """How nodes hear from their neighbours; None for what the model takes by itself."""
    settings, known = size.settings, directed(size.relations)
    dim, heads, dropout = settings.dim, settings.attention_heads, settings.dropout
    make: Callable[[], GraphLayer]
    match settings.graph:
        case "relational":
            return None
        case "rgcn":
            make = partial(RGCNLayer, dim, known, settings.bases, dropout)
        case "gat":
            make = partial(GATLayer, dim, known, heads, dropout)
        case "sage":
            make = partial(SAGELayer, dim, known, dropout)
        case "hgt":
            types = len(size.facts.types) + 1
            make = partial(HGTLayer, dim, known, types, heads, bases=settings.bases, dropout=dropout)
        case "query":
            make = partial(QueryLayer, dim, known, heads, dropout)
    return GraphNetwork(dim, size.relations, (make() for _ in range(settings.layers)))


def _fusion(settings: ModelConfig, *, neighbours: bool) -> Fusion | None:
    """How evidence becomes one vector; None for what the model takes by itself."""
    dim, heads = settings.dim, settings.attention_heads
    match settings.fusion:
        case "attention" if not settings.gates:
            return None
        case "attention":
            return AttentionFusion(dim, heads, neighbours=neighbours, gates=True)
        case "concat":
            return ConcatFusion(dim, heads, neighbours=neighbours)
        case "concat-mean":
            return ConcatFusion(dim, heads, pool="mean", neighbours=neighbours)
        case "weighted":
            return WeightedFusion(dim, neighbours=neighbours)


def _sharing(settings: ModelConfig, tasks: Sequence[str]) -> Sharing | None:
    """What tasks share; None for what the model takes by itself."""
    inputs, dim, dropout, strength = 3 * settings.dim, settings.dim, settings.dropout, settings.penalty
    match settings.sharing:
        case "bottom":
            return None
        case "cross-stitch":
            return CrossStitch(inputs, dim, tasks, dropout=dropout)
        case "twins":
            return Twins(inputs, dim, tasks, dropout=dropout, strength=strength)
        case "mmoe":
            return MixtureOfExperts(inputs, dim, tasks, experts=settings.experts, dropout=dropout, strength=strength)
        case "ple":
            return LayeredExtraction(inputs, dim, tasks, experts=settings.experts, dropout=dropout, strength=strength)


def _head(size: HeadSize, dim: int, items: Items) -> nn.Module:
    match size.kind:
        case "class":
            return ClassHead(dim, size.answers)
        case "labels":
            return LabelHead(dim, size.answers)
        case "ranking":
            return RankingHead(dim, items, size.signals, size.context)
        case _:
            raise MismatchError(
                f"expected a head of a kind that is known by its name, found {size.kind!r}; hand over the kind of task"
            )


def _no_items(size: HeadSize, text_dim: int) -> Items:
    """Items of the right number, about which nothing is known yet."""
    number = size.answers if size.kind == "ranking" else 0
    empty = torch.zeros(number, text_dim)
    return Items(empty, torch.zeros(number, dtype=torch.bool), empty if size.neighbours else None)


def ranking_size(items: Items, signals: Sequence[float], habits: int) -> HeadSize:
    """The size of the head that ranks these items, with gates that read so many habits beside the query's context."""
    return HeadSize(
        kind="ranking",
        answers=len(items.seen),
        signals=tuple(signals),
        context=QUERY_CONTEXT + habits,
        neighbours=items.neighbours is not None,
    )
