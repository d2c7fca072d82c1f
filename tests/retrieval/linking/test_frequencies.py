from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.linking import frequencies as module
from ragmtl.retrieval.linking.frequencies import frequencies
from ragmtl.retrieval.linking.names import Names, extend
from ragmtl.retrieval.linking.tokens import hashes, tokenise
from ragmtl.retrieval.linking.written import Written

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
NAMED = ("heat", "up", "up and down", "the heat", "down the road", "1984", "東京 タワー")
CAPITALS = ("Heat", "HEAT", "Up", "Down", "The")
WORDS = ("heat", "heats", "up", "and", "down", "the", "road", "1984", "東京", "タワー", *CAPITALS)


def names() -> Names:
    triples = [(f"http://x/{place}", LABEL, Literal(name)) for place, name in enumerate(NAMED)]
    return Names.of(KnowledgeGraph.from_triples(triples))


def one_by_one(names: Names, texts: list[str]) -> tuple[list[int], list[int]]:
    """The same with loops: every stretch of every text, looked up by its words."""
    found, plain = [0] * len(names), [0] * len(names)
    for text in texts:
        tokens, written = tokenise(text), dict[int, bool]()
        for first in range(len(tokens.words)):
            for last in range(first, len(tokens.words)):
                stretch = " ".join(tokens.words[first : last + 1])
                if stretch in NAMED:
                    name = place_of(names, stretch)
                    small = text[tokens.starts[first] : tokens.ends[last]].islower()
                    written[name] = written.get(name, True) and small
        for name, small in written.items():
            found[name] += 1
            plain[name] += small
    return found, plain


def place_of(names: Names, name: str) -> int:
    keys = hashes(name.split())[0]
    key = keys[:1]
    for place in range(1, len(keys)):
        key = extend(key, keys[place : place + 1])
    return int(names.find(key)[0])


texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), max_size=6)


@given(texts)
def test_counts_are_those_of_looking_at_every_stretch(texts: list[str]) -> None:
    every = names()
    found, plain = frequencies(every, Written.of(texts))
    expected = one_by_one(every, texts)
    assert [found[place_of(every, name)] for name in NAMED] == [expected[0][place_of(every, name)] for name in NAMED]
    assert [plain[place_of(every, name)] for name in NAMED] == [expected[1][place_of(every, name)] for name in NAMED]


def test_names_do_not_run_from_one_text_into_the_next() -> None:
    every = names()
    found, _ = frequencies(every, Written.of(["up and", "down", "up and down"]))
    assert found[place_of(every, "up and down")] == 1


def test_parts_count_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    every, written = names(), Written.of(["Heat up and down the road", "", "heat", "the heat up and Down the Road"] * 3)
    whole = frequencies(every, written)
    monkeypatch.setattr(module, "_MOST_WORDS", 5)
    parts = frequencies(every, written)
    assert [column.tolist() for column in parts] == [column.tolist() for column in whole]


def test_nothing_is_found_in_nothing() -> None:
    assert not frequencies(names(), Written.of([]))[0].any()
    assert not frequencies(names(), Written.of(["…", ""]))[1].any()
