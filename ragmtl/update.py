"""Updating an index from files: what `ragmtl update` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragmtl.build import Watch, unwatched
from ragmtl.config.graph import OnError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.origins import Report
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.encoders.encoder import CachedEncoder, DeferredEncoder
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.files.passages import read_passages
from ragmtl.retrieval.index import read_manifest
from ragmtl.retrieval.update import UpdateReport, add_names, update_index


def update_from_files(  # noqa: PLR0913 -- each is one thing to change, or a way to read it
    folder: Path,
    *,
    add: Sequence[Path] = (),
    delete: Sequence[str] = (),
    graph_add: Sequence[Path] = (),
    graph_remove: Sequence[Path] = (),
    delete_entities: Sequence[str] = (),
    base: str | None = None,
    on_error: OnError | None = None,
    watch: Watch = unwatched,
) -> tuple[UpdateReport, list[Report]]:
    """Change an index by tables of passages, ids, and RDF files; vectors are kept beside the index.

    Gives what changed, and what became of the RDF that was read.

    Raises:
        DataError: A file cannot be read, or what it asks for cannot be done; nothing is changed then.
        MismatchError: There is no index, or its encoder has changed.
    """
    passages = [passage for path in add for passage in read_passages(path)[0]]
    more, less = (_graph(paths, base, on_error) for paths in (graph_add, graph_remove))
    _, report = update_index(
        folder,
        add=passages,
        delete=delete,
        graph_add=more,
        graph_remove=less,
        delete_entities=delete_entities,
        encoder=_encoder(folder),
        progress=watch("encoding passages"),
    )
    return report, [graph.report for graph in (more, less) if graph is not None]


def encode_names(folder: Path, watch: Watch = unwatched) -> None:
    """Encode the names of an index's entities, as a part of it; vectors are kept beside the index.

    Raises:
        MismatchError: There is no index, or its encoder has changed.
    """
    add_names(folder, encoder=_encoder(folder), progress=watch("encoding names"))


def _encoder(folder: Path) -> CachedEncoder:
    """The encoder of an index, loaded when something is to be encoded."""
    stated = read_manifest(folder)["encoder"]
    encoder = DeferredEncoder(stated["name"], stated["dim"], stated["fingerprint"])
    return CachedEncoder(encoder, vectors_beside(folder))


def _graph(paths: Sequence[Path], base: str | None, on_error: OnError | None) -> KnowledgeGraph | None:
    return read_rdf(list(paths), base=base, on_error=on_error or "strict") if paths else None
