from __future__ import annotations

from dataclasses import replace

import pytest

from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query


@pytest.fixture(scope="module")
def evidence(index: Index) -> Evidence:
    found = Retriever(index)(Query(text="sumac <b>or</b> smoked paprika"))
    assert found.passages
    assert len(found.subgraph.nodes)
    return found


def test_evidence_shows_its_passages_reasons_and_subgraph(evidence: Evidence) -> None:
    source = evidence._repr_html_()
    assert "sumac &lt;b&gt;or&lt;/b&gt; smoked paprika" in source
    assert evidence.within is not None
    first = evidence.passages[0]
    corpus = evidence.within.corpus
    assert f"<b>{corpus.titles[first.passage] or corpus.ids[first.passage]}</b>" in source
    assert first.reason.split(",")[0].split(";")[0] in source
    assert source.count("<circle") == len(evidence.subgraph.nodes)


def test_what_is_not_there_is_said(evidence: Evidence) -> None:
    bare = replace(evidence, passages=(), notes=("nothing <links>",), query=Query(entities=("http://x/y",)))
    source = bare._repr_html_()
    assert "no passages" in source
    assert "<li>nothing &lt;links&gt;</li>" in source
    assert "http://x/y" in source
    assert f"passage {evidence.passages[0].passage}" in replace(evidence, within=None)._repr_html_()


def test_a_plot_is_that_of_the_subgraph(evidence: Evidence) -> None:
    pytest.importorskip("matplotlib", reason="needs ragmtl[plot]")
    assert len(evidence.plot().axes[0].texts) == len(evidence.subgraph.nodes)
