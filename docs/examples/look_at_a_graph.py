"""Look at a graph: what is in it, what is around a node, and how two nodes are connected.

`python docs/examples/look_at_a_graph.py`; in a notebook, `graph` and `near` show themselves, and `near.plot()` draws.
"""

from __future__ import annotations

from ragmtl.kg.looking.find import find_entity
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.walks.paths import relation_paths
from ragmtl.kg.walks.walk import k_hop


def main(source: str = "examples/kitchen/graph") -> None:
    """Print what is there."""
    graph = read_rdf(source)
    print(f"{len(graph.nodes):,} nodes, {len(graph):,} triples; {graph.report}")

    sumac = find_entity(graph, "sumac").node
    near = k_hop(graph, [sumac], hops=1, budget=12)
    print(graph.describe(sumac))
    for head, relation, tail in zip(near.heads, near.relations, near.tails, strict=True):
        names = graph.label(near.nodes[head]), graph.relation_label(relation), graph.label(near.nodes[tail])
        print("  " + " | ".join(names))

    lemon = find_entity(graph, "lemon").node
    for path in relation_paths(graph, sumac, lemon, count=2).paths:
        print(path.line(graph))


if __name__ == "__main__":
    main()
