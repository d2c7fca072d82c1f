"""From [retrieval] of the configuration to the settings of a retriever."""

from __future__ import annotations

from ragmtl.config import Config
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights


def named_model(config: Config, name: str) -> str:
    """The name of a model: a folder, as seen from the configuration or from here, is given whole."""
    if name and config.resolve(name).is_dir():
        return str(config.resolve(name).absolute())
    return name


def retrieval_settings(config: Config) -> RetrievalSettings:
    """How the retriever works."""
    chosen = config.retrieval
    weights = {"bm25": 0.0, "tfidf": 0.0, "dense": 0.0, "graph": 0.0} | {str(k): v for k, v in chosen.weights.items()}
    return RetrievalSettings(
        passages=chosen.passages,
        nodes=chosen.nodes,
        walk=chosen.walk,
        hops=chosen.hops,
        hubs=chosen.hubs,
        weights=SourceWeights(**weights),
        triples=chosen.triples,
        tokens=chosen.tokens,
        linking=chosen.linking,
        fusion=chosen.fusion,
        graph_passages=chosen.graph_passages,
        candidates=chosen.candidates,
        rerank=named_model(config, chosen.rerank),
        reranked=chosen.reranked,
        rerank_weight=chosen.rerank_weight,
    )
