from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.encoding.memory import PADDING
from ragmtl.kg.parsing.escapes import unescaped


def plain(content: bytes) -> bytes | None:
    """A text up to its closing quote, without escapes; None where it is not one."""
    source = np.frombuffer(content + bytes(PADDING), np.uint8)
    target = np.zeros(len(content) + PADDING, np.uint8)
    start = source.ctypes.data
    end, size = unescaped(start, start + len(content), target.ctypes.data)
    return None if end < 0 else target[:size].tobytes()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (rb'a\tb\n\"\\"', 'a\tb\n"\\'),
        (rb'\u00e9\u20AC\U0001F600"', "é€😀"),
        (rb'\u0000"', "\0"),
        (rb'\U0010FFFF"', "\U0010ffff"),
    ],
)
def test_escapes_are_resolved(content: bytes, text: str) -> None:
    assert plain(content) == text.encode()


@pytest.mark.parametrize(
    "content",
    [
        rb'\uD800"',
        rb'\uDFFF"',
        rb'\U0000D800"',
        rb'\U00110000"',
        rb'\UFFFFFFFF"',
        rb'\u12"',
        rb'\x"',
        b"open",
        rb"\u00e",
    ]
    + [b"\\", rb"\u00g0" + b'"'],
)
def test_what_is_no_escape_is_refused(content: bytes) -> None:
    assert plain(content) is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    escaped = "".join(f"\\U{ord(char):08X}" for char in text)
    assert plain(escaped.encode() + b'"') == text.encode()
