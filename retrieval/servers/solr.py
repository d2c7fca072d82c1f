"""Passages in Solr, by its client `pysolr` (`pip install 'ragmtl[solr]'`).

The names of fields are those of dynamic fields that the default schema of Solr has: nothing needs to be declared before
passages are written. Vectors need a field of a `DenseVectorField` with `similarityFunction="cosine"`, whose score is
(1 + cosine) / 2.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ragmtl.errors import ConfigError
from ragmtl.kg.endpoints.web import credentials
from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.query import readable
from ragmtl.retrieval.servers.asking import Asker, Patience, TroubleError, clipped, of_status
from ragmtl.retrieval.servers.bodies import unreadable
from ragmtl.retrieval.servers.passages import (
    ByEntities,
    ByVector,
    ByWords,
    Counts,
    Fields,
    Hits,
    Question,
    Some,
    Vectors,
    asked_text,
)

FIELDS = Fields("id", "title_txt_en", "text_txt_en", group="group_s", entities="entities_ss")
"""Dynamic fields of the default schema: English text, and texts that are kept as they are."""

_AT_ONCE = 500
_SPECIAL = re.compile(r"[+\-!(){}\[\]^\"~*?:\\/&|<>]")
_OPERATOR = re.compile(r"\b(AND|OR|NOT)\b")
_STATUS = re.compile(r"HTTP (\d{3})\)?:? ?(.*)", re.DOTALL)


class SolrPassages:
    """Passages in a core or collection of Solr.

    Args:
        url: Its address, such as http://localhost:8983/solr/passages; a name and password in it are sent, and shown
            nowhere.
        fields: What the fields are called.
        authorization: The header of this name, for servers that want one.
        patience: How it is asked.

    Raises:
        ConfigError: The client is not installed.
        DataError: It is no http or https address.
    """

    def __init__(
        self,
        url: str,
        fields: Fields = FIELDS,
        *,
        authorization: str = "",
        patience: Patience | None = None,
    ) -> None:
        self.fields = fields if fields.id else replace(fields, id="id")
        address, header = credentials(url, authorization)
        patience = patience or Patience()
        self._client = _client(address.rstrip("/"), header, patience)
        self._asker = Asker(address, patience, [header], _explain)
        self.shown = f"Solr at {self._asker.shown}"
        self.has_vectors, self.has_groups = bool(self.fields.vector), bool(self.fields.group)

    def ask(self, questions: Sequence[Question]) -> list[Hits]:
        """Answers to several questions, a request for each, some at once."""
        return self._asker.each(
            [lambda one=question: self._hits(one) for question in questions],  # type: ignore[misc]
            "the answer to a search",
        )

    def count(self, phrases: Sequence[str]) -> Counts:
        """How many passages there are, and how many hold each phrase (facets by query)."""
        facets = [f"{{!key={place}}}{self._phrase(phrase)}" for place, phrase in enumerate(phrases)]

        def call() -> Counts:
            found = self._client.search("*:*", rows=0, facet="true", **{"facet.query": facets}).raw_response
            try:
                held = found["facet_counts"]["facet_queries"] if phrases else {}
                counts = tuple(int(held[str(place)]) for place in range(len(phrases)))
                return Counts(int(found["response"]["numFound"]), counts)
            except (KeyError, TypeError, ValueError) as error:
                raise unreadable(error) from error

        return self._asker(call, "numbers of passages")

    def push(self, passages: Sequence[Passage], vectors: Vectors | None = None) -> int:
        """Write passages; those of an id that is there are replaced.

        Args:
            passages: What to write.
            vectors: One per passage, where `fields.vector` names a field for them.

        Raises:
            DataError: The server does not take them; what was written until then stays.
        """
        for start in range(0, len(passages), _AT_ONCE):
            documents = [self.fields.document(passage) for passage in passages[start : start + _AT_ONCE]]
            if vectors is not None and self.fields.vector:
                for row, document in enumerate(documents, start):
                    document[self.fields.vector] = [float(number) for number in vectors[row]]
            self._asker(lambda documents=documents: self._client.add(documents), "passages to be written")  # type: ignore[misc]
        self._asker(self._client.commit, "passages to be found")
        return len(passages)

    def _hits(self, question: Question) -> Hits:
        query, parameters = self._query(question)
        shown = ",".join([*self.fields.shown, "score"])
        found = self._client.search(query, rows=question.most, fl=shown, **parameters).raw_response
        try:
            answer = found["response"]
            rows = [(self.fields.passage(dict(one), ""), float(one["score"])) for one in answer["docs"]]
            matches = int(answer["numFound"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise unreadable(error) from error
        scores = tuple(2.0 * score - 1.0 if isinstance(question, ByVector) else score for _, score in rows)
        part = "a part of its shards has answered" if found.get("responseHeader", {}).get("partialResults") else ""
        return Hits(tuple(passage for passage, _ in rows), scores, max(matches, len(rows)), part)

    def _query(self, question: Question) -> tuple[str, dict[str, Any]]:
        """The query and its other parameters."""
        match question:
            case ByWords(text, _, without):
                words = {"defType": "edismax", "qf": " ".join(self.fields.searched), "tie": "1.0", "mm": "1"}
                return plain(asked_text(text)) or "*:*", words | self._excluded(without)
            case ByEntities(entities, _, without):
                parts = [f"({self._speaks(iri, name)})^={weight:.9f}" for iri, name, weight in entities]
                return " OR ".join(parts), self._excluded(without)
            case ByVector(vector, most, without):
                numbers = ",".join(f"{number:.8g}" for number in vector)
                return f"{{!knn f={self.fields.vector} topK={most}}}[{numbers}]", self._excluded(without)
            case Some():
                return "*:*", {"sort": "random_0 asc"}

    def _excluded(self, without: frozenset[str]) -> dict[str, list[str]]:
        """Filters that leave groups out; a passage without a group has its id for one."""
        if not without:
            return {}
        names = " OR ".join(map(quoted, sorted(without)))
        return {"fq": [f"-{field}:({names})" for field in (self.fields.id, self.fields.group) if field]}

    def _speaks(self, iri: str, name: str) -> str:
        return f"{self.fields.entities}:{quoted(iri)}" if self.fields.entities else self._phrase(name)

    def _phrase(self, phrase: str) -> str:
        return " OR ".join(f"{field}:{quoted(readable(phrase))}" for field in self.fields.searched)


def plain(text: str) -> str:
    """A text in which nothing is taken for an operator.

    >>> plain("salt AND pepper (ground?)")
    'salt and pepper ground'
    """
    return " ".join(_OPERATOR.sub(lambda word: word[0].lower(), _SPECIAL.sub(" ", text)).split())


def quoted(text: str) -> str:
    r"""A text in quotation marks.

    >>> print(quoted('5" pipe'))
    "5\" pipe"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _client(url: str, authorization: str, patience: Patience) -> Any:  # noqa: ANN401 - of a package that may be missing
    try:
        import requests
        from pysolr import Solr
    except ImportError:
        raise ConfigError("expected the client of Solr, found none; run `pip install 'ragmtl[solr]'`") from None
    session = requests.Session()
    if authorization:
        session.headers["Authorization"] = authorization
    client = Solr(url, timeout=patience.timeout, session=session)
    client.log = logging.getLogger(f"{__name__}.client")  # its own says the whole request with each error
    client.log.disabled = True
    return client


def _explain(error: Exception) -> TroubleError | None:
    from pysolr import SolrError
    from requests import RequestException

    if isinstance(error, SolrError):
        said = str(error)
        if status := _STATUS.search(said):
            return of_status(int(status[1]), status[2].removeprefix("[Reason: ").removesuffix("]"))
        if "timed out" in said:
            return TroubleError("no answer in time", passes=True)
        if "Failed to connect" in said:
            return TroubleError("no connection", passes=True, advice="check the address, or ask later")
        return TroubleError(clipped(said), passes=True)
    if isinstance(error, RequestException):
        return TroubleError(f"an answer that breaks off ({type(error).__name__})", passes=True)
    if isinstance(error, ValueError):
        return TroubleError("an answer that is no JSON", passes=True, advice="check the address")
    if isinstance(error, AttributeError | TypeError):  # JSON, but no object: the client looks into it
        return TroubleError("an answer that is no object", passes=True, advice="check the address")
    return None
