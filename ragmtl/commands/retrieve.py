"""The commands `ragmtl retrieve` and `ragmtl push`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragmtl.commands.common import ConfigPath, QueryText, bars, place_of, print_as
from ragmtl.commands.speaking import AsJson, print_result

if TYPE_CHECKING:
    from ragmtl.config import Config
    from ragmtl.prediction import Prediction
    from ragmtl.retrieval.evidence import ScoredExample
    from ragmtl.retrieval.index import Index
    from ragmtl.retrieval.query import Query
    from ragmtl.retrieval.settings import RetrievalSettings

PASSAGES, NODES = 5, 24


def retrieve(
    place: Annotated[
        Path, typer.Argument(metavar="INDEX", help="Folder of an index, or a configuration.", show_default=False)
    ],
    query: QueryText,
    passages: Annotated[int | None, typer.Option(help="Most passages.", min=0, show_default=False)] = None,
    nodes: Annotated[int | None, typer.Option(help="Most nodes of the subgraph.", min=0, show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is retrieved for a text or an entity, from an index or from the servers of a configuration."""
    from ragmtl.inspector.terminal import print_evidence

    print_as(_found(place, query, passages, nodes), as_json, print_evidence)


def push(config: ConfigPath, as_json: AsJson = False) -> None:
    """Write the passages of a configuration into its server of passages."""
    from ragmtl.config import read_config
    from ragmtl.kg.endpoints.web import shown
    from ragmtl.served import push_corpus

    settings = read_config(config)
    with bars() as bar:
        count = push_corpus(settings, bar)
    server = settings.corpus.server
    place = shown(server.url) if server else "the server"
    print_result({"passages": count, "server": place}, as_json, f"wrote {count:,} passages into {place}")


def _found(place: Path, query: str, passages: int | None, nodes: int | None) -> Prediction:
    """What is retrieved; from an index as much as usual, by a configuration as much as it says."""
    from dataclasses import replace

    from ragmtl.config import read_config
    from ragmtl.predict import as_query
    from ragmtl.retrieval.hybrid import Retriever
    from ragmtl.retrieval.index import Index
    from ragmtl.retrieval.settings import RetrievalSettings
    from ragmtl.retrieving import retrieval_settings
    from ragmtl.showing import show_evidence

    config = read_config(place) if place.suffix == ".toml" else None
    usual = retrieval_settings(config) if config else RetrievalSettings(passages=PASSAGES, nodes=NODES)
    passages, nodes = usual.passages if passages is None else passages, usual.nodes if nodes is None else nodes
    settings = replace(usual, passages=passages, nodes=nodes)
    if config is not None and config.is_served:
        return _served(config, query, settings)
    index = Index.load(place if config is None else place_of(config, "index"))
    asked = as_query(query, index.graph)
    if config is None:
        return show_evidence(Retriever(index, settings)(asked), index)
    asked = replace(asked, hide=frozenset(iri for task in config.tasks for iri in task.hide))
    evidence = Retriever(index, settings)(asked)
    return show_evidence(replace(evidence, neighbours=_neighbours(config, index, asked)), index)


def _neighbours(config: Config, index: Index, asked: Query) -> tuple[ScoredExample, ...]:
    """The labelled neighbours of a query, among the training examples of every table of a configuration."""
    from ragmtl.labelled import labelled_sources
    from ragmtl.tables import load_tasks

    most = config.retrieval.neighbours
    sources = labelled_sources(load_tasks(config, index.graph), index.encoder, most) if most else []
    return tuple(one for source in sources if source is not None for one in source.finder.find(asked, most))


def _served(config: Config, query: str, settings: RetrievalSettings) -> Prediction:
    from ragmtl.errors import DataError
    from ragmtl.kg.graph import KnowledgeGraph
    from ragmtl.predict import as_query
    from ragmtl.retrieval.query import Query
    from ragmtl.served import served_retriever
    from ragmtl.showing import show_evidence

    retriever = served_retriever(config, settings=settings)
    if isinstance(retriever.graph, KnowledgeGraph):
        asked = as_query(query, retriever.graph)
    elif not query.strip():
        raise DataError("expected a text or the IRI of an entity, found nothing")
    else:
        asked = Query(entities=(query,)) if _is_iri(query) else Query(text=query)
    evidence = retriever(asked)
    if evidence.within is None:
        raise TypeError("a served retriever says what its evidence refers to")
    return show_evidence(evidence, evidence.within)


def _is_iri(text: str) -> bool:
    return text.startswith(("http://", "https://", "urn:")) and not any(map(str.isspace, text))
