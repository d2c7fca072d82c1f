"""Names found by meaning: stretches of a text that name nothing, beside the vectors of all labels.

    NameVectors.build(index.graph, index.encoder).save(names_folder(index.directory))

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
from ragmtl.kg.disk.replace import replacing
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.files.arrays import load_arrays, load_json, save_arrays, save_json
from ragmtl.retrieval.linking.tokens import STOP_WORDS, Tokens, tokenise
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.progress import Progress

AGAIN = "make them again with `ragmtl index --names`"
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
        nodes = np.array([node for node in range(len(graph.nodes)) if graph.names(node)], np.int64)
        vectors = encoder.encode([graph.label(node) for node in nodes], progress)
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

    def save(self, folder: str | Path) -> None:
        """Write into a folder of its own, whole or not at all.

        Raises:
            MismatchError: Something else stands there.
        """
        target = Path(folder).expanduser().absolute()
        if target.exists() and not (target / "names.json").is_file():
            raise MismatchError(f"expected vectors of names or nothing in {target}, found something else; move it away")
        with replacing(target) as building:
            save_arrays(building, {"nodes": self.nodes})
            self.dense.save(building / "dense")
            save_json(building / "names.json", {"encoder": self.encoder.fingerprint, "names": len(self.nodes)})

    @classmethod
    def load(cls, folder: str | Path, encoder: Encoder, nodes: int) -> NameVectors:
        """Open what `save` wrote.

        Args:
            folder: Where it is.
            encoder: The text encoder of the index.
            nodes: How many nodes the graph has.

        Raises:
            MismatchError: There are none, or they are of another encoder or graph.
        """
        place = Path(folder).expanduser().absolute()
        if not (place / "names.json").is_file():
            raise MismatchError(f"expected vectors of names in {place}, found none; {AGAIN}")
        stated = load_json(place / "names.json")
        if stated.get("encoder") != encoder.fingerprint:
            raise MismatchError(f"expected names in {place} by the encoder of the index, found another's; {AGAIN}")
        ids, dense = load_arrays(place, ["nodes"])["nodes"], Dense.load(place / "dense")
        if len(ids) != len(dense.vectors) or ids.max(initial=-1) >= nodes:
            raise MismatchError(f"expected names of this graph in {place}, found those of another; {AGAIN}")
        return cls(ids, dense, encoder)


def names_folder(index: Path) -> Path:
    """Where the vectors of names of an index are kept: beside it."""
    return index.with_name(index.name + ".names")


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
