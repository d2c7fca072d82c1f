"""What passages are about: the entity whose name is the title."""

from __future__ import annotations

from collections.abc import Sequence

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.linking.names import unqualified
from ragmtl.retrieval.linking.tokens import words_of


def about_of(graph: KnowledgeGraph, titles: Sequence[str], links: Sequence[Sequence[int]]) -> list[int]:
    """For each passage the first node that has its title as a name, with or without brackets; -1 for none."""
    known: dict[int, set[tuple[str, ...]]] = {}
    about = []
    for title, nodes in zip(titles, links, strict=True):
        wanted = tuple(words_of(title))
        for node in nodes if wanted else ():
            if node not in known:
                forms = {form for name in graph.names(node) for form in (name, unqualified(name))}
                known[node] = {tuple(words_of(form)) for form in forms}
        about.append(next((node for node in nodes if wanted in known[node]), -1) if wanted else -1)
    return about
