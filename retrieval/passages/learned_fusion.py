"""How much each source counts for a query, learned: weight · exp(b + W f), where f tells the shape of its scores.

    learned = learn_fusion(zip(retriever.candidates(queries), rights))      # places of the passages that are right
    learned.save(index.directory, learned_with(index, settings))
    Retriever(index, RetrievalSettings(fusion="learned"))

f of a source: how far its best candidate stands out of its crowd, how far before the second and before the tenth, how
far it is trusted, and how far the best of the other sources stand out. With b = W = 0 this is the fusion by shape, from
which learning starts and to which it is drawn back; parameters minimise the cross-entropy of the right passages among
all candidates of the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from ragmtl.errors import DataError, MismatchError
from ragmtl.retrieval.files.arrays import load_json, save_json
from ragmtl.retrieval.passages.fuse import Candidates, parts_of
from ragmtl.retrieval.searched import Searched
from ragmtl.retrieval.settings import RetrievalSettings

AGAIN = "learn one with `ragmtl learn --what fusion`"
SOURCES = ("bm25", "tfidf", "dense", "graph")
FEATURES = ("best", "before the second", "before the tenth", "trust", "best of others")
_STEPS, _RATE, _DRAWN_BACK = 200, 0.05, 0.02
_TENTH = 10

Judged = tuple[Mapping[str, Candidates], frozenset[int]]
"""What each source proposes for a query, and the places of the passages that are right."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedFusion:
    """The parameters of a learned fusion.

    Attributes:
        weights: W, by source and feature.
        biases: b, by source.
        queries: How many it was learned from.
    """

    weights: Float64[np.ndarray, "source feature"]
    biases: Float64[np.ndarray, " source"]
    queries: int

    def weigh(self, sources: Mapping[str, Candidates]) -> dict[str, Candidates]:
        """The sources of one query with weights for it."""
        shape = shape_of(sources)
        factors = np.exp(np.clip(self.biases + (self.weights * shape).sum(axis=1), -5.0, 5.0))
        return {
            name: replace(source, weight=source.weight * float(factors[SOURCES.index(name)]))
            for name, source in sources.items()
        }

    def save(self, directory: Path, learned_with: Mapping[str, Any] | None = None) -> None:
        """Write it beside the directory of an index, where it outlives a new version of the index.

        Args:
            directory: Of the index.
            learned_with: What it fits: `load` refuses to open it with anything else.
        """
        content = {
            "learned_with": dict(learned_with or {}),
            "sources": SOURCES,
            "features": FEATURES,
            "weights": self.weights.tolist(),
            "biases": self.biases.tolist(),
            "queries": self.queries,
        }
        place = fusion_file(directory)
        written = place.with_name(f".{place.name}.building")
        save_json(written, content)
        written.replace(place)

    @classmethod
    def load(cls, directory: Path, learned_with: Mapping[str, Any] | None = None) -> LearnedFusion:
        """Open what `save` wrote.

        Args:
            directory: Of the index.
            learned_with: What it is to be used with; anything where None.

        Raises:
            MismatchError: There is none, or it is of other sources, or was learned with something else.
        """
        place = fusion_file(directory)
        if not place.is_file():
            raise MismatchError(
                f'expected a learned fusion in {place}, found none; {AGAIN}, or choose the fusion "shape"'
            )
        stated = load_json(place)
        _refuse_other(place, stated.get("learned_with"), learned_with)
        try:
            weights, biases = np.array(stated["weights"], np.float64), np.array(stated["biases"], np.float64)
        except (KeyError, ValueError, TypeError) as error:
            raise MismatchError(f"expected a learned fusion in {place}, found {error!r}; {AGAIN}") from None
        if (weights.shape, biases.shape) != ((len(SOURCES), len(FEATURES)), (len(SOURCES),)):
            raise MismatchError(
                f"expected {len(SOURCES)} x {len(FEATURES)} weights in {place}, found {weights.shape}; {AGAIN}"
            )
        return cls(weights, biases, int(stated.get("queries", 0)))


def fusion_file(directory: Path) -> Path:
    """Where the learned fusion of an index is kept: beside it."""
    return directory.with_name(directory.name + ".fusion.json")


def learned_with(index: Searched, settings: RetrievalSettings) -> dict[str, Any]:
    """What a learned fusion depends on: which vectors there are, and how much each source counts before it."""
    return {"encoder": index.encoder.fingerprint, "weights": asdict(settings.weights)}


def _refuse_other(place: Path, found: Any, wanted: Mapping[str, Any] | None) -> None:  # noqa: ANN401 - JSON
    for name, value in (wanted or {}).items():
        if found and found.get(name) != value:
            raise MismatchError(
                f"expected a fusion in {place} that was learned with the {name} of this index and configuration, found "
                f'one of others; {AGAIN}, or choose the fusion "shape"'
            )


def shape_of(sources: Mapping[str, Candidates]) -> Float64[np.ndarray, "source feature"]:
    """The features of each source; zeros for those that propose nothing."""
    tops = {name: np.sort(source.standing_out())[::-1] for name, source in sources.items() if len(source.passages)}
    features = np.zeros((len(SOURCES), len(FEATURES)))
    for name, top in tops.items():
        others = max((np.log1p(other[0]) for rival, other in tops.items() if rival != name), default=0.0)
        gaps = [top[0] - top[min(place, len(top) - 1)] for place in (1, _TENTH - 1)]
        features[SOURCES.index(name)] = (
            np.log1p(top[0]), np.log1p(gaps[0]), np.log1p(gaps[1]), sources[name].trust, others,
        )  # fmt: skip
    return features


def learn_fusion(judged: Iterable[Judged]) -> LearnedFusion:
    """Learn from what the sources propose for queries, and what is right.

    Raises:
        DataError: No source proposes a right passage for any query.
    """
    import torch

    rows = [_row(sources, right) for sources, right in judged]
    given = [row for row in rows if row is not None]
    if not given:
        raise DataError(
            f"expected queries for which a source finds a right passage, found none among {len(rows)}; check that "
            "they name passages of this index"
        )
    shapes = torch.from_numpy(np.stack([shape for shape, _, _ in given]))
    mean, spread = shapes.mean(dim=0), shapes.std(dim=0, correction=0).clamp(min=1e-3)
    standard = (shapes - mean) / spread
    parts = [torch.from_numpy(part) for _, part, _ in given]
    wanted = [torch.from_numpy(right) for _, _, right in given]
    weights = torch.zeros(shapes.shape[1:], dtype=torch.float64, requires_grad=True)
    biases = torch.zeros(len(SOURCES), dtype=torch.float64, requires_grad=True)
    warmth = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([weights, biases, warmth], lr=_RATE)
    for _ in range(_STEPS):
        factors = torch.exp(biases + (weights * standard).sum(dim=2))
        losses = [
            -(torch.log_softmax(torch.exp(warmth) * (part.T @ factor), dim=0) * right).sum()
            for part, factor, right in zip(parts, factors, wanted, strict=True)
        ]
        loss = torch.stack(losses).mean() + _DRAWN_BACK * ((weights**2).sum() + (biases**2).sum())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    final = (weights / spread).detach().numpy()
    moved = biases.detach().numpy() - (final * mean.numpy()).sum(axis=1)
    return LearnedFusion(final, moved, len(given))


def _row(
    sources: Mapping[str, Candidates], right: frozenset[int]
) -> (
    tuple[Float64[np.ndarray, "source feature"], Float64[np.ndarray, "source passage"], Float64[np.ndarray, " passage"]]
    | None
):
    """Features of a query, what each source adds to each candidate, and which share of the truth each one is."""
    candidates: Sequence[int] = sorted({int(place) for source in sources.values() for place in source.passages})
    truth = np.array([float(place in right) for place in candidates])
    if not truth.sum():
        return None
    columns = {place: column for column, place in enumerate(candidates)}
    table = np.zeros((len(SOURCES), len(candidates)))
    for name, added in parts_of(sources, "learned").items():
        table[SOURCES.index(name), [columns[int(place)] for place in sources[name].passages]] = added
    return shape_of(sources), table, truth / truth.sum()
