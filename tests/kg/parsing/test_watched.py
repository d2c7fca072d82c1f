from __future__ import annotations

from io import BufferedReader, BytesIO

import pytest

from ragmtl.kg.parsing.watched import Watched


@pytest.mark.parametrize("size", [-1, 1000, 4096, 65_536])
@pytest.mark.parametrize(
    ("name", "content", "least"),
    [
        ("turtle", b"<http://x/a> <http://x/p> <http://x/b> .\n" * 5000, 0),
        ("turtle", b"p:a p:b p:c .\n" * 5000, 0),
        ("turtle", b"p:a p:b p:c .\n" * 5000 + b"@prefix p: <http://x/" + b"a" * 50_000 + b"> .", 50_000),
        ("json-ld", b'{"a": "' + b"b <c> " * 9000 + b'"}', 54_000),
        ("json-ld", b'{"a": "' + b'\\"b ' * 9000 + b'"}', 36_000),
        ("json-ld", b'{"a": "b"}\n' * 5000, 0),
    ],
)
def test_terms_are_seen_to_be_long(name: str, content: bytes, least: int, size: int) -> None:
    watched = Watched(BufferedReader(BytesIO(content)), name)
    found = b""
    while piece := watched.read(size):
        found += piece
    assert found == content
    assert max(least - 2 * 4096, 4096) <= watched.longest <= max(least + 2 * 4096, 4096)
