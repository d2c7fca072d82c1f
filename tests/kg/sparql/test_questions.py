from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.sparql.questions import graphs, translated, usual_prefixes

WORDS = ["SELECT", "*", "WHERE", "{", "}", "?a", "?b", "<http://x/p>", ".", ";", "FILTER", "(", ")", '"x"', "OPTIONAL"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("SELECT ?p {?p a ?x", "found its end at line 1, column 19"),
        ("SELECT *\nWHERE {\n  ?a !! ?b\n}", r"found '\?a !! \?b' at line 3, column 3"),
        ("", "found its end at line 1, column 1"),
        ("hello", "found 'hello' at line 1, column 1"),
        ("SELECT * { ?s y:p ?o }", "Unknown namespace prefix : y"),
        ("SELECT * " + "{" * 5000 + "}" * 5000, "nested too deeply"),
        ("ASK { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }", "nested too deeply"),
        ("ASK { ?s ?p " + "[ <a:p> " * 5000 + "1" + "]" * 5000 + " }", "nested too deeply"),
        ("#" * 2_000_000, "at most 1,000,000 characters, found 2,000,000; make it shorter"),
    ],
)
def test_what_is_no_query_becomes_one_error(question: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        translated(question, usual_prefixes())


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_query_or_an_error(question: str) -> None:
    with suppress(DataError):
        assert translated(question, usual_prefixes()).algebra.name.endswith("Query")


def test_graphs_of_a_query_are_those_that_are_there() -> None:
    asked = translated("SELECT * FROM <http://x/g> FROM NAMED <http://x/h> { ?s ?p ?o }", {})
    assert graphs(asked, ["http://x/g", "http://x/h"]) == (frozenset(["http://x/g"]), frozenset(["http://x/h"]))
    assert graphs(translated("ASK { ?s ?p ?o }", {}), [""]) == (None, None)
    with pytest.raises(DataError, match=r"of this graph \(http://x/h\), found http://x/g; nothing is fetched"):
        graphs(asked, ["", "http://x/h"])
