"""A graph out of a corpus alone, where there is no RDF: titles are the entities, and texts mention them.

    graph, corpus = read_titled("passages.jsonl")

Passages of one title are about one entity (parts of a document). An entity is also known by the name with which the
text of its passage begins, "Theodore Dwight Woolsey" in "Theodore Dwight Woolsey (1801 – 1889) was an academic", where
the title is mostly in it ("Theodore Woolsey"), and by its title before a comma, where this is a name of two words or
more. The text of a passage that names another entity links to it, and
so does the entity that the passage is about: `<urn:ragmtl:title:A> <urn:ragmtl:mentions> <urn:ragmtl:title:B>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.names import unqualified
from ragmtl.retrieval.linking.tokens import STOP_WORDS, words_of
from ragmtl.retrieval.progress import Progress

TITLE, MENTIONS = "urn:ragmtl:title:", "urn:ragmtl:mentions"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_ALTERNATIVE = "http://www.w3.org/2004/02/skos/core#altLabel"
_SOURCE, _RELATIONS = "titles", {MENTIONS, _LABEL, _ALTERNATIVE}
_LEAD = re.compile(r"^[\"'“\s]*(\w[^(),;:.\"“”]{2,80}?)\s*(?:\(|,|[\"”]| is | was | are | were )")
_SHORTEST, _LONGEST = 2, 7
"""How many words a name may have that is not a whole title: one alone would fit too much."""


def read_titled(path: str | Path, progress: Progress | None = None) -> tuple[KnowledgeGraph, Corpus]:
    """Read a corpus, and make the graph of its titles.

    Args:
        path: A table or a folder of texts, as `Corpus.read` takes them; entities that rows name are not looked at.
        progress: Called as passages are linked.

    Raises:
        DataError: The corpus cannot be read, or no passage has a title.
    """
    from ragmtl.retrieval.files.passages import read_passages

    passages, sources = read_passages(path)
    graph, linked = titles_graph(passages, progress)
    return graph, Corpus.of(linked, graph, link=False, sources=sources)


def titles_graph(passages: Sequence[Passage], progress: Progress | None = None) -> tuple[KnowledgeGraph, list[Passage]]:
    """The graph of the titles of some passages, and the passages with links into it.

    Raises:
        DataError: No passage has a title, or one holds half of a surrogate pair.
    """
    names = list(_names(passages))
    if not names:
        raise DataError(
            "expected titles of passages, of which a graph can be made where there is no RDF, found none; fill in "
            "`title`, or name RDF in [graph] sources"
        )
    bare = KnowledgeGraph.from_triples(names, source=_SOURCE)
    found = Linker.build(bare, [passage.text for passage in passages]).link_many(
        (passage.text for passage in passages), progress
    )
    linked, triples = [], list[tuple[str, str, str | Literal]](names)
    for passage, mentions in zip(passages, found, strict=True):
        own = [_iri(passage.title)] if passage.title.strip() else []
        others = [iri for mention in mentions if (iri := bare.nodes[mention.node]) not in own]
        linked.append(replace(passage, entities=tuple(dict.fromkeys((*own, *others)))))
        triples += [(head, MENTIONS, tail) for head in own for tail in others]
    return KnowledgeGraph.from_triples(triples, source=_SOURCE), linked


def is_titled(graph: KnowledgeGraph) -> bool:
    """Whether a graph was made of titles."""
    return {origin.source for origin in graph.origins} == {_SOURCE} and set(graph.relations) <= _RELATIONS


def _iri(title: str) -> str:
    try:
        return TITLE + quote(title.strip())
    except UnicodeEncodeError as error:
        raise DataError(f"expected Unicode text, found half of a surrogate pair in {title!r}; remove it") from error


def _names(passages: Sequence[Passage]) -> Iterator[tuple[str, str, Literal]]:
    """What the title of each passage is called."""
    for passage in passages:
        if not passage.title.strip():
            continue
        iri = _iri(passage.title)
        yield iri, _LABEL, Literal(passage.title.strip())
        for name in _other_names(passage.title.strip(), passage.text):
            yield iri, _ALTERNATIVE, Literal(name)


def _other_names(title: str, text: str) -> Iterator[str]:
    """The name with which a text begins, where it holds half of the title; a title before its comma, if in capitals."""
    words = set(words_of(unqualified(title)))
    lead = _LEAD.match(text)
    if lead and 2 * len(words & set(words_of(lead[1]))) >= len(words) and _fits(lead[1]) and lead[1] != title:
        yield lead[1].strip()
    first, comma, _ = title.partition(",")
    content = [word for word in first.split() if word.casefold() not in STOP_WORDS]
    if comma and _fits(first) and all(word[:1].isupper() for word in content):
        yield first.strip()


def _fits(name: str) -> bool:
    return _SHORTEST <= len(words_of(name)) <= _LONGEST
