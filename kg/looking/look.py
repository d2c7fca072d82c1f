"""A look at a graph: what is in it, and what in it looks wrong.

Everything is counted on the arrays, texts as bytes; a few examples of each are written out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, Integer

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.looking.encodings import MISREAD, REPLACED, matching
from ragmtl.kg.looking.stats import (
    ClassCount,
    Degrees,
    RelationStats,
    class_counts,
    degree_statistics,
    relation_statistics,
)
from ragmtl.kg.looking.twins import twins
from ragmtl.kg.terms import BLANK, Strings
from ragmtl.kg.vocabulary import OWL, RDF, RDFS, SKOS
from ragmtl.kg.walks.components import components
from ragmtl.kg.wording import shorten

LARGE = 10_000
"""From how many bytes on a literal is very large."""
EXAMPLES = 3
_SHOWN = 80

_IRI = re.compile(r"(?:https?|urn|ftp)[:][^\s<>\"]+")
_NUMBER, _ZONE = rb"[+-]?(\d+(\.\d*)?|\.\d+)", rb"(Z|[+-]\d\d:\d\d)?"
_MONTH, _DAY = rb"(0[1-9]|1[0-2])", rb"(0[1-9]|[12]\d|3[01])"
_DATE, _TIME = rb"-?\d{4,}-" + _MONTH + b"-" + _DAY, rb"([01]\d|2[0-4]):[0-5]\d:[0-5]\d(\.\d+)?"
XSD = "http://www.w3.org/2001/XMLSchema#"
_FORMS = {
    "boolean": re.compile(rb"true|false|0|1"),
    **dict.fromkeys(("integer", "long", "int", "short", "byte"), re.compile(rb"[+-]?\d+")),
    **dict.fromkeys(("nonNegativeInteger", "unsignedInt", "unsignedLong"), re.compile(rb"\+?\d+|-0+")),
    "positiveInteger": re.compile(rb"\+?0*[1-9]\d*"),
    "decimal": re.compile(_NUMBER),
    "double": re.compile(_NUMBER + rb"([eE][+-]?\d+)?|[+-]?INF|NaN"),
    "float": re.compile(_NUMBER + rb"([eE][+-]?\d+)?|[+-]?INF|NaN"),
    "date": re.compile(_DATE + _ZONE),
    "time": re.compile(_TIME + _ZONE),
    "dateTime": re.compile(_DATE + b"T" + _TIME + _ZONE),
    "gYear": re.compile(rb"-?\d{4,}" + _ZONE),
    "gYearMonth": re.compile(rb"-?\d{4,}-" + _MONTH + _ZONE),
}
_SPACE = np.zeros(256, np.bool_)
_SPACE[list(b" \t\r\n\x0b\x0c")] = True


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that is often a mistake.

    Attributes:
        kind: A short name of it.
        count: How often it was found.
        meaning: What it is, and what to do.
        examples: Some of them.
    """

    kind: str
    count: int
    meaning: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is in a graph.

    Attributes:
        nodes: How many nodes there are; `blank` of them have no IRI.
        labelled: How many nodes have a label that the graph states, of those with an IRI.
        relations, classes: Each with how it is used, the most used first.
        datatypes, languages: Literals by datatype (empty: plain text) and by language.
        degrees: Figures about degrees.
        components, largest: How many parts the graph falls into, and the nodes of the largest.
        origins: Statements by file and named graph; those of several origins count for the first.
        suspicions: What looks wrong, in a fixed order; only what was found.
    """

    nodes: int
    blank: int
    labelled: int
    relations: tuple[RelationStats, ...]
    classes: tuple[ClassCount, ...]
    datatypes: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]
    degrees: Degrees
    components: int
    largest: int
    origins: tuple[tuple[str, str, int], ...]
    suspicions: tuple[Suspicion, ...]


def look(graph: KnowledgeGraph) -> Look:
    """Count what is in a graph."""
    literals, parts = graph.literals, components(graph)
    blank = _blank(graph)
    relations = sorted(relation_statistics(graph), key=lambda one: (-one.triples - one.literals, one.relation))
    return Look(
        nodes=len(graph.nodes),
        blank=int(blank.sum()),
        labelled=int((np.asarray(graph.labels.rows >= 0) & ~blank).sum()),
        relations=tuple(relations),
        classes=tuple(class_counts(graph)),
        datatypes=_by_name(literals.datatypes[literals.languages == 0], literals.datatype_names),
        languages=_by_name(literals.languages, literals.language_names),
        degrees=degree_statistics(graph),
        components=len(parts),
        largest=int(parts.sizes[0]),
        origins=_origins(graph),
        suspicions=tuple(suspicions(graph)),
    )


def suspicions(graph: KnowledgeGraph) -> Iterator[Suspicion]:
    """What looks wrong in a graph; only what was found."""
    checks = (
        _entities_as_literals,
        _dangling,
        _mojibake,
        _lost_letters,
        _two_spellings,
        _alike_relations,
        _two_uses,
        _ill_typed,
        _spaces,
        _large,
    )
    for check in checks:
        found = check(graph)
        if found.count:
            yield found


def _blank(graph: KnowledgeGraph) -> Bool[np.ndarray, " nodes"]:
    """Which nodes are blank; IRIs are sorted, so they stand together."""
    first = _place(graph, BLANK)
    blank = np.zeros(len(graph.nodes), np.bool_)
    blank[first : _place(graph, BLANK + "\U0010ffff")] = True
    return blank


def _place(graph: KnowledgeGraph, text: str) -> int:
    return bisect_left(range(len(graph.nodes)), text.encode(), key=graph.nodes.strings.encoded)


def _by_name(ids: Integer[np.ndarray, " rows"], names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(ids, minlength=len(names))
    return tuple((names[place], int(counts[place])) for place in np.lexsort((np.arange(len(names)), -counts)))


def _origins(graph: KnowledgeGraph) -> tuple[tuple[str, str, int], ...]:
    count = len(graph.origins)
    rows = np.bincount(graph.origin_ids, minlength=count) + np.bincount(graph.literals.origin_ids, minlength=count)
    return tuple((origin.source, origin.graph, int(rows[place])) for place, origin in enumerate(graph.origins))


def _entities_as_literals(graph: KnowledgeGraph) -> Suspicion:
    texts = graph.literals.texts
    rows = [row for row in _iri_rows(texts).tolist() if graph.nodes.find(texts[row]) is not None]
    meaning = "literals that are the IRI of a node; written as <IRI> they would be edges"
    return Suspicion("IRIs as text", len(rows), meaning, _statements(graph, rows))


def _iri_rows(texts: Strings) -> Int64[np.ndarray, " rows"]:
    """Texts that look like an IRI."""
    starts, ends = texts.offsets[:-1], texts.offsets[1:]
    if not len(texts.blob):
        return np.zeros(0, np.int64)
    at = np.minimum(starts + 4, len(texts.blob) - 1)
    likely = (ends - starts > 4) & ((texts.blob[at] == ord(":")) | (texts.blob[at] == ord("s")))
    likely |= (ends - starts > 4) & (texts.blob[np.minimum(starts + 3, len(texts.blob) - 1)] == ord(":"))
    rows = [row for row in np.flatnonzero(likely).tolist() if _IRI.fullmatch(texts[row])]
    return np.array(rows, np.int64)


def _dangling(graph: KnowledgeGraph) -> Suspicion:
    silent = (np.diff(graph.outgoing.indptr) == 0) & (np.diff(graph.literals.indptr) == 0) & ~_blank(graph)
    for space in (RDF, RDFS, OWL, SKOS):
        silent[_place(graph, space) : _place(graph, space + "\U0010ffff")] = False
    nodes = np.flatnonzero(silent)
    spaces: dict[str, list[int]] = defaultdict(list)
    for node in nodes.tolist():
        spaces[_space_of(graph.nodes[node])].append(node)
    largest = sorted(spaces.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:EXAMPLES]
    examples = (f"{len(some):,} in {space or '(none)'}, such as {graph.nodes[some[0]]}" for space, some in largest)
    meaning = "nodes that are used but never described; perhaps a file is missing, or an IRI is misspelt"
    return Suspicion("dangling IRIs", len(nodes), meaning, tuple(examples))


def _space_of(iri: str) -> str:
    return iri[: 1 + max(iri.rfind("/"), iri.rfind("#"))]


def _mojibake(graph: KnowledgeGraph) -> Suspicion:
    rows, nodes = matching(graph.literals.texts, MISREAD), matching(graph.nodes.strings, MISREAD)
    meaning = "literals and IRIs in UTF-8 that was read as Latin-1 (Ã© for é); read the source with the right encoding"
    examples = (*_statements(graph, rows), *(graph.nodes[node] for node in _some(nodes)))
    return Suspicion("mixed encodings", len(rows) + len(nodes), meaning, examples[:EXAMPLES])


def _lost_letters(graph: KnowledgeGraph) -> Suspicion:
    rows = matching(graph.literals.texts, REPLACED)
    meaning = "literals with the replacement character \ufffd: letters were lost before this file was written"
    return Suspicion("lost letters", len(rows), meaning, _statements(graph, rows))


def _two_spellings(graph: KnowledgeGraph) -> Suspicion:
    groups = twins(graph)
    meaning = "IRIs that differ in %-escapes or in http and https only; they are two nodes"
    examples = (" and ".join(graph.nodes[node] for node in nodes[:EXAMPLES]) for nodes in groups[:EXAMPLES])
    return Suspicion("one thing, two IRIs", len(groups), meaning, tuple(examples))


def _alike_relations(graph: KnowledgeGraph) -> Suspicion:
    groups: dict[str, list[str]] = defaultdict(list)
    for iri in graph.relations:
        groups[re.sub(r"[^a-z0-9]", "", re.split(r"[/#]", iri)[-1].lower())].append(iri)
    alike = [iris for name, iris in groups.items() if name and len(iris) > 1]
    meaning = "relations whose names differ in namespace, case or punctuation only; perhaps they mean the same"
    return Suspicion("alike relations", len(alike), meaning, tuple(", ".join(iris) for iris in alike[:EXAMPLES]))


def _two_uses(graph: KnowledgeGraph) -> Suspicion:
    used = np.isin(np.arange(len(graph.relations)), graph.relation_ids)
    both = np.flatnonzero(used & np.isin(np.arange(len(graph.relations)), graph.literals.relation_ids))
    meaning = "relations that lead to nodes here and to literals there; names in quotes are no links"
    return Suspicion(
        "relations of two uses", len(both), meaning, tuple(map(graph.relations.__getitem__, _some(both.tolist())))
    )


def _ill_typed(graph: KnowledgeGraph) -> Suspicion:
    """Literals that are not written as their datatype asks."""
    rows: list[int] = []
    for number, iri in enumerate(graph.literals.datatype_names):
        if (form := _FORMS.get(iri.removeprefix(XSD))) is not None and iri.startswith(XSD):
            typed = np.flatnonzero(graph.literals.datatypes == number).tolist()
            rows += [row for row in typed if not form.fullmatch(graph.literals.texts.encoded(row).strip())]
    meaning = "literals that are not written as their datatype asks; SPARQL cannot compare them"
    return Suspicion("ill-typed literals", len(rows), meaning, _statements(graph, sorted(rows)))


def _spaces(graph: KnowledgeGraph) -> Suspicion:
    literals = graph.literals
    naming = np.zeros(len(graph.relations), np.bool_)
    naming[[*graph.labels.view.roles.labels, *graph.labels.view.roles.forms]] = True
    rows = np.flatnonzero(naming[literals.relation_ids])
    starts, ends = literals.texts.offsets[rows].astype(np.int64), literals.texts.offsets[rows + 1].astype(np.int64)
    full = ends > starts
    rows, starts, ends = rows[full], starts[full], ends[full]
    outside = _SPACE[literals.texts.blob[starts]] | _SPACE[literals.texts.blob[ends - 1]]
    double = np.isin(rows, list(matching(literals.texts, re.compile(rb"[ \t\r\n]{2}|[\t\r\n]"))))
    found = rows[outside | double]
    meaning = "labels with white space around them, twice in a row, or with line breaks; it is passed over here"
    return Suspicion("white space in labels", len(found), meaning, _statements(graph, found.tolist()))


def _large(graph: KnowledgeGraph) -> Suspicion:
    offsets = graph.literals.texts.offsets
    sizes = offsets[1:].astype(np.int64) - offsets[:-1]
    rows = np.flatnonzero(sizes >= LARGE)
    rows = rows[np.argsort(-sizes[rows], kind="stable")]
    examples = (f"{sizes[row]:,} bytes: {_statement(graph, row)}" for row in rows[:EXAMPLES].tolist())
    meaning = f"literals of {LARGE:,} bytes or more; whole documents are better kept as passages"
    return Suspicion("very large literals", len(rows), meaning, tuple(examples))


def _some(ids: Iterable[int]) -> list[int]:
    return [int(one) for one, _ in zip(ids, range(EXAMPLES), strict=False)]


def _statements(graph: KnowledgeGraph, rows: Iterable[int]) -> tuple[str, ...]:
    return tuple(_statement(graph, row) for row in _some(rows))


def _statement(graph: KnowledgeGraph, row: int) -> str:
    literal, node = graph.literals[row], graph.nodes[int(graph.literals.nodes[row])]
    relation = graph.relation_label(int(graph.literals.relation_ids[row]))
    return f"{node} {relation} {shorten(repr(literal.text[:1000]), _SHOWN)}"
