"""The vectors of a ranking's items, for other programs: an index of FAISS, and which item is in which row of it.

items.faiss   vectors, for inner products: alike are items that the same queries want
items.tsv     row, IRI, name
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.models.heads.ranking import RankingHead
from ragmtl.run import Run

INDEX, NAMES = "items.faiss", "items.tsv"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written where."""

    task: str
    items: int
    dim: int
    out: Path


def export_items(run: Run, out: Path, task: str | None = None) -> Exported:
    """Write the vectors of the items of a ranking, and their names.

    Args:
        run: A trained run.
        out: A folder; it is made where it is not there.
        task: Which ranking, where the run has several.

    Raises:
        DataError: The run has no such ranking, or several and none was named.
    """
    import faiss

    heads = {name: run.model.head(name) for name in run.answers}
    rankings = {name: head for name, head in heads.items() if isinstance(head, RankingHead)}
    name = task or (next(iter(rankings)) if len(rankings) == 1 else None)
    if name not in rankings:
        found = "none was named" if task is None else f"found {task!r}"
        raise DataError(f"expected a ranking task, one of: {', '.join(rankings) or '(this run has none)'}; {found}")
    vectors = rankings[name].item_matrix().detach().float().cpu().contiguous().numpy()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    out.mkdir(parents=True, exist_ok=True)
    faiss.write_index(index, str(out / INDEX))
    graph, lines = run.index.graph, ["row\titem\tname"]
    for row, iri in enumerate(run.answers[name]):
        node = graph.nodes.find(iri)
        label = iri if node is None else graph.label(node)
        lines.append(f"{row}\t{iri}\t{' '.join(label.split())}")
    (out / NAMES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Exported(name, len(vectors), vectors.shape[1], out)
