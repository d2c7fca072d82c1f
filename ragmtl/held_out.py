"""Writing a graph without the edges that are to be predicted, and the table of all edges of their relations."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ragmtl.kg.exporting.export import write_ntriples
from ragmtl.kg.exporting.files import written
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.holdout import hold_out
from ragmtl.tasks.link import COLUMNS


def write_held_out(
    graph: KnowledgeGraph, relations: Sequence[str], folder: Path, *, share: float, unseen: float, seed: int
) -> dict[str, int]:
    """Write `graph.nt` and `edges.tsv`; gives the number of edges in each part, of copies, and of unseen heads.

    Raises:
        DataError: As `hold_out`.
    """
    held = hold_out(graph, relations, share=share, unseen=unseen, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_ntriples(held.graph, folder / "graph.nt")
    with written(folder / "edges.tsv") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((edge.head, edge.relation, edge.tail, edge.part) for edge in held.edges)
    counts = {part: sum(edge.part == part for edge in held.edges) for part in ("train", "valid", "test")}
    return counts | {"copies": held.copies, "unseen": held.unseen}
