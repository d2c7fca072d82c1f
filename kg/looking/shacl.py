"""Whether a graph has the shape that somebody wants it to have: SHACL, by `pyshacl`.

    report = validate(graph, "shapes.ttl")      # needs the extra: pip install 'ragmtl[shacl]'
    print(report)

The graph is not copied: the library reads it through our store. Nothing is fetched: shapes are read like any RDF, what
they import (owl:imports) is not followed, and queries in them may ask nothing but the graph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.files import Sources
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.terms import BLANK
from ragmtl.kg.vocabulary import OWL, TYPE
from ragmtl.kg.wording import local_name, shorten

SH = "http://www.w3.org/ns/shacl#"
_QUERIES = frozenset(SH + name for name in ("select", "ask", "construct", "update"))
_REACHING_OUT = re.compile(r"\b(SERVICE|FROM|LOAD)\b", re.IGNORECASE)
_COMMENTS_AND_TEXTS = re.compile(r"<[^<>\s]*>|\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*")
_SEVERITIES = ("violation", "warning", "info")
_LONGEST = 60

_Rows = Mapping[str, Mapping[str, list[str]]]
"""Objects by subject and predicate."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as a shape wants it.

    Attributes:
        shape: Name of the shape, with the path that it speaks of: "Film → director".
        severity: "violation", "warning" or "info".
        node: IRI of the node that was looked at.
        label: Its label.
        value: What is wrong, where it is one value.
        message: What the shape, or the library, says.
    """

    shape: str
    severity: str
    node: str
    label: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class ShapesReport:
    """What `validate` found.

    Attributes:
        conforms: Whether there is no violation; warnings do not count.
        counts: Shape, severity, and how often, the most frequent first.
        examples: Some of each shape, the worst shapes first.
        notes: What was not looked at.
    """

    conforms: bool
    counts: tuple[tuple[str, str, int], ...]
    examples: tuple[Violation, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = ["the graph conforms to the shapes" if self.conforms else "the graph does not conform to the shapes"]
        for shape, severity, count in self.counts:
            lines.append(f"{count:,} × {severity}: {shape}")
            found = (one for one in self.examples if (one.shape, one.severity) == (shape, severity))
            for one in found:
                value = f" has {one.value!r}" if one.value else ""
                lines.append(f"    {one.label} ({one.node}){value}: {one.message}")
        return "\n".join((*lines, *self.notes))


def validate(graph: KnowledgeGraph, shapes: Sources, *, examples: int = 3, nested: int = 30) -> ShapesReport:
    """Compare a graph with shapes. Also what `ragmtl kg info --shapes shapes.ttl` calls: print the report as text.

    Args:
        graph: What is looked at.
        shapes: RDF files with SHACL shapes, in any format that `read_rdf` reads.
        examples: How many of each shape are kept.
        nested: How deep shapes may refer to each other.

    Raises:
        ConfigError: `pyshacl` is not installed.
        DataError: The shapes cannot be read, are none, or ask for what is not in the graph (SERVICE, FROM).
    """
    if find_spec("pyshacl") is None:
        raise ConfigError("expected pyshacl for SHACL, found it missing; run `pip install 'ragmtl[shacl]'`")
    wanted = read_rdf(shapes)
    notes = _checked(wanted)
    library: Any = import_module("pyshacl")
    ours = wanted.to_rdflib(dataset=False)
    try:
        conforms, results, text = library.validate(
            graph.to_rdflib(dataset=False, view=True),
            shacl_graph=ours,
            do_owl_imports=False,
            allow_warnings=True,
            max_validation_depth=nested,
        )
    except Exception as error:  # the library raises all kinds of errors at malformed shapes
        raise DataError(f"expected SHACL shapes, found: {shorten(str(error) or type(error).__name__, 300)}") from error
    if isinstance(results, Exception):
        raise DataError(f"expected SHACL shapes, found: {shorten(str(results) or text, 300)}")
    found = list(_violations(graph, _rows(results), _names(_rows(ours))))
    return _report(bool(conforms), found, examples, notes)


def _checked(shapes: KnowledgeGraph) -> tuple[str, ...]:
    """Notes on the shapes.

    Raises:
        DataError: There is none, or one has a query that reaches out.
    """
    kinds = {SH + name for name in ("NodeShape", "PropertyShape")}
    found = {shapes.nodes[tail] for tail in set(shapes.tails.tolist())} & kinds
    if not found and not any(iri.startswith(SH) for iri in shapes.relations):
        raise DataError("expected SHACL shapes, found RDF that does not speak of sh:NodeShape or any sh: relation")
    for row, relation in enumerate(shapes.literals.relation_ids.tolist()):
        query = shapes.literals.texts[row]
        if shapes.relations[relation] in _QUERIES and _REACHING_OUT.search(_COMMENTS_AND_TEXTS.sub(" ", query)):
            raise DataError(f"expected queries over the graph only, found {shorten(query, _LONGEST)!r} in a shape")
    if shapes.relations.find(OWL + "imports") is None:
        return ()
    return ("the shapes import others (owl:imports), which were not read: give all files",)


def _rows(graph: Iterable[tuple[Any, Any, Any]]) -> _Rows:
    rows: dict[str, dict[str, list[str]]] = {}
    for head, relation, tail in graph:
        rows.setdefault(str(head), {}).setdefault(str(relation), []).append(str(tail))
    return rows


def _names(shapes: _Rows) -> dict[str, str]:
    """A name for each shape; for one that is part of another, the name of that one."""
    owners: dict[str, str] = {}
    for shape, rows in sorted(shapes.items()):
        for part in rows.get(SH + "property", ()):
            owners.setdefault(part, shape)
    return {shape: _name(shape, owners) for shape in shapes}


def _name(shape: str, owners: Mapping[str, str]) -> str:
    seen = {shape}
    while ":" not in shape and shape in owners and owners[shape] not in seen:
        shape = owners[shape]
        seen.add(shape)
    return local_name(shape) if ":" in shape else "unnamed shape"


def _violations(graph: KnowledgeGraph, results: _Rows, names: Mapping[str, str]) -> Iterable[Violation]:
    for _, rows in sorted(results.items()):
        if SH + "ValidationResult" not in rows.get(TYPE, ()):
            continue
        shape = names.get(_one(rows, "sourceShape"), "unnamed shape")
        path = _one(rows, "resultPath")
        node = _one(rows, "focusNode")
        yield Violation(
            shape=f"{shape} → {local_name(path)}" if ":" in path else shape,
            severity=_one(rows, "resultSeverity").removeprefix(SH).lower(),
            node=node,
            label=_label(graph, node),
            value=shorten(_one(rows, "value"), _LONGEST),
            message=shorten("; ".join(sorted(rows.get(SH + "resultMessage", ()))), 2 * _LONGEST),
        )


def _label(graph: KnowledgeGraph, node: str) -> str:
    found = graph.nodes.find(node if ":" in node else BLANK + node)
    return local_name(node) if found is None else graph.label(found)


def _one(rows: Mapping[str, list[str]], name: str) -> str:
    return min(rows.get(SH + name, ()), default="")


def _report(conforms: bool, found: list[Violation], examples: int, notes: tuple[str, ...]) -> ShapesReport:
    counts = Counter((one.shape, one.severity) for one in found)
    severities = {name: rank for rank, name in enumerate(_SEVERITIES)}

    def worst(key: tuple[str, str]) -> tuple[int, int, str]:
        return severities.get(key[1], 0), -counts[key], key[0]

    kept: list[Violation] = []
    for key in sorted(counts, key=worst):
        rows = (one for one in found if (one.shape, one.severity) == key)
        kept += sorted(rows, key=lambda one: (one.node, one.value, one.message))[:examples]
    table = tuple((*key, counts[key]) for key in sorted(counts, key=worst))
    return ShapesReport(conforms, table, tuple(kept), notes)
