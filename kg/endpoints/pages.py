"""CONSTRUCT in pages that fit together: what to ask, so that nothing is lost in between.

A template of several triples is asked triple by triple, so that a row makes one triple, and as many rows came as
triples:

    CONSTRUCT { ?s ?p ?o } WHERE { ?s a <C> . ?s ?p ?o } LIMIT 1000 OFFSET 999

Every page begins with the last row of the page before it; where that row does not come again, pages have holes. A
server that gives fewer rows than it was asked for (many have a limit of their own) loses nothing, as the next page
begins where this one ended. The last page brings nothing but that row. At the end the server counts, too.

Servers that answer in an order of their own are asked once more in a given order, page by page a piece of a sub-select
(Virtuoso sorts no more than 10,000 rows without one). It is slower, as all rows are sorted for each page:

    CONSTRUCT { ?s ?p ?o } WHERE { { SELECT DISTINCT ?s ?p ?o WHERE { … } ORDER BY ?s ?p ?o } } LIMIT 1000 OFFSET 999
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragmtl.errors import DataError
from ragmtl.kg.sparql.questions import template_of

_TOKEN = re.compile(
    r"""<[^<>"{}|^`\\\s]*>|\"\"\".*?(?<!\\)\"\"\"|'''.*?(?<!\\)'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*"""
    r"""|[{}]|\w+|\S""",
    re.DOTALL,
)
_BLANK = re.compile(rb"^_:[^\s<\"]+|(?<=[>\s])_:[^\s<\"]+(?=\s*\.$)")
_UNTIDY = re.compile(rb"[ \t\r]\n|\n[ \t\r\n#]|\A[ \t\r\n#]|[ \t\r]\Z")
_FORBIDDEN = re.compile(r'[\x00-\x20<>"{}|\\^`]')


@dataclass(frozen=True, slots=True)
class Part:
    """One triple of a template, that is fetched page by page.

    Attributes:
        triple: Subject, predicate and object, as SPARQL writes them.
        pattern: What must hold, in braces.
        prologue: Prefixes.
        dataset: FROM clauses.
        graph: The named graph that the triples are of; empty for the default graph.
        plain: Whether each row of the pattern surely makes a triple, and no two rows the same one.
    """

    triple: tuple[str, str, str]
    pattern: str
    prologue: str = ""
    dataset: str = ""
    graph: str = ""
    plain: bool = True

    def page(self, size: int, offset: int, *, ordered: bool) -> str:
        """The query for `size` rows from `offset` on."""
        rows = self.pattern if self.plain and not ordered else f"{{ {{ {self._rows(ordered)} }} }}"
        return f"{self._made(' '.join(self.triple))} {rows} LIMIT {size} OFFSET {offset}"

    def count(self, *, distinct: bool) -> str:
        """The query for how many rows there are: one triple, whose object is the number.

        Args:
            distinct: Whether equal rows count once (a default graph that is the union of others may repeat them).
        """
        rows = f"{{ {{ {self._rows(ordered=False)} }} }}" if distinct or not self.plain else self.pattern
        number = f"SELECT (COUNT(*) AS ?rows) WHERE {rows}"
        return f"{self._made('<urn:ragmtl:all> <urn:ragmtl:rows> ?rows')} {{ {{ {number} }} }}"

    def _made(self, template: str) -> str:
        return f"{self.prologue}CONSTRUCT {{ {template} }} {self.dataset} WHERE"

    def _rows(self, ordered: bool) -> str:
        names = " ".join(dict.fromkeys(term for term in self.triple if term.startswith("?")))
        tests = [f"BOUND({name})" for name in names.split()]
        head, link, _ = self.triple
        tests += [f"!isLiteral({head})"] if head.startswith("?") else []
        tests += [f"isIRI({link})"] if link.startswith("?") else []
        test = "" if self.plain else f" FILTER({' && '.join(tests)})"
        order = f" ORDER BY {names}" if ordered else ""
        return f"SELECT DISTINCT {names} WHERE {{ {self.pattern}{test} }}{order}"


def parts_of(classes: tuple[str, ...], predicates: tuple[str, ...], graphs: tuple[str, ...], query: str) -> list[Part]:
    """What to fetch: a query of the user's, or all statements of these classes and predicates.

    Raises:
        DataError: An IRI holds characters that none may hold, or the query is no CONSTRUCT that can be paged.
    """
    for iri in (*classes, *predicates, *graphs):
        if _FORBIDDEN.search(iri) or ":" not in iri:
            raise DataError(f"expected an absolute IRI, found {iri!r}")
    if query and (classes or predicates or graphs):
        raise DataError("expected a query, or classes, predicates and graphs, found both; put them into the query")
    if query:
        return _of_query(query)
    return [
        Part(("?s", link, "?o"), _within(graph, f"{_of_class(one)}?s {link} ?o"), graph=graph)
        for graph in graphs or ("",)
        for one in classes or ("",)
        for link in [f"<{predicate}>" for predicate in predicates] or ["?p"]
    ]


def _of_class(iri: str) -> str:
    return f"?s a <{iri}> . " if iri else ""


def _within(graph: str, pattern: str) -> str:
    return f"{{ GRAPH <{graph}> {{ {pattern} }} }}" if graph else f"{{ {pattern} }}"


def _of_query(query: str) -> list[Part]:
    """Take a CONSTRUCT apart."""
    template = template_of(query)
    tokens = [token for token in _TOKEN.finditer(query) if not token.group().startswith("#")]
    start = next(place for place, token in enumerate(tokens) if token.group().upper() == "CONSTRUCT")
    groups = _groups(tokens[start:])
    *_, last = tokens
    if last.end() != groups[-1][1]:
        found = " ".join(query[groups[-1][1] :].split())[:40]
        raise DataError(
            f"expected CONSTRUCT {{ … }} WHERE {{ … }} and nothing after it, found {found!r}; pages are ours"
        )
    begin = groups[0][1] if len(groups) > 1 else tokens[start].end()
    dataset = re.sub(r"\bWHERE\s*$", "", query[begin : groups[-1][0]], flags=re.IGNORECASE).strip()
    pattern, prologue = query[slice(*groups[-1])], query[: tokens[start].start()]
    return [Part(triple, pattern, prologue, dataset, plain=False) for triple in template]


def _groups(tokens: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Where the outermost groups in braces begin and end."""
    found, depth, start = [], 0, 0
    for token in tokens:
        if token.group() == "{":
            start, depth = (token.start() if depth == 0 else start), depth + 1
        elif token.group() == "}":
            depth -= 1
            if depth == 0:
                found.append((start, token.end()))
    return found


def lines_of(body: bytes, graph: str) -> list[bytes]:
    """The statements of a page of N-Triples; as N-Quads where they are of a named graph."""
    lines = body.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if _UNTIDY.search(body):
        lines = [line for line in map(bytes.strip, lines) if line and not line.startswith(b"#")]
    name = f" <{graph}> .".encode()
    return [line.removesuffix(b".").rstrip() + name for line in lines] if graph else lines


def number_of(body: bytes) -> int | None:
    """The number in the answer to `Part.count`."""
    found = re.search(rb'<urn:ragmtl:rows>\s+"(\d+)"', body)
    return int(found.group(1)) if found else None


def second_blank(lines: list[bytes]) -> int | None:
    """The first line of a page (N-Triples) that names a second blank node; None where there is none."""
    names: set[bytes] = set()
    for place, line in enumerate(lines):
        if b"_:" in line:
            names.update(_BLANK.findall(line))
            if len(names) > 1:
                return place
    return None
