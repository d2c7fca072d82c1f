"""From what a user points to, to a graph: a saved graph, an index, a configuration, or RDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ragmtl.config import Config, read_config
from ragmtl.endpoints import endpoints_beside, fetch_endpoints
from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.vocabulary import USUAL, Vocabulary

Statements = Callable[[str, int], None]
"""Told a file, and how many of its statements were read."""


def open_graph(source: str | Path, progress: Statements | None = None) -> KnowledgeGraph:
    """Open the graph at a place.

    Args:
        source: The folder of a saved graph or of an index; a configuration (`.toml`), whose sources are read; an RDF
            file, or a folder or glob of such files.
        progress: Called while RDF is read.

    Raises:
        DataError: There is nothing, or no RDF.
        MismatchError: The folder holds a graph or index of another version, or a run.
        ConfigError: The configuration cannot be used.
    """
    place = Path(source).expanduser()
    if place.suffix == ".toml":
        return read_graph(read_config(place), progress)
    if not (place / "manifest.json").is_file():
        if (place / "run.json").is_file():
            raise MismatchError(
                f"{place}: expected a graph, found a trained run; give the index that it was trained on"
            )
        return read_rdf(place, progress=progress)
    if (place / "graph" / "manifest.json").is_file():
        return KnowledgeGraph.load(place / "graph")
    return KnowledgeGraph.load(place)


def read_graph(config: Config, progress: Statements | None = None, cache: str | Path | None = None) -> KnowledgeGraph:
    """Read the graph of a configuration: its files, and what its endpoints have.

    Args:
        config: Where they are.
        progress: Called with a file or an address, and the number of its statements so far.
        cache: Folder for what is fetched; the one beside the usual place of the index where None.

    Raises:
        DataError: It cannot be read.
        ConfigError: An endpoint needs a token that is not there.
    """
    folder = endpoints_beside(Path("runs") / config.name / "index") if cache is None else Path(cache)
    return read_rdf(
        [*map(config.resolve, config.graph.sources), *fetch_endpoints(config, folder, progress)],
        languages=config.graph.languages,
        vocabulary=vocabulary_of(config),
        infer=config.graph.infer,
        progress=progress,
    )


def vocabulary_of(config: Config) -> Vocabulary:
    """The usual relations for labels, descriptions and types, after those of the configuration."""
    chosen = config.graph
    return USUAL.extended(
        labels=chosen.labels,
        alternatives=chosen.alternative_labels,
        descriptions=chosen.descriptions,
        types=chosen.types,
    )
