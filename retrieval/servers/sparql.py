"""A graph behind a SPARQL endpoint, asked for what one query needs: by CONSTRUCT, for many nodes in one request.

Of each node at most some edges of each direction are asked for. Where a node has more, it is asked which relations it
has there, and for some edges of each of these: so a hub is met, but neither all of it is fetched nor is it shown by one
relation only. How an endpoint is asked, and asked again, stands in `ragmtl.kg.endpoints.web`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ragmtl.errors import DataError
from ragmtl.kg.endpoints.web import Client, Manners
from ragmtl.kg.literals import Literal, Triple
from ragmtl.kg.parsing.iri import is_iri, is_language
from ragmtl.kg.parsing.ntriples import read_line
from ragmtl.kg.terms import BLANK
from ragmtl.kg.vocabulary import USUAL, Vocabulary
from ragmtl.retrieval.servers.asking import Patience

Statements: TypeAlias = list[Triple]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAMES, _NODES, _DESCRIBED = 300, 20, 150
"""How many names and nodes one request asks for."""
_MOST, _LOOKED_AT = 2000, 20_000
"""The most names that come in one answer; of how many edges of a hub the relations are looked at."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is around some nodes.

    Attributes:
        statements: Triples and literals.
        edges: How many edges those nodes have of which not all came, as far as they were counted.
    """

    statements: Statements
    edges: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Width:
    """How much is asked of one node.

    Attributes:
        edges: Edges of each direction.
        per_relation: Edges of each relation, of a node with more.
        relations: Relations of each direction, of a node with more.
    """

    edges: int = 64
    per_relation: int = 16
    relations: int = 24


class SparqlGraph:
    """A graph behind an endpoint.

    Args:
        url: Address for queries; a name and password in it are sent, and shown nowhere.
        languages: In which names are looked up and texts are read, beside texts without a language.
        vocabulary: The relations that name, describe and class things.
        graphs: IRIs of named graphs to ask; the endpoint's default graph where empty.
        width: How much is asked of one node.
        authorization: The header of this name, for servers that want one.
        patience: How it is asked.

    Raises:
        DataError: It is no http or https address, or an IRI or language is none.
    """

    def __init__(
        self,
        url: str,
        *,
        languages: Sequence[str] = ("en",),
        vocabulary: Vocabulary = USUAL,
        graphs: Sequence[str] = (),
        width: Width | None = None,
        authorization: str = "",
        patience: Patience | None = None,
    ) -> None:
        patience = patience or Patience()
        manners = Manners(patience.attempts, patience.timeout, sleep=patience.sleep)
        self._client = Client(url, authorization, manners)
        self.shown = f"SPARQL at {self._client.shown}"
        for tag in languages:
            if not is_language(tag):
                raise DataError(f"expected language tags such as 'en', found {tag!r}", self._client.shown)
        for iri in graphs:
            _iri(iri)
        self.languages, self.vocabulary = tuple(languages), vocabulary
        self._from = "".join(f" FROM {_iri(iri)}" for iri in graphs)
        self._width = width or Width()
        self._at_once = patience.at_once

    def named(self, names: Sequence[str]) -> Statements:
        """Statements that give a node one of these names.

        Raises:
            DataError: The endpoint does not answer.
        """
        literals = [
            _literal(name) + tag for name in names for tag in ("", *(f"@{language}" for language in self.languages))
        ]
        roles = ", ".join(map(_iri, (*self.vocabulary.labels, *self.vocabulary.alternatives)))
        queries = [
            self._construct(
                f"VALUES ?o {{ {' '.join(literals[start : start + _NAMES])} }} ?s ?p ?o FILTER(?p IN ({roles}))", _MOST
            )
            for start in range(0, len(literals), _NAMES)
        ]
        return self._ask(queries)

    def around(self, iris: Sequence[str], hide: frozenset[str] = frozenset()) -> Around:
        """Triples and literals of nodes, both ways, but of hidden relations; of hubs some of each relation.

        Raises:
            DataError: The endpoint does not answer.
        """
        nodes = [iri for iri in dict.fromkeys(iris) if is_iri(iri)]
        unseen = f" FILTER(?p NOT IN ({', '.join(_iri(iri) for iri in sorted(hide) if is_iri(iri))}))" if hide else ""
        blocks = [self._edges(node, out, unseen, self._width.edges) for node in nodes for out in (True, False)]
        found = self._ask(self._unions(blocks))
        edges: dict[str, int] = {}
        for out in (True, False):
            hubs = self._hubs(found, nodes, out=out)
            counted = self._counted(hubs, unseen, out=out)
            blocks = [self._edges(node, out, "", self._width.per_relation, relation) for node, relation, _ in counted]
            found += self._ask(self._unions(blocks))
            for node, _, count in counted:
                edges[node] = edges.get(node, 0) + int(count.text if isinstance(count, Literal) else 0)
        return Around(found, edges)

    def described(self, iris: Sequence[str]) -> Statements:
        """Names, descriptions and types of nodes, in the languages that are read; in any, where there are none.

        Raises:
            DataError: The endpoint does not answer.
        """
        nodes = [iri for iri in dict.fromkeys(iris) if is_iri(iri)]
        roles = self.vocabulary
        every = (*roles.labels, *roles.alternatives, *roles.descriptions, *roles.types)
        found = self._ask(self._values(nodes, every, self._readable))
        labelled = {head for head, link, _ in found if link in roles.labels}
        bare = [node for node in nodes if node not in labelled]
        return [*found, *self._ask(self._values(bare, roles.labels, "isLiteral(?o)"))] if bare else found

    @property
    def _readable(self) -> str:
        texts = " || ".join(f'LANGMATCHES(LANG(?o), "{tag}")' for tag in self.languages)
        return f'(isIRI(?o) || LANG(?o) = ""{" || " if texts else ""}{texts})'

    def _values(self, nodes: Sequence[str], roles: Sequence[str], test: str) -> list[str]:
        links = ", ".join(map(_iri, roles))
        return [
            self._construct(
                f"VALUES ?s {{ {' '.join(map(_iri, nodes[start : start + _DESCRIBED]))} }} ?s ?p ?o "
                f"FILTER(?p IN ({links}) && {test})"
            )
            for start in range(0, len(nodes), _DESCRIBED)
        ]

    def _hubs(self, found: Statements, nodes: Sequence[str], *, out: bool) -> list[str]:
        """Nodes of which maybe not all edges of a direction came."""
        counts = Counter(head if out else tail for head, _, tail in found)
        return [node for node in nodes if counts[node] >= self._width.edges]

    def _counted(self, hubs: Sequence[str], unseen: str, *, out: bool) -> Statements:
        """The relations of hubs and how many edges each has: (hub, relation, number)."""
        blocks = []
        for node in map(_iri, hubs):
            edge = f"{node} ?p ?end" if out else f"?end ?p {node}"
            some = f"SELECT ?p WHERE {{ {edge} FILTER(isIRI(?end)){unseen} }} LIMIT {_LOOKED_AT}"
            blocks.append(
                f"{{ SELECT ?s ?p (COUNT(*) AS ?o) WHERE {{ VALUES ?s {{ {node} }} {{ {some} }} }} "
                f"GROUP BY ?s ?p ORDER BY DESC(?o) LIMIT {self._width.relations} }}"
            )
        return self._ask(self._unions(blocks))

    def _edges(self, node: str, out: bool, unseen: str, most: int, relation: str | None = None) -> str:
        """A sub-select for some edges of a node, one way."""
        link = "" if relation is None else f" VALUES ?p {{ {_iri(relation)} }}"
        if out:
            pattern = f"VALUES ?s {{ {_iri(node)} }}{link} ?s ?p ?o FILTER({self._readable}){unseen}"
        else:
            pattern = f"VALUES ?o {{ {_iri(node)} }}{link} ?s ?p ?o FILTER(isIRI(?s)){unseen}"
        return f"{{ SELECT ?s ?p ?o WHERE {{ {pattern} }} LIMIT {most} }}"

    def _unions(self, blocks: Sequence[str]) -> list[str]:
        at_once = 2 * _NODES
        parts = [blocks[start : start + at_once] for start in range(0, len(blocks), at_once)]
        return [self._construct(" UNION ".join(part)) for part in parts]

    def _construct(self, pattern: str, most: int | None = None) -> str:
        limit = "" if most is None else f" LIMIT {most}"
        return f"CONSTRUCT {{ ?s ?p ?o }}{self._from} WHERE {{ {pattern} }}{limit}"

    def _ask(self, queries: Sequence[str]) -> Statements:
        if not queries:
            return []
        if len(queries) == 1:
            return self._once(queries[0])
        with ThreadPoolExecutor(min(len(queries), self._at_once)) as pool:
            return [statement for part in pool.map(self._once, queries) for statement in part]

    def _once(self, query: str) -> Statements:
        body = self._client.ask(query)
        try:
            lines = body.decode().split("\n")
        except UnicodeDecodeError as error:
            raise DataError("expected N-Triples, found bytes that are no UTF-8", self._client.shown) from error
        place = Path(self._client.shown)
        found = (read_line(line.rstrip("\r"), place, number, quads=False) for number, line in enumerate(lines, 1))
        rows = ((row[0], row[1], row[2]) for row in found if row is not None)
        return [
            (head, link, tail if isinstance(tail, str) else Literal(*tail))
            for head, link, tail in rows
            if not head.startswith(BLANK) and not (isinstance(tail, str) and tail.startswith(BLANK))
        ]


def _iri(iri: str) -> str:
    """An IRI as SPARQL writes it.

    Raises:
        DataError: It is none.
    """
    if not is_iri(iri):
        raise DataError(f"expected an absolute IRI, found {iri!r}")
    return f"<{iri}>"


def _literal(text: str) -> str:
    r"""A text as SPARQL writes it.

    >>> print(_literal('a "word"'))
    "a \"word\""
    """
    text = _CONTROL.sub(" ", text.encode("utf-8", "replace").decode())
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"')):
        text = text.replace(plain, escaped)
    return f'"{text}"'
