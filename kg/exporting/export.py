"""A graph as files that other programs read: N-Triples, N-Quads, Turtle, GraphML, and triples for PyKEEN.

Each is written line by line (`ragmtl.kg.exporting.files`). Terms are written as they were
read; characters that no IRI may hold are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from ragmtl.kg.exporting.files import written
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.terms import BLANK

_BAD_IN_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_BAD_IN_TEXT = re.compile(r'[\x00-\x1f"\\\x7f]')
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_BLANK_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_LOCAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOST = "\ufffd"
Write = Callable[[str], object]


def write_ntriples(graph: KnowledgeGraph, path: str | Path) -> int:
    """Write every statement, without the names of graphs, one on each line; gives how many."""
    with written(path) as file:
        return _lines(graph, file.write, named=False)


def write_nquads(graph: KnowledgeGraph, path: str | Path) -> int:
    """Write every statement once for each graph that states it; gives how many lines."""
    with written(path) as file:
        return _lines(graph, file.write, named=True)


def write_full_turtle(graph: KnowledgeGraph, path: str | Path) -> int:
    """Write every statement as Turtle, grouped by subject, without the names of graphs; gives how many."""
    prefixes, count = _prefixes(graph), 0
    with written(path) as file:
        for space, name in prefixes.items():
            file.write(f"@prefix {name}: <{_iri(space)[1:-1]}> .\n")
        relations = [_short(iri, prefixes) for iri in graph.relations]
        for node in range(len(graph.nodes)):
            parts = [
                *(
                    f"{relations[relation]} {_short(graph.nodes[tail], prefixes)}"
                    for relation, tail in _edges(graph, node)
                ),
                *(
                    f"{relations[relation]} {_literal(literal, prefixes)}"
                    for relation, literal in graph.literals_of(node)
                ),
            ]
            if parts:
                file.write(f"\n{_short(graph.nodes[node], prefixes)} " + " ;\n    ".join(parts) + " .\n")
                count += len(parts)
    return count


def write_graphml(graph: KnowledgeGraph, path: str | Path) -> int:
    """Write nodes with label, types and IRI, and edges with label and IRI, as GraphML; gives how many edges.

    Literals are not written, but for labels.
    """
    with written(path) as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for owner, names in (("node", ("label", "types", "iri")), ("edge", ("label", "iri"))):
            for name in names:
                file.write(f'<key id="{owner}_{name}" for="{owner}" attr.name="{name}" attr.type="string"/>\n')
        file.write('<graph id="graph" edgedefault="directed">\n')
        for node in range(len(graph.nodes)):
            types = ", ".join(graph.types(node))
            values = ("label", graph.label(node)), ("types", types), ("iri", graph.nodes[node])
            file.write(f'<node id="n{node}">{_data("node", values)}</node>\n')
        for triple in range(len(graph)):
            head, relation, tail = graph.triple(triple)
            names_of = ("label", graph.relation_label(relation)), ("iri", graph.relations[relation])
            ends = f'source="n{head}" target="n{tail}"'
            file.write(f'<edge id="e{triple}" {ends}>{_data("edge", names_of)}</edge>\n')
        file.write("</graph>\n</graphml>\n")
    return len(graph)


def write_triples(graph: KnowledgeGraph, path: str | Path) -> int:
    """Write head, relation and tail as IRIs with tabs between, as PyKEEN's `TriplesFactory.from_path` reads them.

    Literals are not written. Gives how many triples.
    """
    with written(path) as file:
        relations = [_iri(iri)[1:-1] for iri in graph.relations]
        for triple in range(len(graph)):
            head, relation, tail = graph.triple(triple)
            ends = (_term(graph.nodes[node]).strip("<>") for node in (head, tail))
            file.write(f"\t{relations[relation]}\t".join(ends) + "\n")
    return len(graph)


def _lines(graph: KnowledgeGraph, write: Write, *, named: bool) -> int:
    relations = [_iri(iri) for iri in graph.relations]
    count = 0
    for node in range(len(graph.nodes)):
        head = _term(graph.nodes[node])
        row = graph.outgoing.row(node)
        for place in range(row.start, row.stop):
            relation, tail = int(graph.outgoing.relations[place]), int(graph.outgoing.neighbours[place])
            origins = graph.origins_of(int(graph.outgoing.triples[place])) if named else ()
            line = f"{head} {relations[relation]} {_term(graph.nodes[tail])}"
            count += _line(line, sorted({origin.graph for origin in origins}), write)
        for place in graph.literals.rows(node):
            origins = graph.literal_origins_of(place) if named else ()
            line = f"{head} {relations[int(graph.literals.relation_ids[place])]} {_literal(graph.literals[place])}"
            count += _line(line, sorted({origin.graph for origin in origins}), write)
    return count


def _line(statement: str, graphs: list[str], write: Write) -> int:
    for name in graphs or [""]:
        write(f"{statement} {_term(name)} .\n" if name else f"{statement} .\n")
    return max(len(graphs), 1)


def _edges(graph: KnowledgeGraph, node: int) -> Iterator[tuple[int, int]]:
    row = graph.outgoing.row(node)
    return zip(graph.outgoing.relations[row].tolist(), graph.outgoing.neighbours[row].tolist(), strict=True)


def _term(name: str) -> str:
    if not name.startswith(BLANK):
        return _iri(name)
    label = name.removeprefix(BLANK)
    return name if _BLANK_NAME.fullmatch(label) else f"{BLANK}x{label.encode('utf-8', 'surrogatepass').hex()}"


def _iri(iri: str) -> str:
    return f"<{_BAD_IN_IRI.sub(_numbered, iri)}>"


def _numbered(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04X}"


def _escaped(found: re.Match[str]) -> str:
    return _SHORT.get(found.group()) or _numbered(found)


def _literal(literal: Literal, prefixes: dict[str, str] | None = None) -> str:
    text = '"' + _BAD_IN_TEXT.sub(_escaped, literal.text)
    if literal.language:
        return f'{text}"@{literal.language}'
    return f'{text}"^^{_short(literal.datatype, prefixes or {})}' if literal.datatype else text + '"'


def _short(iri: str, prefixes: dict[str, str]) -> str:
    """`prefix:name` where there is a prefix and Turtle can write the name so."""
    if not iri.startswith(BLANK):
        cut = 1 + max(iri.rfind("/"), iri.rfind("#"))
        if iri[:cut] in prefixes and _LOCAL.fullmatch(iri, cut):
            return f"{prefixes[iri[:cut]]}:{iri[cut:]}"
    return _term(iri)


def _prefixes(graph: KnowledgeGraph) -> dict[str, str]:
    """The prefix of each namespace of relations, datatypes and many nodes: the usual one, else ns1, ns2 and so on."""
    from ragmtl.kg.looking.find import common_namespaces
    from ragmtl.kg.sparql.questions import usual_prefixes

    known = {str(space): name for name, space in usual_prefixes().items()}
    datatypes = {iri[: 1 + max(iri.rfind("/"), iri.rfind("#"))] for iri in graph.literals.datatype_names if iri}
    spaces = sorted({*common_namespaces(graph), *datatypes})
    own = (f"ns{number}" for number in range(1, len(spaces) + 1))
    return {space: known.get(space) or next(own) for space in spaces}


def _data(owner: str, values: tuple[tuple[str, str], ...]) -> str:
    shown = ((name, escape(_NOT_IN_XML.sub(_LOST, text))) for name, text in values if text)
    return "".join(f'<data key="{owner}_{name}">{text}</data>' for name, text in shown)
