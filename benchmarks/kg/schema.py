"""Words, hubs, inference and change: how long they take, and whether walks stay near."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.kg.row import Row, lexicon_file, row_of, timed
from ragmtl.kg.changes.infer import RULES, infer
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.labels import Labels
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.walks.hubs import quiet_relations
from ragmtl.kg.walks.walk import k_hop, pagerank

WHOLE = "whole lexicon"
LINE, CLASSES, INSTANCES = 5000, 1000, 100_000


def rows(data: Path | None = None, *, lexicon: KnowledgeGraph | None = None, seeds: int = 50) -> list[Row]:
    """All figures; those of the lexicon are left out where neither its folder nor its graph is given.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lexicon: The graph of that file, where it was read before.
        seeds: How many nodes to start walks from.
    """
    if lexicon is None and data is not None:
        lexicon = read_rdf(lexicon_file(data))
    found = [hierarchy()]
    return found if lexicon is None else [*words(lexicon), *siblings(lexicon, seeds), *changes(lexicon), *found]


def words(graph: KnowledgeGraph) -> list[Row]:
    """Finding the label of every node, and reading them all."""
    parts = (graph.nodes, graph.relations, graph.literals, (graph.outgoing, graph.incoming))
    labels, finding = timed(lambda: Labels.of(*parts, graph.languages, graph.labels.vocabulary))
    texts, reading = timed(lambda: list(labels))
    unnamed = sum(text.startswith("unnamed") for text in texts)
    some = np.random.default_rng(0).choice(len(labels), 1000, replace=False).tolist()
    _, each = timed(lambda: [labels[node] for node in some], 3)
    return [
        row_of("labels", WHOLE, "find", "seconds", finding),
        row_of("labels", WHOLE, "read all", "seconds", reading),
        row_of("labels", WHOLE, "read one", "microseconds", each * 1e6 / len(some)),
        row_of("labels", WHOLE, "stated", "share", float((labels.rows >= 0).mean())),
        row_of("labels", WHOLE, "made of the neighbourhood's words", "share", unnamed / len(texts)),
    ]


def siblings(graph: KnowledgeGraph, seeds: int) -> list[Row]:
    """What of a walk lies beyond two hops of edges that are not quiet: strangers of the same class."""
    generator = np.random.default_rng(0)
    starts = generator.choice(np.unique(graph.heads), seeds, replace=False).tolist()
    quiet, seconds = timed(lambda: quiet_relations(graph))
    found = [row_of("hubs", WHOLE, f"{len(quiet)} quiet relations", "seconds", seconds)]
    for arm, hide in (("all relations", frozenset[int]()), ("without quiet ones", quiet)):
        walked, near = [], []
        for start in starts:
            around = k_hop(graph, [start], hops=4, budget=20_000, hide=quiet).nodes
            nodes, scores = pagerank(graph, [start], [1.0], hide=hide)
            walked.append(float(scores[~np.isin(nodes, around)].sum() / max(scores.sum(), 1e-12)))
            hops = k_hop(graph, [start], hops=2, budget=50, hide=hide).nodes
            near.append(float(np.isin(hops, around).mean()))
        found.append(row_of("hubs", WHOLE, arm, "pagerank_beyond_four_hops", float(np.mean(walked))))
        found.append(row_of("hubs", WHOLE, arm, "near_share_of_two_hops", float(np.mean(near))))
    return found


def changes(graph: KnowledgeGraph) -> list[Row]:
    """One triple added, and its source removed again.

    Raises:
        ValueError: The graph is not the same as before.
    """
    iri = graph.nodes[int(graph.heads[0])]
    changed, adding = timed(lambda: graph.with_changes([("http://x/new", "http://x/p", iri)], source="editor"))
    back, removing = timed(lambda: changed.without_source("editor"))
    if back.digest != graph.digest:
        raise ValueError(f"expected the digest {graph.digest}, found {back.digest}")
    return [
        row_of("change", WHOLE, "add a triple", "seconds", adding),
        row_of("change", WHOLE, "remove its source", "seconds", removing),
    ]


def hierarchy() -> Row:
    """A tree of classes with things in it, a long chain, and an inverse: all rules at once."""
    kind, sub = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "http://www.w3.org/2000/01/rdf-schema#subClassOf"
    triples = [(f"http://x/c{at}", sub, f"http://x/c{(at - 1) // 3}") for at in range(1, CLASSES)]
    triples += [(f"http://x/i{at}", kind, f"http://x/c{at % CLASSES}") for at in range(INSTANCES)]
    triples += [(f"http://x/l{at}", "http://x/next", f"http://x/l{at + 1}") for at in range(LINE)]
    triples += [("http://x/previous", "http://www.w3.org/2002/07/owl#inverseOf", "http://x/next")]
    graph = KnowledgeGraph.from_triples(triples)
    result, seconds = timed(lambda: infer(graph, RULES))
    inferred = sum(count for _, count in result.report.inferred)
    slice_ = f"{len(graph)} stated, {inferred} inferred"
    return row_of("infer", slice_, "all rules", "seconds", seconds, data="tree of classes")
