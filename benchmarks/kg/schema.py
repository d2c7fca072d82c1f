"""Words, hubs, inference and change: how long they take, and whether walks stay near.

`python -m benchmarks.kg.schema --data ../shared/data` prints the rows as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from ragmtl.kg.changes.infer import RULES, infer
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.labels import Labels
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.walks.hubs import quiet_relations
from ragmtl.kg.walks.walk import k_hop, pagerank

Row = dict[str, object]
Made = TypeVar("Made")
LINE, CLASSES, INSTANCES = 5000, 1000, 100_000


def rows(data: Path | None = None, *, lexicon: KnowledgeGraph | None = None, seeds: int = 50) -> list[Row]:
    """All figures; those of the lexicon are left out where neither its folder nor its graph is given.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lexicon: The graph of that file, where it was read before.
        seeds: How many nodes to start walks from.
    """
    if lexicon is None and data is not None:
        lexicon = read_rdf(data / "lexicon" / "oewn.nt.gz")
    found = [hierarchy()]
    return found if lexicon is None else [*words(lexicon), *siblings(lexicon, seeds), *changes(lexicon), *found]


def words(graph: KnowledgeGraph) -> list[Row]:
    """Finding the label of every node, and reading them all."""
    parts = (graph.nodes, graph.relations, graph.literals, (graph.outgoing, graph.incoming))
    labels, seconds = timed(lambda: Labels.of(*parts, graph.languages, graph.labels.vocabulary))
    texts, reading = timed(lambda: list(labels))
    unnamed = sum(text.startswith("unnamed") for text in texts)
    return [
        {"what": "labels: find", "nodes": len(labels), "seconds": seconds},
        {"what": "labels: read all", "seconds": reading, "stated": int((labels.rows >= 0).sum()), "unnamed": unnamed},
    ]


def siblings(graph: KnowledgeGraph, seeds: int) -> list[Row]:
    """What of a walk lies beyond two hops of edges that are not quiet: strangers of the same class."""
    generator = np.random.default_rng(0)
    starts = generator.choice(np.unique(graph.heads), seeds, replace=False).tolist()
    quiet, seconds = timed(lambda: quiet_relations(graph))
    found: list[Row] = [
        {"what": "quiet relations", "names": sorted(graph.relation_label(at) for at in quiet), "seconds": seconds}
    ]
    for name, hide in (("all relations", frozenset[int]()), ("without quiet ones", quiet)):
        walked, near = [], []
        for start in starts:
            around = k_hop(graph, [start], hops=4, budget=20_000, hide=quiet).nodes
            nodes, scores = pagerank(graph, [start], [1.0], hide=hide)
            walked.append(float(scores[~np.isin(nodes, around)].sum() / max(scores.sum(), 1e-12)))
            hops = k_hop(graph, [start], hops=2, budget=50, hide=hide).nodes
            near.append(float(np.isin(hops, around).mean()))
        row = {"pagerank beyond four hops": float(np.mean(walked)), "of 2 hops, 50 nodes, near": float(np.mean(near))}
        found.append({"what": f"walk: {name}", **row})
    return found


def changes(graph: KnowledgeGraph) -> list[Row]:
    """One triple added, and its source removed again."""
    iri = graph.nodes[int(graph.heads[0])]
    changed, adding = timed(lambda: graph.with_changes([("http://x/new", "http://x/p", iri)], source="editor"))
    back, removing = timed(lambda: changed.without_source("editor"))
    return [{"what": "change", "add": adding, "remove source": removing, "same digest": back.digest == graph.digest}]


def hierarchy() -> Row:
    """A tree of classes with things in it, a long chain, and an inverse: all rules at once."""
    kind, sub = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "http://www.w3.org/2000/01/rdf-schema#subClassOf"
    triples = [(f"http://x/c{at}", sub, f"http://x/c{(at - 1) // 3}") for at in range(1, CLASSES)]
    triples += [(f"http://x/i{at}", kind, f"http://x/c{at % CLASSES}") for at in range(INSTANCES)]
    triples += [(f"http://x/l{at}", "http://x/next", f"http://x/l{at + 1}") for at in range(LINE)]
    triples += [("http://x/previous", "http://www.w3.org/2002/07/owl#inverseOf", "http://x/next")]
    graph = KnowledgeGraph.from_triples(triples)
    result, seconds = timed(lambda: infer(graph, RULES))
    return {"what": "infer", "stated": len(graph), "inferred": dict(result.report.inferred), "seconds": seconds}


def timed(make: Callable[[], Made]) -> tuple[Made, float]:
    """What was made, and in how many seconds."""
    start = time.perf_counter()
    made = make()
    return made, round(time.perf_counter() - start, 4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with lexicon/oewn.nt.gz")
    parser.add_argument("--graph", type=Path, help="the lexicon as a saved graph")
    arguments = parser.parse_args()
    opened = KnowledgeGraph.load(arguments.graph) if arguments.graph else None
    print(json.dumps(rows(arguments.data, lexicon=opened), indent=1))
