"""From what a user points to, to a graph: a saved graph, an index, a configuration, or RDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ragmtl.config import Config, read_config
from ragmtl.config.graph import OnError
from ragmtl.endpoints import endpoints_beside, fetch_endpoints
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.kg.endpoints.web import shown
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.vocabulary import USUAL, Vocabulary

Statements = Callable[[str, int], None]
"""Told a file, and how many of its statements were read."""


def open_graph(
    source: str | Path,
    progress: Statements | None = None,
    *,
    base: str | None = None,
    on_error: OnError | None = None,
) -> KnowledgeGraph:
    """Open the graph at a place.

    Args:
        source: The folder of a saved graph or of an index; a configuration (`.toml`), whose sources are read; an RDF
            file, or a folder or glob of such files.
        progress: Called while RDF is read.
        base: What relative IRIs in RDF are relative to; as the configuration says where None.
        on_error: What bad statements of RDF do; as the configuration says, or "strict", where None.

    Raises:
        DataError: There is nothing, or no RDF.
        MismatchError: The folder holds a graph or index of another version, or a run.
        ConfigError: The configuration cannot be used, or a saved graph is to be read otherwise.
    """
    place = Path(source).expanduser()
    if is_saved(place):
        if (base, on_error) != (None, None):
            raise ConfigError(f"{place}: expected RDF for --base and --on-error, found a graph that was read already")
        return KnowledgeGraph.load(_saved(place))
    if place.suffix == ".toml":
        return read_graph(read_otherwise(read_config(place), base, on_error), progress)
    if (place / "run.json").is_file():
        raise MismatchError(f"{place}: expected a graph, found a trained run; give the index that it was trained on")
    return read_rdf(place, progress=progress, base=base, on_error=on_error or "strict")


def is_saved(source: str | Path) -> bool:
    """Whether there is a saved graph or an index, which need not be read."""
    return (Path(source).expanduser() / "manifest.json").is_file()


def _saved(place: Path) -> Path:
    """Where the saved graph is: there, or where the index keeps it since its last update."""
    from ragmtl.retrieval.files.arrays import load_json
    from ragmtl.retrieval.index import FORMAT, place_of

    manifest = load_json(place / "manifest.json")
    return place_of("graph", place, manifest) if manifest.get("format") == FORMAT else place


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
