"""Each adapter with its official client, against a server that keeps the documented contract."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.servers.passages import (
    ByEntities,
    ByVector,
    ByWords,
    Counts,
    Fields,
    Hits,
    Question,
    Some,
    TakesPassages,
)
from tests.retrieval.servers.conftest import KINDS, Server, connect
from tests.retrieval.servers.contract import Contract, Store
from tests.retrieval.servers.replies import SLOW, Reply, break_off, drip, hang_up, say

X = "http://x/"
PASSAGES = [
    Passage("p1", "A sour red berry, dried and ground.", "Sumac", (X + "sumac",), "spices"),
    Passage("p2", 'Peppers dried over oak smoke; "hot" OR (mild).', "Smoked paprika", (X + "paprika",), "spices"),
    Passage("p3", "A mix of thyme, sesame and sumac for flat bread.", "", (X + "zaatar", X + "sumac")),
    Passage("p/4: odd", "Stale bread is torn and dressed with dried mint.", "Ça va", (X + "bread",)),
]
VECTORS = np.eye(4, 3, dtype=np.float32) + np.float32(0.1)
SOLR = Fields("id", "title_txt_en", "text_txt_en", group="group_s", entities="entities_ss", vector="vector_v")
SECRET = "Bearer very-secret-token"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, serve: Server) -> Contract:
    kind: str = request.param
    return serve(kind, Store() if kind == "solr" else None)


@pytest.fixture
def filled(server: Contract) -> TakesPassages:
    passages = connect(server, SOLR if server.kind == "solr" else Fields(vector="vector_v"))
    assert passages.push(PASSAGES, VECTORS) == len(PASSAGES)
    return passages


def ask(server: TakesPassages, question: Question) -> Hits:
    (hits,) = server.ask([question])
    return hits


def ids(hits: Hits) -> list[str]:
    return [passage.id for passage in hits.passages]


def test_a_passage_comes_back_as_it_went(filled: TakesPassages) -> None:
    hits = ask(filled, Some(10))
    found = {passage.id: passage for passage in hits.passages}
    assert hits.matches == 4
    for passage in PASSAGES:
        other = found[passage.id]
        assert (other.text, other.title, other.entities) == (passage.text, passage.title, passage.entities)
        assert other.group == passage.group or other.group == passage.id


def test_words_find_the_passage_that_has_most_of_them(filled: TakesPassages) -> None:
    hits = ask(filled, ByWords("the sour berry, dried", 10))
    assert ids(hits)[0] == "p1"
    assert hits.scores[0] > hits.scores[1] > 0
    assert hits.matches == len(hits.passages) == 3


def test_no_more_come_than_are_asked_for_but_all_are_counted(filled: TakesPassages) -> None:
    hits = ask(filled, ByWords("dried", 1))
    assert (len(hits.passages), hits.matches) == (1, 3)


@pytest.mark.parametrize("question", [ByWords("dried bread", 9), ByVector((1.0, 0.1, 0.1), 9), ByEntities((), 9)])
def test_groups_are_left_out_by_the_server(filled: TakesPassages, question: ByWords | ByVector | ByEntities) -> None:
    entities = ((X + "sumac", "sumac", 1.0), (X + "bread", "bread", 0.5))
    without = frozenset({"spices", "p3"})
    asked: Question = (
        ByEntities(entities, 9, without)
        if isinstance(question, ByEntities)
        else ByWords(question.text, 9, without)
        if isinstance(question, ByWords)
        else ByVector(question.vector, 9, without)
    )
    assert ids(ask(filled, asked)) == ["p/4: odd"]


def test_what_a_server_does_not_leave_out_is_left_out_here() -> None:
    hits = Hits(tuple(PASSAGES), (4.0, 3.0, 2.0, 1.0), 4)
    assert ids(hits.but(frozenset({"spices"}))) == ["p3", "p/4: odd"]
    assert hits.but(frozenset({"p3"})).scores == (4.0, 3.0, 1.0)


def test_entities_find_what_speaks_of_them_by_their_weight(filled: TakesPassages) -> None:
    entities = ((X + "sumac", "sumac", 1.0), (X + "zaatar", "za'atar", 0.5), (X + "none", "none", 9.0))
    hits = ask(filled, ByEntities(entities, 10))
    assert ids(hits) == ["p3", "p1"]
    assert hits.scores == pytest.approx((1.5, 1.0))


def test_without_a_field_of_entities_names_are_looked_for(server: Contract) -> None:
    fields = Fields("id", "title_txt_en", "text_txt_en", group="group_s", entities="")
    passages = connect(server, fields if server.kind == "solr" else Fields(entities=""))
    passages.push(PASSAGES)
    hits = ask(passages, ByEntities(((X + "sumac", "sumac", 1.0), (X + "bread", "flat bread", 0.5)), 10))
    assert ids(hits) == ["p3", "p1"]
    assert all(not passage.entities for passage in hits.passages)


def test_vectors_give_cosines(filled: TakesPassages) -> None:
    assert filled.has_vectors
    hits = ask(filled, ByVector((0.1, 1.1, 0.1), 2))
    assert ids(hits)[0] == "p2"
    assert hits.scores[0] == pytest.approx(1.0, abs=1e-5)
    assert -1 <= hits.scores[1] < 0.7


def test_phrases_are_counted(filled: TakesPassages) -> None:
    assert filled.count(["dried", "flat bread", "bread flat", 'oak "smoke"']) == Counts(4, (3, 1, 0, 1))
    assert filled.count([]) == Counts(4, ())


def test_several_questions_are_answered_in_order(filled: TakesPassages) -> None:
    first, second = filled.ask([ByWords("oak", 5), ByWords("thyme", 5)])
    assert (ids(first), ids(second)) == (["p2"], ["p3"])
    assert filled.ask([]) == []


@pytest.mark.parametrize(
    "text", ["AND OR NOT", '"', "+-&&||!(){}[]^~*?:\\/", "a" * 100_000, "word " * 50_000, "\ud800 😀"]
)
def test_no_text_is_an_error(filled: TakesPassages, text: str) -> None:
    assert ask(filled, ByWords(text, 5)).matches <= 4
    assert filled.count([text[:200]]).total == 4


def test_passages_of_an_id_that_is_there_are_replaced(filled: TakesPassages) -> None:
    filled.push([Passage("p1", "Something else entirely.", "New")])
    hits = ask(filled, Some(10))
    assert len(hits.passages) == 4
    assert next(passage for passage in hits.passages if passage.id == "p1").title == "New"


def test_many_passages_are_written_in_several_requests(server: Contract) -> None:
    passages = connect(server)
    assert passages.push([Passage(f"p{number}", f"text {number}") for number in range(1100)]) == 1100
    assert passages.count([]).total == 1100
    bulks = [body for path, body in server.asked if "_bulk" in path or "update" in path and len(body) > 1000]
    assert len(bulks) == 3


@pytest.mark.parametrize(
    "trouble",
    [say(503, b'{"error": "overloaded"}'), say(429, b"slow down", "text/plain"), hang_up, break_off, say(200, b"{")],
    ids=["503", "429", "hung up", "broken off", "half of JSON"],
)
def test_what_passes_is_asked_again(server: Contract, filled: TakesPassages, trouble: Reply) -> None:
    server.replies = [trouble, trouble]
    assert ids(ask(filled, ByWords("sour berry", 1))) == ["p1"]


@pytest.mark.parametrize(
    ("trouble", "found"),
    [
        (say(503, b'{"error": {"type": "x", "reason": "all shards failed"}}'), "HTTP 503"),
        (say(429, b"{}"), "HTTP 429"),
        (hang_up, "no connection"),
        (say(200, b"<html><title>Welcome</title></html>", "text/html"), ""),
        (say(200, b"[1, 2]"), ""),
        (say(200, b'{"hits": 3, "response": 3}'), ""),
        (say(200, b'\xff\xfe{"a"'), ""),
    ],
    ids=["503", "429", "hung up", "a page", "a list", "another object", "bytes"],
)
def test_what_stays_is_an_error_that_says_how_often_it_was_asked(
    server: Contract, filled: TakesPassages, trouble: Reply, found: str
) -> None:
    server.replies = [trouble] * 20
    with pytest.raises(DataError, match=r"expected (the answer to a search|numbers of passages)") as caught:
        ask(filled, ByWords("sour", 1))
    said = str(caught.value)
    assert said.startswith(server.url)
    assert found in said
    assert " found " in said
    assert ("3 times" in said) or len(server.replies) == 19, said
    with pytest.raises(DataError, match="expected numbers of passages"):
        filled.count(["x"])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_will_not_pass_is_asked_once(server: Contract, filled: TakesPassages, status: int) -> None:
    server.replies = [say(status, b'{"error": {"reason": "never", "msg": "never"}, "status": 400}')] * 9
    with pytest.raises(DataError, match=f"HTTP {status}"):
        ask(filled, ByWords("sour", 1))
    assert len(server.replies) == 8


def test_a_server_that_is_down(server: Contract) -> None:
    passages = connect(server, timeout=2.0)
    gone = Contract(server.kind, server.url.replace(server.url.split(":")[2].split("/")[0], "9"))
    down = connect(gone, timeout=2.0)
    with pytest.raises(DataError, match="no connection.* 3 times; check the address, or ask later"):
        down.ask([ByWords("x", 1)])
    assert passages.shown.split(" at ")[0].lower() == server.kind


@pytest.mark.parametrize("slow", [drip, lambda _: time.sleep(SLOW)], ids=["drips", "sleeps"])
def test_a_server_that_is_slow_is_left(server: Contract, slow: Reply) -> None:
    passages = connect(server, timeout=0.3, attempts=2)
    server.replies = [slow] * 9
    with pytest.raises(DataError, match=r"found no answer (in time|within 0.3 seconds) 2 times"):
        passages.ask([ByWords("x", 1)])


def test_a_passage_that_is_refused_is_an_error(server: Contract, filled: TakesPassages) -> None:
    if server.kind == "solr":
        server.replies = [say(400, b'{"error": {"msg": "immense term", "code": 400}}')]
    with pytest.raises(DataError, match="expected passages to be written, found .*immense term"):
        filled.push([Passage("long", "x " * 20_000)])


def test_the_index_must_be_there(server: Contract) -> None:
    server.store = None
    with pytest.raises(DataError, match="HTTP 404"):
        connect(server).ask([ByWords("x", 1)])


def test_fields_that_are_not_there_are_an_error(server: Contract, filled: TakesPassages) -> None:
    if server.kind == "solr":
        wrong = Fields("id", "title_txt_en", "body_txt_en", group="group_s", entities="")
    else:
        wrong = Fields(text="body")
    with pytest.raises(DataError, match="a passage without text.*check the names of fields"):
        connect(server, wrong).ask([Some(2)])


def test_the_header_is_sent_and_never_shown(server: Contract, filled: TakesPassages) -> None:
    server.authorization = SECRET
    with pytest.raises(DataError, match=r"HTTP 401.*check the credentials"):
        filled.ask([ByWords("sour", 1)])
    known = connect(server, filled_fields(server), authorization=SECRET)
    assert ids(ask(known, ByWords("sour", 1))) == ["p1"]
    echo = say(400, json.dumps({"error": {"reason": f"bad {SECRET}", "msg": f"bad {SECRET}"}}).encode())
    server.replies = [echo] * 3
    with pytest.raises(DataError, match="bad") as caught:
        known.ask([ByWords("sour", 1)])
    assert "secret" not in str(caught.value)
    assert "secret" not in known.shown


def test_a_name_and_password_in_the_address_are_sent_and_never_shown(server: Contract, filled: TakesPassages) -> None:
    server.authorization = "Basic bWU6aHVudGVyMjI="  # me:hunter22
    named = Contract(server.kind, server.url.replace("//", "//me:hunter22@"))
    known = connect(named, filled_fields(server))
    assert ids(ask(known, ByWords("sour", 1))) == ["p1"]
    server.replies = [hang_up] * 9
    with pytest.raises(DataError, match="no connection") as caught:
        known.ask([ByWords("sour", 1)])
    assert "hunter22" not in str(caught.value) + known.shown
    assert "bWU6" not in str(caught.value)


def filled_fields(server: Contract) -> Fields:
    return SOLR if server.kind == "solr" else Fields(vector="vector_v")


def test_one_request_asks_several_questions(server: Contract, filled: TakesPassages) -> None:
    before = len(server.asked)
    questions: Sequence[Question] = [ByWords("sour", 1), ByWords("bread", 1), Some(2)]
    filled.ask(questions)
    assert len(server.asked) - before == (3 if server.kind == "solr" else 1)
    filled.count(["sour", "bread", "oak"])
    assert len(server.asked) - before == (4 if server.kind == "solr" else 2)


@pytest.mark.parametrize("kind", ["elasticsearch", "opensearch"])
def test_a_part_of_the_shards_is_told(kind: str, serve: Server) -> None:
    server = serve(kind)
    answer = {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 5, "successful": 3, "failed": 2},
        "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []},
    }
    server.replies = [say(200, json.dumps({"responses": [answer]}).encode())]
    assert ask(connect(server), ByWords("x", 1)).part == "2 of 5 shards failed"


def test_elasticsearch_tells_when_to_come_back(serve: Server) -> None:
    server = serve("elasticsearch")
    waited: list[float] = []
    passages = connect(server, sleep=waited.append)  # type: ignore[arg-type]
    server.replies = [say(429, b"{}", Retry_After="7"), say(503, b"{}")]
    with pytest.raises(DataError, match="404"):  # there is no index, but it was asked again
        passages.ask([ByWords("x", 1)])
    assert waited == [7.0, 0.02]


def test_a_server_that_is_not_elasticsearch_is_told_from_one(serve: Server) -> None:
    server = serve("elasticsearch")
    server.replies = [say(200, b'{"responses": []}', X_Elastic_Product="Another")]
    with pytest.raises(DataError, match="found a server that does not say it is Elasticsearch"):
        connect(server).ask([ByWords("x", 1)])
