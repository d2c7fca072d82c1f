"""A prediction: the answer of each task, and everything that the inspector shows about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ragmtl.retrieval.query import Query
from ragmtl.tasks.answer import Answer as Answer
from ragmtl.tasks.answer import Judged as Judged
from ragmtl.tasks.answer import Score as Score
from ragmtl.tasks.answer import Vote as Vote


@dataclass(frozen=True, slots=True)
class MentionView:
    """An entity that a text names at `text[start:end]`; `reason` says how it was found."""

    start: int
    end: int
    iri: str
    label: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PassageView:
    """A retrieved passage: its text, why it was retrieved, how much it counted (`attention`), and whom it names."""

    id: str
    title: str
    text: str
    score: float
    sources: Mapping[str, float]
    reason: str
    attention: float
    mentions: tuple[MentionView, ...] = ()


@dataclass(frozen=True, slots=True)
class ExampleView:
    """A labelled training example that was retrieved: its labels, why, and how much it counted (`attention`)."""

    id: str
    text: str
    labels: tuple[str, ...]
    score: float
    reason: str
    attention: float


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the retrieved subgraph: why it is there, how much it counted (`attention`), and a line about it."""

    iri: str
    label: str
    score: float
    seed: bool
    reason: str
    attention: float
    description: str = ""


@dataclass(frozen=True, slots=True)
class TripleView:
    """A triple of the retrieved subgraph; `head` and `tail` are positions in `Prediction.nodes`.

    `source` is the file that states it, `graph` its named graph (empty for the default graph); `reason` says why it is
    there.
    """

    head: int
    tail: int
    relation: str
    relation_label: str
    weight: float
    source: str
    graph: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answers to one query and the evidence behind them.

    Attributes:
        query: What was asked.
        answers: One answer per task.
        passages: Retrieved passages, best first.
        nodes, triples: The retrieved subgraph.
        mentions: Entities found in the text.
        no_evidence: The attention that went to none of the evidence, in [0, 1]; together with the
            attention of passages, nodes and examples it adds up to 1.
        notes: What the user should know about this prediction.
        run: Name of the run that predicted.
        examples: Training examples like the query, with their labels, for a run that reads them.
    """

    query: Query
    answers: tuple[Answer, ...]
    passages: tuple[PassageView, ...]
    nodes: tuple[NodeView, ...]
    triples: tuple[TripleView, ...]
    mentions: tuple[MentionView, ...]
    no_evidence: float
    notes: tuple[str, ...] = ()
    run: str = ""
    examples: tuple[ExampleView, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """This prediction as plain lists, dicts, strings and numbers, ready for JSON."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def _repr_html_(self) -> str:
        """The inspector's page in a frame: what a notebook shows for this prediction."""
        from ragmtl.inspector.notebook import framed

        return framed(self)

    def plot(self) -> Any:  # noqa: ANN401 -- a `matplotlib.figure.Figure`, which is optional
        """The best scores of each task, as a figure of matplotlib (the extra `plot`).

        Raises:
            ConfigError: matplotlib is not installed.
        """
        from ragmtl.inspector.plots import plot_prediction

        return plot_prediction(self)


def as_fields(value: object) -> object:
    """What JSON can hold of an object at its first level: a dataclass as a dict, a set as a list.

    `dataclasses.asdict`, which copies every level, takes as long as a model.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, frozenset):
        return sorted(value)
    found = getattr(value, "__dataclass_fields__", None)
    if found is None:
        raise TypeError(f"expected what JSON can hold, found {type(value).__name__}")
    return {name: getattr(value, name) for name in found}


def _plain(value: object) -> object:
    """An object with all its levels."""
    if value is None or isinstance(value, str | float | int):
        return value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    found = value if isinstance(value, Mapping) else as_fields(value)
    return {name: _plain(one) for name, one in found.items()} if isinstance(found, Mapping) else found
