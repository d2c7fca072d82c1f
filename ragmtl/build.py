"""From a configuration to an index, encoders, and what retrieves; models are made in `fresh.py` and `sizes.py`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from ragmtl.compare import EvidenceKind
from ragmtl.config import Config
from ragmtl.endpoints import endpoints_beside, refuse_served_passages, refuse_servers
from ragmtl.errors import MismatchError
from ragmtl.graphs import read_graph, vocabulary_of
from ragmtl.models.encoders.tuned import TunedEncoder
from ragmtl.retrieval.controls import NoRetrieval, RandomPassages, shuffle_graph, shuffle_links
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.files.arrays import AGAIN
from ragmtl.retrieval.hybrid import Retriever, Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import read_titled
from ragmtl.retrieval.passages.learned_fusion import fusion_file
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.routes.scorer import learned_folder
from ragmtl.retrieval.servers.local import read_without_graph
from ragmtl.retrieving import named_model, retrieval_settings
from ragmtl.texts import tuned_reader, with_tokens

Watch = Callable[[str], Progress]
"""Gives a progress bar for a piece of work, by its name."""


def unwatched(name: str) -> Progress:
    """Progress that nobody looks at."""
    return no_progress


def encoder_for(config: Config, cache: Path) -> Encoder:
    """The frozen text encoder, with vectors kept in a folder."""
    return CachedEncoder(load_encoder(named_model(config, config.encoder.name), half=_half(config)), cache)


def _half(config: Config) -> bool:
    return config.encoder.precision == "bfloat16"


def reader_for(config: Config, index: Index, learned: TunedEncoder | None = None) -> Encoder:
    """What makes the vectors of texts that a model reads; they are kept beside the index.

    Args:
        config: Names the encoder, and says whether it learns with the model.
        index: The index; where its encoder is the same network, that is not loaded again.
        learned: The encoder of a trained model, where it learned; to train one, its tokens are read as well.

    Raises:
        ConfigError: The encoder cannot learn, or cannot be found.
    """
    kept = vectors_beside(index.directory)
    if learned is not None:
        return CachedEncoder(tuned_reader(config, learned), kept)
    name, searching = named_model(config, config.encoder.name), index.encoder
    same = searching.inside() if isinstance(searching, CachedEncoder) and searching.name == name else None
    encoder = same or load_encoder(name, inside=True, half=_half(config))
    return with_tokens(config, CachedEncoder(encoder, kept))


def build_index(config: Config, folder: str | Path, watch: Watch = unwatched) -> Index:
    """Read graph and corpus, and index them; vectors are kept beside the index.

    Raises:
        DataError, ConfigError: Graph or corpus cannot be read, or the passages are on a server.
    """
    refuse_served_passages(config)
    path = config.resolve(config.corpus.path)
    encoder = encoder_for(config, vectors_beside(folder))
    if config.graph.server is not None:
        away, corpus = read_without_graph(path)
        return Index.build(away, corpus, encoder, folder, watch("encoding passages"))
    if not config.graph.sources and not config.graph.endpoints:
        titles, corpus = read_titled(path, watch("linking passages"))
        return Index.build(titles, corpus, encoder, folder, watch("encoding passages"))
    graph = read_graph(config, _statements(watch("reading the graph")), endpoints_beside(folder))
    corpus = Corpus.read(path, graph, progress=watch("linking passages"))
    return Index.build(graph, corpus, encoder, folder, watch("encoding passages"))


def _statements(progress: Progress) -> Callable[[str, int], None]:
    """Progress of reading RDF, whose length is not known before its end."""
    return lambda _, statements: progress(statements, statements)


def open_index(config: Config, folder: str | Path) -> Index:
    """Open an index, and see that it is of this configuration's encoder and words, and of unchanged files.

    Raises:
        ConfigError: Its graph or passages are on a server.
        MismatchError: It is not; the message says to run `ragmtl index`.
    """
    refuse_servers(config)
    index = Index.load(folder, encoder=encoder_for(config, vectors_beside(folder)), check_sources=True)
    graph = index.graph
    rules = {rule for rule, _ in graph.report.inferred}
    found = (list(graph.languages), graph.labels.vocabulary, rules)
    if found != (config.graph.languages, vocabulary_of(config), set(config.graph.infer)):
        raise MismatchError(
            f"expected languages and labels and rules of inference as in [graph] of the configuration, found others in "
            f"the index in {folder}; {AGAIN}"
        )
    return index


def evidence_index(index: Index, kind: EvidenceKind, seed: int, folder: Path, watch: Watch = unwatched) -> Index:
    """The index that an arm retrieves from: the true one, or one of a shuffled graph, built in `folder` once."""
    if kind != "shuffled-graph":
        return index
    if not (folder / "manifest.json").exists():
        graph = shuffle_graph(index.graph, seed)
        corpus = shuffle_links(index.corpus, seed)
        Index.build(graph, corpus, index.encoder, folder, watch("encoding passages"))
    carry_learned(index.directory, folder)
    return Index.load(folder, encoder=index.encoder)


def carry_learned(source: Path, target: Path) -> None:
    """Copy what was learned for an index beside another one of the same relations and encoder."""
    if learned_folder(source).is_dir():
        shutil.copytree(learned_folder(source), learned_folder(target), dirs_exist_ok=True)
    if fusion_file(source).is_file():
        shutil.copy(fusion_file(source), fusion_file(target))


def retriever_for(
    config: Config, index: Index, kind: EvidenceKind, targets: Int64[np.ndarray, " target"], seed: int
) -> Retrieves:
    """What finds the evidence of an arm."""
    retriever = Retriever(index, retrieval_settings(config), targets)
    match kind:
        case "none":
            return NoRetrieval()
        case "random-passages":
            return RandomPassages(retriever, seed)
        case "retrieved" | "shuffled-graph":
            return retriever
