"""From a configuration to its graph."""

from __future__ import annotations

from pathlib import Path

from ragmtl.config import Config
from ragmtl.config.graph import OnError
from ragmtl.endpoints import endpoints_beside, fetch_endpoints
from ragmtl.errors import ConfigError
from ragmtl.kg.endpoints.web import shown
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.vocabulary import USUAL, Vocabulary
from ragmtl.opening import Statements


def read_otherwise(config: Config, base: str | None, on_error: OnError | None) -> Config:
    """A configuration whose RDF is read with another base, or another way with bad statements, where one is given."""
    given = {"base": base, "on_error": on_error}
    changes = {name: value for name, value in given.items() if value is not None}
    return config.model_copy(update={"graph": config.graph.model_copy(update=changes)})


def read_graph(config: Config, progress: Statements | None = None, cache: str | Path | None = None) -> KnowledgeGraph:
    """Read the graph of a configuration: its files, and what its endpoints have.

    Args:
        config: Where they are.
        progress: Called with a file or an address, and the number of its statements so far.
        cache: Folder for what is fetched; the one beside the usual place of the index where None.

    Raises:
        DataError: It cannot be read.
        ConfigError: An endpoint needs a token that is not there, or the graph is on a server.
    """
    if config.graph.server is not None:
        raise ConfigError(
            f"expected a graph to read, found one on a server ({shown(config.graph.server.url)}), which is asked for "
            "each query; name it in [[graph.endpoints]] to fetch it"
        )
    folder = endpoints_beside(Path("runs") / config.name / "index") if cache is None else Path(cache)
    return read_rdf(
        [*map(config.resolve, config.graph.sources), *fetch_endpoints(config, folder, progress)],
        languages=config.graph.languages,
        vocabulary=vocabulary_of(config),
        infer=config.graph.infer,
        progress=progress,
        base=config.graph.base,
        on_error=config.graph.on_error,
        max_ratio=config.graph.max_ratio,
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
