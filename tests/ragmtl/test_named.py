from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.named import named_in

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
NAMES = ("rice", "Rice wine", "wine (drink)", "İzmir köfte", "o")


def graph() -> KnowledgeGraph:
    triples: list[tuple[str, str, str | Literal]] = []
    for number, name in enumerate(NAMES):
        triples += [(f"http://x/{number}", LABEL, Literal(name)), (f"http://x/{number}", "http://x/in", "http://x/9")]
    return KnowledgeGraph.from_triples(triples)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rice, rice wine and WINE; licorice is no rice.", ["Rice", "rice wine", "WINE", "rice"]),
        ("", []),
        ("o o: one letter is no name", []),
        ("Rice \u0130 rice", ["rice"]),  # its small form is two letters: compared as it is written
    ],
)
def test_entities_are_found_as_whole_words(text: str, found: list[str]) -> None:
    mentions = named_in(text, np.arange(5), graph())
    assert [text[mention.start : mention.end] for mention in mentions] == found
    for mention in mentions:
        assert mention.label.split(" (")[0].lower() == text[mention.start : mention.end].lower()


def test_what_is_not_linked_is_not_marked() -> None:
    assert named_in("rice wine", np.array([2]), graph())[0].label == "wine (drink)"
    assert named_in("rice wine", np.zeros(0, np.int32), graph()) == ()
