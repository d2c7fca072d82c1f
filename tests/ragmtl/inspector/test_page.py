from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ragmtl.inspector.markup import static
from ragmtl.inspector.notebook import framed
from ragmtl.inspector.page import answer_card, highlighted, render_prediction
from ragmtl.prediction import Answer, MentionView, Prediction, Score
from ragmtl.retrieval.query import Query
from ragmtl.tasks.answer import Marked

VOID = {"meta", "rect", "line", "circle", "br", "link", "img"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; complains where elements are not nested."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_every_view_is_there(kitchen: Prediction) -> None:
    page = Page(render_prediction(kitchen))
    for part in ("asked", "answers", "attention", "passages", "graph", "canvas", "detail", "notes"):
        assert part in {attributes.get("id") for _, attributes in page.elements}
    assert [kitchen.run in page.text, kitchen.notes[0] in page.text] == [True, True]
    for answer in kitchen.answers:
        assert answer.task in page.text
        assert all(score.name in page.text for score in answer.scores)
    for passage in kitchen.passages:
        assert passage.title in page.text
        assert passage.reason in page.text
    assert all(node.reason in page.text for node in kitchen.nodes)


def test_figures_are_shown(kitchen: Prediction) -> None:
    text = Page(render_prediction(kitchen)).text
    for shown in (
        "Levantine 71 %",
        "chosen from a probability of 40 % on",
        "attention 17 %",
        "score 1.00",
        "bm25 0.82",
    ):
        assert shown in text.replace("\u00a0", " ")
    assert "42 % of the attention went to 5 passages, 47 % to 26 entities of the graph and 11 % to no evidence." in text


def test_the_table_holds_every_triple_with_its_source(kitchen: Prediction) -> None:
    source = render_prediction(kitchen)
    assert source.count('<span class="relation" data-triple=') == len(kitchen.triples) == 30
    row = source[source.index('data-triple="3"') :].split("</tr>")[0]
    for part in ("typical of", "Levant", "0.71", "ingredients.ttl", "https://example.org/kitchen/graph/origins"):
        assert part in row
    assert "default graph" in source[source.index('data-triple="0"') :].split("</tr>")[0]


def test_the_page_is_the_same_each_time(kitchen: Prediction) -> None:
    assert render_prediction(kitchen) == render_prediction(kitchen)


def test_the_page_loads_nothing(kitchen: Prediction) -> None:
    page = Page(render_prediction(kitchen))
    assert not page.all("link") + page.all("img") + page.all("iframe")
    assert not [attributes for _, attributes in page.elements if "src" in attributes or "style" in attributes]
    assert page.all("meta")[1]["content"].startswith("default-src 'none';")
    assert all(a["rel"] == "noopener noreferrer" for a in page.all("a") if not a["href"].startswith("#"))


def test_hostile_text_stays_text(hostile: Prediction) -> None:
    source = render_prediction(hostile)
    page = Page(source)
    assert not page.all("img")
    assert len(page.all("script")) == 3
    handlers = [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not handlers
    assert {attributes["href"].split(":")[0] for attributes in page.all("a")} <= {
        "https",
        "#answers",
        "#passages",
        "#graph",
    }
    assert "</script><script>alert(1)</script>" in page.text
    assert "${title} {summary} %s" in page.text
    own = source.replace(static("cytoscape.min.js"), "").replace(static("page.js"), "")
    assert not set(own) & set("\x00\x1b\u202e\ud800")
    source.encode("utf-8")


def test_nothing_retrieved_is_said(bare: Prediction) -> None:
    source = render_prediction(bare)
    text = Page(source).text
    for shown in (
        *bare.notes,
        "Nothing was retrieved",
        "No passage was retrieved.",
        "No part of the graph was retrieved.",
    ):
        assert shown in text
    assert "<script" not in source
    assert len(source) < 30_000


def test_nothing_at_all_is_said() -> None:
    source = render_prediction(Prediction(Query(), (), (), (), (), (), 1.0))
    text = Page(source).text
    assert "No text was given." in text
    assert "No task answered." in text
    assert "Please note" not in text


def test_entities_without_triples_are_listed(kitchen: Prediction) -> None:
    text = Page(render_prediction(replace(kitchen, triples=()))).text
    assert "not connected by any triple" in text
    assert "26 entities" in text


def test_labels_may_all_be_refused(kitchen: Prediction) -> None:
    answer = Answer("allergens", "labels", (), (Score("nuts", 0.0004), Score("egg", 0.9996)), 0.9999)
    text = Page(render_prediction(replace(kitchen, answers=(answer,)))).text.replace("\u00a0", " ")
    assert "none of them" in text
    assert "nuts < 0.1 %" in text
    assert "egg > 99 %" in text


@pytest.mark.parametrize(
    ("spans", "marked"),
    [
        ([(0, 3)], ["abc"]),
        ([(2, 5), (0, 3)], ["abc"]),
        ([(0, 2), (2, 4)], ["ab", "cd"]),
        ([(-1, 2), (4, 99), (3, 3)], []),
    ],
)
def test_mentions_that_cannot_be_marked_are_left_out(spans: list[tuple[int, int]], marked: list[str]) -> None:
    mentions = tuple(MentionView(start, end, "https://example.org/x", "x") for start, end in spans)
    shown = highlighted("abcdef", mentions)
    assert [part.split("</mark>")[0] for part in shown.split("&quot;>")[0].split('x">')[1:]] == marked
    assert "".join(Page(shown).words) == "abcdef"


def test_long_texts_are_folded(kitchen: Prediction) -> None:
    long = replace(kitchen.passages[0], text="word " * 4000)
    text = Page(render_prediction(replace(kitchen, passages=(long,), query=Query("x" * 100_000)))).text
    assert "letters more" in text
    assert text.count("word") == 4000


def test_a_notebook_gets_the_page_in_a_frame(kitchen: Prediction) -> None:
    frames = Page(kitchen._repr_html_()).all("iframe")
    assert frames[0]["srcdoc"] == render_prediction(kitchen)
    assert "allow-same-origin" not in frames[0]["sandbox"]
    assert framed(kitchen, height=300).count('height="300"') == 1


def test_votes_of_entities_are_told(kitchen: Prediction) -> None:
    assert render_prediction(kitchen).count('<details class="votes">') == 1
    text = " ".join(Page(render_prediction(kitchen)).text.split())
    assert "Votes of entities sumac on Levantine +0.62 thyme on Levantine -0.08" in text


def test_passages_that_a_text_was_judged_against_are_told(kitchen: Prediction) -> None:
    text = " ".join(Page(render_prediction(kitchen)).text.split())
    assert "Passages that decided Sumac on Levantine +0.41 p-055 on Levantine -0.20" in text


def test_a_long_table_lists_the_triples_that_weigh_most(kitchen: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragmtl.inspector.graph_view.MOST_ROWS", 3)
    page = render_prediction(kitchen)
    assert "The 3 of 30 triples that weigh most" in Page(page).text
    listed = [int(place) for place in re.findall(r'<span class="relation" data-triple="(\d+)"', page)]
    weights = [triple.weight for triple in kitchen.triples]
    assert len(listed) == 3
    assert listed == sorted(listed)
    assert sorted(weights[place] for place in listed) == sorted(weights)[-3:]


def test_stretches_of_a_text_are_told_with_their_places() -> None:
    marked = (Marked(8, 14, "<Duel>", "film", 0.93),)
    card = answer_card(Answer("names", "spans", ("<Duel> (film)",), (), marked=marked))
    assert "<mark>&lt;Duel&gt;</mark> <bdi>film</bdi>" in card
    assert "at 8\u201314" in card
    assert "<Duel>" not in card
