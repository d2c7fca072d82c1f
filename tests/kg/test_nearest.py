from __future__ import annotations

from ragmtl.kg.nearest import iri_hint, nearest_iri, nearest_name
from ragmtl.kg.terms import Terms

NODES = Terms.of(["http://x/Brazil", "http://x/a#Casablanca"])


def test_the_nearest_name_is_like_it_or_none() -> None:
    assert nearest_name("tittle", ["film", "title"]) == "title"
    assert nearest_name("zzz", ["film", "title"]) is None


def test_the_nearest_iri_is_like_it_in_its_local_name_or_none() -> None:
    assert nearest_iri("http://y/Cassablanca", NODES) == "http://x/a#Casablanca"
    assert nearest_iri("http://x/Vertigo", NODES) is None


def test_a_hint_names_the_nearest_or_says_what_else_to_do() -> None:
    assert iri_hint("http://x/Brasil", NODES, "correct it") == "did you mean 'http://x/Brazil'?"
    assert iri_hint("http://x/Vertigo", NODES, "correct it") == "correct it"
