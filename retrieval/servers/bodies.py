"""What Elasticsearch and OpenSearch have in common: bodies of requests as JSON, and what their answers say.

Groups are excluded by the server, so that as many passages come as were asked for. Scores of words are its BM25, with
all fields as one (`cross_fields`: a word that is rare in titles only is not rare); those of entities are the weights of
the entities that a passage speaks of, summed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.query import readable
from ragmtl.retrieval.servers.asking import TroubleError, clipped, of_status
from ragmtl.retrieval.servers.passages import ByEntities, ByWords, Counts, Fields, Hits, Some, asked_text

Body: TypeAlias = dict[str, Any]

SIMILARITY: Body = {"default": {"type": "BM25", "k1": 1.5, "b": 0.75}}
"""BM25 with the numbers that `ragmtl.retrieval.passages.words` has."""


def search_body(question: ByWords | ByEntities | Some, fields: Fields) -> Body:
    """The body of a search."""
    match question:
        case ByWords(text, most, without):
            words = {"query": asked_text(text), "fields": fields.searched, "type": "cross_fields", "operator": "or"}
            query: Body = {"bool": {"must": [{"multi_match": words}], **excluded(without, fields)}}
        case ByEntities(entities, most, without):
            should = [
                {"constant_score": {"filter": _speaks(iri, name, fields), "boost": weight}}
                for iri, name, weight in entities
            ]
            query = {"bool": {"should": should, "minimum_should_match": 1, **excluded(without, fields)}}
        case Some(most):
            query = {"function_score": {"query": {"match_all": {}}, "random_score": {"seed": 0, "field": "_seq_no"}}}
    return {"query": query, "size": most, "_source": fields.shown, "track_total_hits": True}


def excluded(without: frozenset[str], fields: Fields) -> Body:
    """The part of a bool query that leaves groups out; a passage without a group has its id for one."""
    if not without:
        return {}
    names = sorted(without)
    own = {"terms": {fields.id: names}} if fields.id else {"ids": {"values": names}}
    return {"must_not": [own, *([{"terms": {fields.group: names}}] if fields.group else [])]}


def count_body(phrases: Sequence[str], fields: Fields) -> Body:
    """The body of a search that counts all passages, and those with each phrase."""
    filters = {str(place): phrase_in(phrase, fields) for place, phrase in enumerate(phrases)}
    body: Body = {"size": 0, "track_total_hits": True, "query": {"match_all": {}}}
    return body | ({"aggs": {"held": {"filters": {"filters": filters}}}} if filters else {})


def phrase_in(phrase: str, fields: Fields) -> Body:
    """A query for passages that hold a phrase in a field."""
    return {"multi_match": {"query": readable(phrase), "fields": fields.searched, "type": "phrase"}}


def _speaks(iri: str, name: str, fields: Fields) -> Body:
    return {"term": {fields.entities: iri}} if fields.entities else phrase_in(name, fields)


def hits_of(answer: object, fields: Fields) -> Hits:
    """The passages in the answer to a search.

    Raises:
        TroubleError: It is none.
    """
    try:
        found = _checked(answer)
        rows = [
            (fields.passage(dict(hit["_source"]), str(hit["_id"])), float(hit["_score"] or 0.0))
            for hit in found["hits"]["hits"]
        ]
        matches = int(found["hits"]["total"]["value"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(error) from error
    return Hits(tuple(p for p, _ in rows), tuple(s for _, s in rows), max(matches, len(rows)), _part(found))


def counts_of(answer: object, phrases: Sequence[str]) -> Counts:
    """The counts in the answer to `count_body`.

    Raises:
        TroubleError: It is none.
    """
    try:
        found = _checked(answer)
        buckets = found["aggregations"]["held"]["buckets"] if phrases else {}
        held = tuple(int(buckets[str(place)]["doc_count"]) for place in range(len(phrases)))
        return Counts(int(found["hits"]["total"]["value"]), held)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(error) from error


def answers_of(answer: object, count: int) -> list[Body]:
    """The answers in the answer to several searches at once.

    Raises:
        TroubleError: They are not as many as questions.
    """
    responses = answer.get("responses") if isinstance(answer, Mapping) else None
    if not isinstance(responses, list) or len(responses) != count:
        raise TroubleError("an answer that is none to several searches", passes=True, advice="check the address")
    return responses


def actions(passages: Sequence[Passage], fields: Fields, vectors: Sequence[Sequence[float]] | None) -> list[Body]:
    """The lines of a bulk request that writes passages, each under its id."""
    lines: list[Body] = []
    for row, passage in enumerate(passages):
        document = fields.document(passage)
        if vectors is not None and fields.vector:
            document[fields.vector] = [float(number) for number in vectors[row]]
        lines += [{"index": {"_id": passage.id}}, document]
    return lines


def check_bulk(answer: object) -> None:
    """See that everything in a bulk request was written.

    Raises:
        TroubleError: Something was not.
    """
    try:
        if not isinstance(answer, Mapping) or answer["errors"] is False:
            _ = answer["items"]  # type: ignore[index]
            return
        failed = [item["index"] for item in answer["items"] if item["index"].get("error")]
        status, reason = int(failed[0]["status"]), failed[0]["error"]["reason"]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise unreadable(error) from error
    said = of_status(status, str(reason))
    raise TroubleError(f"{len(failed)} passages refused, {said.found}", passes=said.passes, advice=said.advice)


def properties(fields: Fields, analyzer: str) -> Body:
    """How the fields of passages are indexed, but vectors."""
    text = {"type": "text", "analyzer": analyzer}
    kinds: Body = {name: text for name in (fields.title, fields.text, fields.search) if name}
    kinds |= {name: {"type": "keyword"} for name in (fields.id, fields.group, fields.entities) if name}
    return kinds


def unreadable(error: Exception) -> TroubleError:
    """What an answer is of which a part is missing or of another kind."""
    return TroubleError(f"an answer that cannot be read ({type(error).__name__}: {clipped(str(error))})", passes=True)


def _checked(answer: object) -> Body:
    if not isinstance(answer, Mapping):
        raise TypeError(f"{type(answer).__name__} instead of an object")
    if (error := answer.get("error")) is not None:
        said = error.get("reason", error) if isinstance(error, Mapping) else error
        raise of_status(int(answer.get("status", 500)), str(said))
    return dict(answer)


def _part(answer: Body) -> str:
    """What is missing of an answer: shards that failed, or time that ran out."""
    shards = answer.get("_shards") or {}
    if shards.get("failed"):
        return f"{shards['failed']} of {shards.get('total', '?')} shards failed"
    return "the time of the search ran out" if answer.get("timed_out") else ""
