from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.encoding.memory import PADDING
from ragmtl.kg.parsing import iri, valid


def sure(test: Callable[[int, int], bool], content: bytes) -> bool:
    """What a compiled test says of some bytes."""
    room = np.frombuffer(bytes(PADDING) + content + bytes(PADDING), np.uint8)
    start = room.ctypes.data + PADDING
    return bool(test(start, start + len(content)))


CHARS = st.text(st.sampled_from(list('ab:/?#[]@%20G<>" {}|\\^`.-_éü\ue000\ufdd0\u0000')), max_size=20)


@given(CHARS)
def test_the_scanner_is_sure_of_no_iri_that_is_none(text: str) -> None:
    for whole in (text, f"http://{text}", f"http://x/{text}"):
        assert not sure(valid.is_iri, whole.encode()) or iri.is_iri(whole)


def test_usual_iris_are_sure() -> None:
    for text in ("http://dbpedia.org/resource/A_(b)", "urn:uuid:1-2", "http://x/a?b=c#d", "http://x/%20"):
        assert sure(valid.is_iri, text.encode())


@pytest.mark.parametrize("suffix", ["", "@en", "@de-AT", "^^<http://x/t>"])
def test_usual_suffixes_are_sure(suffix: str) -> None:
    assert sure(valid.is_suffix, suffix.encode())


@pytest.mark.parametrize("suffix", ["@en_US", "@abcdefghijk", "@en--ltr", "@", "^^<t>", "^^<http://x/ >"])
def test_other_suffixes_are_not(suffix: str) -> None:
    assert not sure(valid.is_suffix, suffix.encode())


@given(st.binary(max_size=12))
def test_a_text_is_utf_8_or_not_sure(content: bytes) -> None:
    if sure(valid.is_text, content):
        content.decode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters='"\\')))
def test_text_is_sure(text: str) -> None:
    assert sure(valid.is_text, text.encode())


@pytest.mark.parametrize("content", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\xff"])
def test_what_only_looks_like_utf_8_is_not_sure(content: bytes) -> None:
    assert not sure(valid.is_text, content)
