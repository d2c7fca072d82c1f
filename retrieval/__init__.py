"""A query in; a subgraph and passages out, with a score and a reason for each.

The names below load their modules on first use: importing this package does no work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragmtl.retrieval.controls import NoRetrieval, RandomPassages, shuffle_graph, shuffle_links
    from ragmtl.retrieval.corpus import Corpus, Passage
    from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
    from ragmtl.retrieval.evidence import Evidence, Mention, NodeScores, ScoredPassage
    from ragmtl.retrieval.hybrid import Retriever, Retrieves
    from ragmtl.retrieval.index import Index
    from ragmtl.retrieval.quality.evaluate import Judged, judge
    from ragmtl.retrieval.quality.questions import Question, read_questions
    from ragmtl.retrieval.query import Query
    from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights
    from ragmtl.retrieval.update import UpdateReport, update_index

_MODULES = {
    "controls": ("NoRetrieval", "RandomPassages", "shuffle_graph", "shuffle_links"),
    "corpus": ("Corpus", "Passage"),
    "encoders.encoder": ("CachedEncoder", "Encoder", "load_encoder"),
    "quality.evaluate": ("Judged", "judge"),
    "evidence": ("Evidence", "Mention", "NodeScores", "ScoredPassage"),
    "hybrid": ("Retriever", "Retrieves"),
    "index": ("Index",),
    "query": ("Query",),
    "quality.questions": ("Question", "read_questions"),
    "settings": ("RetrievalSettings", "SourceWeights"),
    "update": ("UpdateReport", "update_index"),
}

__all__ = [
    "CachedEncoder",
    "Corpus",
    "Encoder",
    "Evidence",
    "Index",
    "Judged",
    "Mention",
    "NoRetrieval",
    "NodeScores",
    "Passage",
    "Query",
    "Question",
    "RandomPassages",
    "RetrievalSettings",
    "Retriever",
    "Retrieves",
    "ScoredPassage",
    "SourceWeights",
    "UpdateReport",
    "judge",
    "load_encoder",
    "read_questions",
    "shuffle_graph",
    "shuffle_links",
    "update_index",
]


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"ragmtl.retrieval.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
