from __future__ import annotations

import pytest

from ragmtl.kg.parsing.iri import is_iri, is_language


@pytest.mark.parametrize(
    "iri",
    [
        "http://x/a",
        "urn:x:a",
        "http://[::1]:80/",
        "http://x/é?q=ü#f",
        "a+b.c-d:e",
        "http://x/%C3%A9",
        "http://u@x:8/",
        "x:",
    ],
)
def test_absolute_iris(iri: str) -> None:
    assert is_iri(iri)


@pytest.mark.parametrize(
    "iri",
    ["", "a", "/a", "//x/a", "1a:b", "http://x/a b", "http://x/<", "http://x/%G0", "http://x/%", "http://[::g]/"]
    + ["http://[fe80::1%25]/", "http://x/\ue000", "http://x/\x00", "http://x/{a}", "http://x/a#b#c", "\u00e9:a"],
)
def test_what_is_none(iri: str) -> None:
    assert not is_iri(iri)


@pytest.mark.parametrize("tag", ["en", "de-AT", "zh-Hans-CN", "x-mine", "i-klingon", "sl-rozaj-biske", "de-a-value"])
def test_language_tags(tag: str) -> None:
    assert is_language(tag)


@pytest.mark.parametrize("tag", ["", "e", "en_US", "abcdefghi", "en-", "-en", "en--ltr", "é", "en-a"])
def test_what_is_no_language_tag(tag: str) -> None:
    assert not is_language(tag)


def test_long_texts_take_no_search() -> None:
    assert not is_iri("http://x/" + "a%20" * 200_000 + " ")
