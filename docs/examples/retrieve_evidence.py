"""Retrieve: which passages and which part of the graph speak to a text, and why; no model is needed.

`python docs/examples/retrieve_evidence.py`; in a notebook, `evidence` shows itself, and `evidence.plot()` draws.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.encoders.encoder import load_encoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings


def main(folder: Path, kitchen: Path = Path("examples/kitchen"), encoder: str = "hashing") -> None:
    """Index the kitchen, and ask it."""
    graph = read_rdf(kitchen / "graph")
    corpus = Corpus.read(kitchen / "passages.jsonl", graph)
    index = Index.build(graph, corpus, load_encoder(encoder), folder / "index")  # "minilm" finds by meaning, too
    retriever = Retriever(index, RetrievalSettings(passages=3, nodes=10))

    evidence = retriever(Query(text="Yoghurt with sumac and olive oil on flatbread"))
    for mention in evidence.mentions:
        print(f"{evidence.query.text[mention.start : mention.end]!r} is {graph.label(mention.node)}")
    for found in evidence.passages:
        print(f"{found.score:.2f}  {corpus.titles[found.passage]}: {found.reason}")
    for node, reason in zip(evidence.subgraph.nodes, evidence.reasons, strict=True):
        print(f"{graph.label(node)}: {reason}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
