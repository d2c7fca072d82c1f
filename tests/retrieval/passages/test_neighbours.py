from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import Float32

from ragmtl.errors import DataError
from ragmtl.retrieval.encoders.hashing import HashingEncoder, normalised
from ragmtl.retrieval.evidence import LabelledExample
from ragmtl.retrieval.hybrid import Retriever, Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.neighbours import LabelledNeighbours, WithNeighbours
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query

X = "http://x/"
EXAMPLES = [
    LabelledExample("e1", "sumac over grilled onions", ("Levant",), "menu-1", (X + "sumac",)),
    LabelledExample("e2", "onions grilled with sumac and parsley", ("Levant",), "menu-1", (X + "sumac",)),
    LabelledExample("e3", "rice with smoked paprika", ("Spain",), "menu-2", (X + "rice", X + "smokedPaprika")),
    LabelledExample("e4", "grilled peppers and rice", ("Spain",), "", (X + "rice",)),
    LabelledExample("e5", "a stew of aubergines", ("France",), "menu-3"),
]


@pytest.fixture(scope="module", params=[None, HashingEncoder()], ids=["words", "vectors"])
def neighbours(request: pytest.FixtureRequest) -> LabelledNeighbours:
    return LabelledNeighbours(EXAMPLES, request.param)


def ids(neighbours: LabelledNeighbours, query: Query, most: int = 5) -> list[str]:
    return [found.example.id for found in neighbours.find(query, most)]


def test_the_likest_come_first_with_labels_and_a_reason(neighbours: LabelledNeighbours) -> None:
    found = neighbours.find(Query("grilled onions, sumac"), 2)
    assert {one.example.id for one in found} == {"e1", "e2"}
    assert found[0].score == 1.0
    assert found[0].example.labels == ("Levant",)
    assert "shares words" in found[0].reason


def test_shared_entities_count_and_rare_ones_more(neighbours: LabelledNeighbours) -> None:
    found = neighbours.find(Query("", (X + "rice", X + "smokedPaprika")))
    assert [one.example.id for one in found][:2] == ["e3", "e4"]
    assert found[0].reason.startswith("is about the same")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_an_example_never_sees_itself_or_its_group(neighbours: LabelledNeighbours, example: LabelledExample) -> None:
    group = {other.id for other in EXAMPLES if example.group and other.group == example.group} | {example.id}
    alone = Query(example.text, example.entities, example=example.id)
    assert not group & set(ids(neighbours, alone, 50))
    grouped = replace(alone, example="", group=example.group or example.id)
    assert not group & set(ids(neighbours, grouped, 50))
    excluded = replace(alone, example="", exclude=frozenset({example.group or example.id}))
    assert not group & set(ids(neighbours, excluded, 50))


def test_a_new_example_of_a_known_group_does_not_see_the_group(neighbours: LabelledNeighbours) -> None:
    query = Query("sumac over grilled onions", (X + "sumac",), example="new", group="menu-1")
    assert not {"e1", "e2"} & set(ids(neighbours, query, 50))


def test_labels_of_the_own_group_change_nothing(neighbours: LabelledNeighbours) -> None:
    """What is found for an example is the same whatever its own label, and that of its group, is."""
    other = [replace(e, labels=("wrong",)) if e.group == "menu-1" else e for e in EXAMPLES]
    query = Query(EXAMPLES[0].text, EXAMPLES[0].entities, example="e1", group="menu-1")
    found = LabelledNeighbours(other, HashingEncoder()).find(query)
    assert found == LabelledNeighbours(EXAMPLES, HashingEncoder()).find(query)
    assert all(one.example.labels != ("wrong",) for one in found)


def test_a_batch_gives_what_each_query_gives_alone(neighbours: LabelledNeighbours) -> None:
    queries = [Query(e.text, e.entities, example=e.id, group=e.group) for e in EXAMPLES]
    assert neighbours.find_many(queries, 3) == [neighbours.find(query, 3) for query in queries]


def test_evidence_holds_them(index: Index, neighbours: LabelledNeighbours) -> None:
    plain = Retriever(index)
    retriever = WithNeighbours(plain, neighbours, most=2)
    assert isinstance(retriever, Retrieves)
    evidence = retriever(Query("sumac on onions", example="e1", group="menu-1"))
    assert evidence.neighbours == neighbours.find(Query("sumac on onions", example="e1", group="menu-1"), 2)
    assert evidence.passages == plain(Query("sumac on onions")).passages


def test_nothing_and_repeats_are_refused() -> None:
    with pytest.raises(DataError, match="found none"):
        LabelledNeighbours([])
    with pytest.raises(DataError, match="once"):
        LabelledNeighbours([EXAMPLES[0], EXAMPLES[0]])


def test_an_empty_query_finds_nothing() -> None:
    found = LabelledNeighbours(EXAMPLES).find(Query())
    assert found == ()
    assert np.array_equal(LabelledNeighbours(EXAMPLES).forbidden(Query()), np.zeros(0, np.int64))


def test_an_example_of_the_same_text_is_taken_for_the_query_itself(neighbours: LabelledNeighbours) -> None:
    for text in (EXAMPLES[0].text + " ", "\nSumac over  GRILLED onions", "sumac over \uff47rilled onions"):
        assert not {"e1", "e2"} & set(ids(neighbours, Query(text), 50)), text
    assert {"e1", "e2"} <= set(ids(neighbours, Query(EXAMPLES[0].text + " and more"), 50))


class Sure(HashingEncoder):
    """Has a vector for every text, also for an empty one, as transformers have."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        return normalised(super().encode(texts, progress) + np.float32(0.1))


def test_what_has_no_text_has_no_meaning() -> None:
    neighbours = LabelledNeighbours(EXAMPLES, Sure())
    assert neighbours.find(Query()) == ()
    assert ids(neighbours, Query(entities=(X + "smokedPaprika",))) == ["e3"]
    alone, beside = neighbours.find_many([Query(entities=(X + "rice",)), Query("sumac on onions")])
    assert {found.example.id for found in alone} == {"e3", "e4"}
    assert beside == neighbours.find(Query("sumac on onions"))


def test_examples_without_texts_are_found_by_entities() -> None:
    without = LabelledNeighbours([replace(example, text="") for example in EXAMPLES])
    assert ids(without, Query("", (X + "rice", X + "smokedPaprika")))[:2] == ["e3", "e4"]
    assert ids(without, Query("rice")) == []
