"""RDF in; integers, neighbourhoods and subgraphs out.

The names below load their modules on first use: importing this package does no work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragmtl.kg.bridge.store import GraphStore
    from ragmtl.kg.endpoints.endpoint import Endpoint
    from ragmtl.kg.exporting.write import to_networkx, to_rdflib, write_turtle
    from ragmtl.kg.graph import (
        Adjacency,
        Further,
        KnowledgeGraph,
        Literal,
        Literals,
        Origin,
        Report,
        Source,
        Strings,
        Terms,
    )
    from ragmtl.kg.parsing.read import read_rdf
    from ragmtl.kg.sparql.query import Answer
    from ragmtl.kg.subgraph import Subgraph
    from ragmtl.kg.vocabulary import Vocabulary
    from ragmtl.kg.walks.hubs import hub_nodes, quiet_relations
    from ragmtl.kg.walks.walk import cut, k_hop, k_hops, pagerank, pageranks

_MODULES = {
    "endpoints.endpoint": ("Endpoint",),
    "graph": (
        "Adjacency",
        "Further",
        "KnowledgeGraph",
        "Literal",
        "Literals",
        "Origin",
        "Report",
        "Source",
        "Strings",
        "Terms",
    ),
    "walks.hubs": ("hub_nodes", "quiet_relations"),
    "sparql.query": ("Answer",),
    "bridge.store": ("GraphStore",),
    "parsing.read": ("read_rdf",),
    "subgraph": ("Subgraph",),
    "vocabulary": ("Vocabulary",),
    "walks.walk": ("cut", "k_hop", "k_hops", "pagerank", "pageranks"),
    "exporting.write": ("to_networkx", "to_rdflib", "write_turtle"),
}

__all__ = [
    "Adjacency",
    "Answer",
    "Endpoint",
    "Further",
    "GraphStore",
    "KnowledgeGraph",
    "Literal",
    "Literals",
    "Origin",
    "Report",
    "Source",
    "Strings",
    "Subgraph",
    "Terms",
    "Vocabulary",
    "cut",
    "hub_nodes",
    "k_hop",
    "k_hops",
    "pagerank",
    "pageranks",
    "quiet_relations",
    "read_rdf",
    "to_networkx",
    "to_rdflib",
    "write_turtle",
]


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"ragmtl.kg.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
