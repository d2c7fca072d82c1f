from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.parsing.nesting import DEPTHS, Nesting


def deepest(name: str, content: str) -> int:
    nesting = Nesting(name)
    nesting.feed(content.encode())
    return nesting.deepest


@pytest.mark.parametrize(
    ("name", "content", "depth"),
    [
        ("json-ld", '{"a": [1, {"b": 2}]}', 3),
        ("json-ld", r'{"[[[[": "\"[[[["}', 1),
        ("xml", "<a><b/><c><d></d></c></a>", 3),
        ("xml", "<a><!-- <b><c> --><![CDATA[<b><c>]]><?b <c> ?></a>", 1),
        ("xml", "<a b=\"<c>\" d='<e>'/>", 0),
        ("turtle", "<a> <b> <<( <a> <b> <<( <a> <b> <c> )>> )>> .", 2),
        ("turtle", '<a> <b> "<<" , """<< " <<""" , \'<<\' . # <<', 0),
        ("turtle", "<a<<> <b> 1 .", 0),
    ],
)
def test_depth(name: str, content: str, depth: int) -> None:
    assert deepest(name, content) == depth


@pytest.mark.parametrize(("name", "opening"), [("json-ld", "["), ("xml", "<a>"), ("turtle", "<<")])
def test_what_nests_deeper_than_the_limit_is_told_at_once(name: str, opening: str) -> None:
    nesting = Nesting(name)
    assert nesting.feed(opening.encode() * DEPTHS[name])
    assert not nesting.feed(opening.encode())


def test_declarations_after_the_root_are_beyond_any_limit() -> None:
    assert not Nesting("xml").feed(b'<a><!ENTITY b "c"></a>')


@given(
    st.lists(st.sampled_from(["<", ">", '"', "'", "\\", "#", "\n", "[", "]", "{", "-", "!", "?", "/", "a"])), st.data()
)
def test_pieces_count_as_the_whole(parts: list[str], data: st.DataObject) -> None:
    content = "".join(parts).encode()
    cut = data.draw(st.integers(0, len(content)))
    for name in DEPTHS:
        whole, pieces = Nesting(name), Nesting(name)
        whole.feed(content)
        pieces.feed(content[:cut])
        pieces.feed(content[cut:])
        assert whole.deepest == pieces.deepest
