from __future__ import annotations

import pytest

from ragmtl.kg.wording import UNNAMED, as_noun, is_hash, is_opaque, local_name, relation_name, shorten


@pytest.mark.parametrize(
    ("iri", "name"),
    [
        ("http://x/Fight_Club", "Fight Club"),
        ("http://x/onto#releaseYear", "release Year"),
        ("http://x/caf%C3%A9/", "café"),
        ("http://x/AC%2FDC", "AC/DC"),
        ("http://x/soy-sauce", "soy-sauce"),
        ("http://x/USAToday", "USAToday"),
        ("urn:isbn:123", "urn:isbn:123"),
        ("http://x/_", "http://x/_"),
        ("_:f0b3", UNNAMED),
        ("", ""),
    ],
)
def test_local_name_is_readable(iri: str, name: str) -> None:
    assert local_name(iri) == name


def test_relation_names_are_words() -> None:
    assert relation_name("http://x/typicalOf") == "typical of"
    assert relation_name("http://x/DOI") == "DOI"


@pytest.mark.parametrize("name", ["Fight Club", "USA", "1917 (film)", "Apollo 13", "UB40", "Blink-182", "cafe", ""])
def test_words_are_words(name: str) -> None:
    assert not is_opaque(name)


@pytest.mark.parametrize(
    "name", ["Q42", "P31", "m.06w7v3", "m.02 fz3", "oewn-00001740-a", "12345", "urn:uuid:" + "0" * 32]
)
def test_codes_are_no_words(name: str) -> None:
    assert is_opaque(name)


@pytest.mark.parametrize(
    "name", ["0f8fad5b-d9cb-469f-a165-70867728950e", "d41d8cd98f00b204e9800998ecf8427e", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]
)
def test_hashes_tell_nothing(name: str) -> None:
    assert is_hash(name)
    assert is_opaque(name)


@pytest.mark.parametrize("name", ["Q42", "deadbeef", "internationalisation", "ISO 3166-1", ""])
def test_what_a_reader_knows_is_no_hash(name: str) -> None:
    assert not is_hash(name)


def test_shorten_cuts_between_words() -> None:
    assert shorten("one two three", 9) == "one two…"
    assert shorten("one\n two", 9) == "one two"
    assert shorten("abcdefgh", 4) == "abc…"


def test_nouns_within_a_sentence() -> None:
    assert [as_noun(word) for word in ("Film", "Lexical Sense", "USA")] == ["film", "lexical sense", "USA"]
