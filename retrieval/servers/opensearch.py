"""Passages in OpenSearch, by its official client (`pip install 'ragmtl[opensearch]'`).

Vectors are searched by a `knn` query (engine `lucene`, `cosinesimil`), whose score is (1 + cosine) / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ragmtl.errors import ConfigError
from ragmtl.kg.endpoints.web import credentials
from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.servers.asking import Asker, Patience, TroubleError, of_status
from ragmtl.retrieval.servers.bodies import (
    SIMILARITY,
    Body,
    actions,
    answers_of,
    check_bulk,
    count_body,
    counts_of,
    excluded,
    hits_of,
    properties,
    search_body,
)
from ragmtl.retrieval.servers.passages import ByVector, Counts, Fields, Hits, Question, Vectors

_AT_ONCE = 500


class OpenSearchPassages:
    """Passages in an index of OpenSearch.

    Args:
        url: Address of the server; a name and password in it are sent, and shown nowhere.
        index: Name of the index.
        fields: What the fields are called.
        authorization: The header of this name, for servers that want one.
        patience: How it is asked.
        analyzer: How texts become words, in an index that `push` makes.

    Raises:
        ConfigError: The client is not installed.
        DataError: It is no http or https address.
    """

    def __init__(
        self,
        url: str,
        index: str,
        fields: Fields | None = None,
        *,
        authorization: str = "",
        patience: Patience | None = None,
        analyzer: str = "english",
    ) -> None:
        patience, self.fields = patience or Patience(), fields or Fields()
        address, header = credentials(url, authorization)
        self._client = _client(address, header, patience)
        self._index, self._analyzer = index, analyzer
        self._asker = Asker(f"{address.rstrip('/')}/{index}", patience, [header], _explain)
        self.shown = f"OpenSearch at {self._asker.shown}"
        self.has_vectors, self.has_groups = bool(self.fields.vector), bool(self.fields.group)

    def ask(self, questions: Sequence[Question]) -> list[Hits]:
        """Answers to several questions, in one request (`_msearch`)."""
        searches: list[Body] = [part for question in questions for part in ({}, self._body(question))]

        def call() -> list[Hits]:
            answers = answers_of(self._client.msearch(body=searches, index=self._index), len(questions))
            return [self._hits(*pair) for pair in zip(questions, answers, strict=True)]

        return self._asker(call, "the answer to a search") if questions else []

    def count(self, phrases: Sequence[str]) -> Counts:
        """How many passages there are, and how many hold each phrase (an aggregation of filters)."""
        body = count_body(phrases, self.fields)
        return self._asker(
            lambda: counts_of(self._client.search(index=self._index, body=body), phrases), "numbers of passages"
        )

    def push(self, passages: Sequence[Passage], vectors: Vectors | None = None) -> int:
        """Write passages; those of an id that is there are replaced. The index is made where there is none.

        Args:
            passages: What to write.
            vectors: One per passage, where `fields.vector` names a field for them.

        Raises:
            DataError: The server does not take them; what was written until then stays.
        """
        self._asker(lambda: self._create(vectors), "an index to write into")
        for start in range(0, len(passages), _AT_ONCE):
            part = None if vectors is None else vectors[start : start + _AT_ONCE].tolist()
            lines = actions(passages[start : start + _AT_ONCE], self.fields, part)
            self._asker(
                lambda lines=lines: check_bulk(self._client.bulk(index=self._index, body=lines)),  # type: ignore[misc]
                "passages to be written",
            )
        self._asker(lambda: self._client.indices.refresh(index=self._index), "passages to be found")
        return len(passages)

    def _create(self, vectors: Vectors | None) -> None:
        if self._client.indices.exists(index=self._index):
            return
        kinds, index = properties(self.fields, self._analyzer), Body(similarity=SIMILARITY)
        if vectors is not None and self.fields.vector:
            method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
            kinds[self.fields.vector] = {"type": "knn_vector", "dimension": vectors.shape[1], "method": method}
            index |= {"knn": True}
        body = {"settings": {"index": index}, "mappings": {"properties": kinds}}
        self._client.indices.create(index=self._index, body=body)

    def _body(self, question: Question) -> Body:
        if not isinstance(question, ByVector):
            return search_body(question, self.fields)
        knn: Body = {"vector": list(question.vector), "k": question.most}
        if question.without:
            knn["filter"] = {"bool": excluded(question.without, self.fields)}
        query = {"knn": {self.fields.vector: knn}}
        return {"query": query, "size": question.most, "_source": self.fields.shown, "track_total_hits": True}

    def _hits(self, question: Question, answer: Body) -> Hits:
        hits = hits_of(answer, self.fields)
        if isinstance(question, ByVector):
            hits = replace(hits, scores=tuple(2.0 * score - 1.0 for score in hits.scores))
        return hits


def _client(url: str, authorization: str, patience: Patience) -> Any:  # noqa: ANN401 - of a package that may be missing
    try:
        from opensearchpy import OpenSearch
    except ImportError:
        raise ConfigError(
            "expected the client of OpenSearch, found none; run `pip install 'ragmtl[opensearch]'`"
        ) from None
    return OpenSearch(
        [url],
        headers={"authorization": authorization} if authorization else None,
        timeout=patience.timeout,
        max_retries=0,
        retry_on_timeout=False,
        pool_maxsize=patience.at_once,
    )


def _explain(error: Exception) -> TroubleError | None:
    from opensearchpy.exceptions import ConnectionError as NoConnectionError
    from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, SerializationError, TransportError

    match error:
        case ConnectionTimeout():
            return TroubleError("no answer in time", passes=True)
        case NoConnectionError():
            cause = type(error.info).__name__
            return TroubleError(f"no connection ({cause})", passes=True, advice="check the address, or ask later")
        case TransportError() if isinstance(error.status_code, int):
            return of_status(error.status_code, _said(error.info) or str(error.error))
        case SerializationError():
            return TroubleError("an answer that is no JSON", passes=True, advice="check the address")
        case OpenSearchException():
            return TroubleError(f"no answer ({type(error).__name__})", passes=True)
    return None


def _said(body: object) -> str:
    """What the body of an error says."""
    error = body.get("error", body) if isinstance(body, dict) else body
    return str(error.get("reason", error) if isinstance(error, dict) else error)
