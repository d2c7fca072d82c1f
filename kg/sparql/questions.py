"""SPARQL as text, on its way to be answered: parsed, understood, and refused where it would do more than read.

Refused are updates (LOAD among them), SERVICE unless it is allowed, and FROM with a graph that is not there. What is no
SPARQL becomes one error with line and column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pyparsing import ParseException
from rdflib import BNode, Graph, URIRef, Variable
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery, parseUpdate
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.plugins.sparql.sparql import Query

from ragmtl.errors import DataError
from ragmtl.kg.vocabulary import DBPEDIA, ONTOLEX, WIKIBASE, WIKIDATA, XL

Names = frozenset[str]

_LONGEST = 1_000_000  # characters


def translated(question: str, prefixes: Mapping[str, Any]) -> Query:
    """Parse a query.

    Raises:
        DataError: It is none; the message has line, column and the place.
    """
    if len(question) > _LONGEST:
        raise DataError(
            f"expected a query of at most {_LONGEST:,} characters, found {len(question):,}; make it shorter"
        )
    try:
        parsed = parseQuery(question)
    except ParseException as error:
        raise _syntax_error(question, error) from error
    except RecursionError as error:
        raise DataError("expected a SPARQL query, found brackets nested too deeply") from error
    except Exception as error:
        raise DataError(f"expected a SPARQL query, found one that cannot be read: {error}") from error
    try:
        translated = translateQuery(parsed, None, prefixes)
    except Exception as error:  # the library raises plain exceptions
        raise DataError(f"expected a SPARQL query that makes sense, found: {error}") from error
    if translated.algebra.name == "SelectQuery" and not parsed[1].projection:  # the library shuffles them
        translated.algebra.PV.sort(key=lambda name: min(question.find(sign + name) % _LONGEST for sign in "?$"))
    return translated


def _syntax_error(question: str, error: ParseException) -> DataError:
    if _is_update(question):
        found = "an update; updates, LOAD among them, are refused"
        return DataError(f"expected a question (SELECT, ASK, CONSTRUCT or DESCRIBE), found {found}")
    line = "".join(question.split("\n")[error.lineno - 1 :][:1])
    found = line[max(error.column - 1, 0) :].strip()
    shown = repr(found if len(found) <= 60 else found[:59] + "…") if found else "its end"
    return DataError(f"expected a SPARQL query, found {shown} at line {error.lineno}, column {error.column}")


def _is_update(question: str) -> bool:
    try:
        return bool(parseUpdate(question).request)
    except Exception:  # the library raises all kinds of errors
        return False


def refuse(parsed: Query, allow: Collection[str]) -> None:
    """Refuse what would reach out of the graph.

    Raises:
        DataError: There is a SERVICE that is not allowed, or not one of the web.
    """
    if unknown := set(allow) - {"service"}:
        raise DataError(f"expected allow to hold 'service' or nothing, found {sorted(unknown)[0]!r}")
    for part in _parts(parsed.algebra):
        if part.name == "ServiceGraphPattern":
            _refuse_service(part.term, allow)


def _refuse_service(address: object, allow: Collection[str]) -> None:
    if "service" not in allow:
        found = f"<{address}>" if isinstance(address, URIRef) else "a variable"
        raise DataError(f"expected a query of this graph only, found SERVICE {found}; allow it by name: 'service'")
    if not isinstance(address, URIRef) or not address.lower().startswith(("http://", "https://")):
        raise DataError(f"expected SERVICE with an http or https address in <>, found {address!s}")


def graphs(parsed: Query, there: Collection[str]) -> tuple[Names | None, Names | None]:
    """Names of the graphs that FROM and FROM NAMED ask for; None where a query has no such clause.

    Args:
        parsed: The query.
        there: Names of the graphs that exist.

    Raises:
        DataError: One of them is not in the graph.
    """
    clauses = parsed.algebra.datasetClause
    if not clauses:
        return None, None
    default = frozenset(str(clause.default) for clause in clauses if clause.default)
    named = frozenset(str(clause.named) for clause in clauses if clause.named)
    if missing := sorted((default | named) - set(there)):
        some = ", ".join(sorted(name for name in there if name)[:3]) or "only a default graph"
        raise DataError(
            f"expected FROM with a named graph of this graph ({some}), found {missing[0]}; nothing is fetched"
        )
    return default, named


def _parts(value: Any) -> Iterator[CompValue]:  # noqa: ANN401 -- the algebra is made of all kinds of things
    """All parts of an algebra."""
    stack, seen = [value], set()
    while stack:
        part = stack.pop()
        if isinstance(part, str) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, CompValue):
            yield part
        if isinstance(part, Mapping):
            stack.extend(part.values())
        elif isinstance(part, Iterable):
            stack.extend(part)


def usual_prefixes() -> dict[str, Any]:
    """The prefixes that everybody uses: rdf, rdfs, owl, xsd, skos, foaf, dbo, wdt, ontolex …."""
    return dict(Graph(bind_namespaces="rdflib").namespaces()) | {name: URIRef(iri) for name, iri in _MORE.items()}


_MORE = {
    "dbo": DBPEDIA,
    "dbr": "http://dbpedia.org/resource/",
    "ontolex": ONTOLEX,
    "skosxl": XL,
    "wd": "http://www.wikidata.org/entity/",
    "wdt": WIKIDATA,
    "wikibase": WIKIBASE,
}


def template_of(question: str) -> list[tuple[str, str, str]]:
    """The triples that a CONSTRUCT makes, as SPARQL writes them.

    Raises:
        DataError: It is no CONSTRUCT, or one whose triples have no variable, or a blank node.
    """
    parsed = translated(question, {})
    if parsed.algebra.name != "ConstructQuery":
        raise DataError(f"expected a CONSTRUCT query, found {parsed.algebra.name.removesuffix('Query').upper()}")
    triples = [tuple(triple) for triple in parsed.algebra.template or parsed.algebra.p.p.triples]
    for triple in triples:
        if not any(isinstance(term, Variable) for term in triple):
            raise DataError("expected a variable in each triple of the template, found one without; it has no pages")
        if any(isinstance(term, BNode) for term in triple):
            raise DataError("expected a template without blank nodes, found one; each page would name it anew")
    return [(head.n3(), link.n3(), tail.n3()) for head, link, tail in triples]
