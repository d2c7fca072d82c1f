"""From what a user points to, to a graph: a saved graph, an index, a configuration, or RDF.

What only configurations need, which is a deep-learning library, is imported for them only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import OnError, read_rdf

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
        from ragmtl.config import read_config
        from ragmtl.graphs import read_graph, read_otherwise

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
