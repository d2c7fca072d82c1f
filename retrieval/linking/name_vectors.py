"""Names found by meaning: stretches of a text that name nothing, beside the vectors of all labels.

    add_names("runs/index")

"car" finds the label "automobile" where the text encoder knows that they are the same. Only stretches without any name
are looked at; a label must be nearer than a cosine of 0.6, and weighs the less the further away it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.files.arrays import AGAIN, load_arrays, save_arrays
from ragmtl.retrieval.linking.tokens import STOP_WORDS, Tokens, tokenise
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.progress import Progress

_NEAR, _WORTH = 0.6, 0.5
"""The cosine that a label must have; what the nearest one can weigh."""

_MOST_STRETCHES, _LONGEST, _PER_STRETCH = 8, 4, 2


@dataclass(frozen=True, slots=True, eq=False)
class NameVectors:
    """The vectors of all labels of a graph.

    Attributes:
        nodes: The node of each vector.
        dense: The vectors.
        encoder: Made them, and makes those of texts.
    """

    nodes: Int64[np.ndarray, " names"]
    dense: Dense
    encoder: Encoder

    @classmethod
    def build(cls, graph: KnowledgeGraph, encoder: Encoder, progress: Progress | None = None) -> NameVectors:
        """Encode the label of each node that has a name."""
        nodes = _named(graph)
        vectors = encoder.encode([graph.label(node) for node in nodes.tolist()], progress)
        return cls(nodes, Dense.build(vectors), encoder)

    def find(self, text: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """Mentions of what a text may mean where it names nothing.

        Args:
            text: The text.
            mentions: What it names.
        """
        spans = _stretches(tokenise(text), mentions)
        if not spans:
            return ()
        vectors = self.encoder.encode([text[start:end] for start, end in spans])
        nothing = [np.zeros(0, np.int64)] * len(spans)
        found: list[Mention] = []
        for (start, end), (rows, scores) in zip(
            spans, self.dense.search_many(vectors, _PER_STRETCH, nothing), strict=True
        ):
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
                if score >= _NEAR:
                    weight = _WORTH * (score - _NEAR) / (1 - _NEAR)
                    how = f"by meaning (cosine {score:.2f})"
                    found.append(Mention(start, end, int(self.nodes[row]), round(min(max(weight, 0.01), 1.0), 6), how))
        return tuple(found)

    def edited(self, before: KnowledgeGraph, graph: KnowledgeGraph, progress: Progress | None = None) -> NameVectors:
        """The same as `build` of another graph; only labels that the graph before did not have are encoded."""
        rows = {before.label(node): row for row, node in enumerate(self.nodes.tolist())}
        nodes = _named(graph)
        labels = [graph.label(node) for node in nodes.tolist()]
        new = [label for label in dict.fromkeys(labels) if label not in rows]
        rows |= {label: len(self.nodes) + place for place, label in enumerate(new)}
        every = self.dense.vectors
        if new:
            every = np.concatenate((every, self.encoder.encode(new, progress)))
        places = np.array([rows[label] for label in labels], np.int64)
        return NameVectors(nodes, Dense.build(every[places]), self.encoder)

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, {"nodes": self.nodes})
        self.dense.save(directory / "dense")

    @classmethod
    def load(cls, directory: Path, encoder: Encoder, nodes: int) -> NameVectors:
        """Open what `save` wrote, memory-mapped.

        Args:
            directory: Where it is.
            encoder: The text encoder of the index.
            nodes: How many nodes the graph has.

        Raises:
            MismatchError: There are none, or they are of another graph.
        """
        ids, dense = load_arrays(directory, ["nodes"])["nodes"], Dense.load(directory / "dense")
        if len(ids) != len(dense.vectors) or ids.max(initial=-1) >= nodes:
            raise MismatchError(f"expected names of this graph in {directory}, found those of another; {AGAIN}")
        return cls(ids, dense, encoder)


def _named(graph: KnowledgeGraph) -> Int64[np.ndarray, " names"]:
    """The nodes that have a name."""
    return np.array([node for node in range(len(graph.nodes)) if graph.names(node)], np.int64)


def _stretches(tokens: Tokens, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """Runs of words that no mention covers and that are no stop words, the first ones of a text."""
    covered = sorted({(mention.start, mention.end) for mention in mentions})
    runs: list[tuple[int, int, int]] = []
    last, place = -2, 0
    for at, (word, start, end) in enumerate(zip(tokens.words, tokens.starts, tokens.ends, strict=True)):
        while place < len(covered) and covered[place][1] <= start:
            place += 1
        named = place < len(covered) and covered[place][0] < end
        if named or word in STOP_WORDS or len(word) < 3:
            continue
        if last == at - 1 and runs[-1][2] < _LONGEST:
            runs[-1] = (runs[-1][0], end, runs[-1][2] + 1)
        elif len(runs) == _MOST_STRETCHES:
            break
        else:
            runs.append((start, end, 1))
        last = at
    return [(start, end) for start, end, _ in runs]
