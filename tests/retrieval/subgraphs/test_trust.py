from __future__ import annotations

import pytest

from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.subgraphs.seeds import Seeds
from ragmtl.retrieval.subgraphs.trust import named_share, trust_in


def trust(index: Index, query: Query) -> float:
    mentions = index.linker.link(query.text)
    return trust_in(query, mentions, Seeds.of(query, mentions, index.graph), index.bm25)


def test_a_question_that_is_mostly_a_name_is_for_the_graph(index: Index) -> None:
    assert trust(index, Query("Where is smoked paprika from?")) > 0.3


def test_one_name_in_a_long_sentence_says_little(index: Index) -> None:
    text = "Peppers that were dried over oak smoke and ground, then packed in tins and sold abroad, maybe to France"
    assert trust(index, Query(text)) == 0.0


def test_given_entities_are_trusted(index: Index) -> None:
    assert trust(index, Query("a long text about nothing", ("http://x/sumac",))) == 1.0


def test_the_share_counts_rare_words_more_and_no_function_words(index: Index) -> None:
    text = "the rice"
    assert named_share(text, index.linker.link(text), index.bm25) == pytest.approx(1.0)
    assert named_share("", (), index.bm25) == 0.0


def test_the_share_is_that_of_looking_at_every_mention(corpus: Corpus) -> None:
    words = Lexical.build(corpus.readings())
    text = "Sumac and smoked paprika on the fattoush, unseen."
    spans = [(0, 5), (10, 24), (10, 16), (6, 40)]
    for chosen in ([], spans[:1], spans[1:3], spans):
        mentions = [Mention(start, end, 0, 1.0) for start, end in chosen]
        tokens = tokenise(text)
        rarity = [words.rarity(word) for word in tokens.words]
        inside = [
            any(first <= start and end <= last for first, last in chosen)
            for start, end in zip(tokens.starts, tokens.ends, strict=True)
        ]
        expected = sum(weight for weight, named in zip(rarity, inside, strict=True) if named) / sum(rarity)
        assert named_share(text, mentions, words) == pytest.approx(expected)
