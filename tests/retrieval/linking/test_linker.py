from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.tokens import words_of

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
X = "http://x/"


@pytest.fixture(scope="module")
def linker(graph: KnowledgeGraph) -> Linker:
    return Linker.build(graph)


def of(*names: str) -> tuple[KnowledgeGraph, Linker]:
    graph = KnowledgeGraph.from_triples([(f"http://x/{i}", LABEL, Literal(name)) for i, name in enumerate(names)])
    return graph, Linker.build(graph)


def found(graph: KnowledgeGraph, linker: Linker, text: str) -> dict[str, str]:
    """Stretch of the text → label."""
    return {text[mention.start : mention.end]: graph.label(mention.node) for mention in linker.link(text)}


def test_names_are_found_with_their_places(graph: KnowledgeGraph, linker: Linker) -> None:
    text = "Fattoush with SUMAC, then pimentón and Za’atar."
    assert found(graph, linker, text) == {
        "Fattoush": "fattoush", "SUMAC": "sumac", "pimentón": "smoked paprika", "Za’atar": "za'atar",
    }  # fmt: skip


def test_words_are_whole(linker: Linker) -> None:
    assert linker.link("licorice, riceball, price") == ()


def test_plural_and_singular_are_one(graph: KnowledgeGraph, linker: Linker) -> None:
    assert found(graph, linker, "tomatoes and one almond") == {"tomatoes": "tomato", "almond": "almonds"}


def test_the_longest_name_wins() -> None:
    graph, linker = of("paprika", "smoked paprika", "paprika oil")
    assert found(graph, linker, "hot smoked paprika oil") == {"smoked paprika": "smoked paprika"}


def test_longer_and_rarer_names_weigh_more(graph: KnowledgeGraph) -> None:
    texts = ["rice"] * 50 + ["something else"] * 50 + ["sumac"]
    linker = Linker.build(graph, texts)
    weights = {graph.label(m.node): m.weight for m in linker.link("rice, sumac, smoked paprika")}
    assert 0 < weights["rice"] < weights["sumac"] / 2 < weights["smoked paprika"] / 2
    assert max(weights.values()) <= 1


def test_a_name_of_two_nodes_shares_its_weight_and_the_year_decides(graph: KnowledgeGraph, linker: Linker) -> None:
    both = linker.link("I saw Heat yesterday")
    assert len(both) == 2
    assert both[0].weight == both[1].weight < 0.3
    (one,) = linker.link("I saw Heat (1995) yesterday")
    assert graph.label(one.node) == "Heat (1995 film)"
    assert one.weight >= 0.9
    assert sum(m.weight for m in linker.link("Heat (2001)")) < sum(m.weight for m in both) / 2


def test_common_words_are_names_only_where_they_are_written_so() -> None:
    graph, linker = of("It (film)", "Up", "Her", "Once Upon a Time")
    assert linker.link("it went up. It was for her, only once") == ()
    assert found(graph, linker, 'We saw "up" and then Her.') == {"up": "Up", "Her": "Her"}
    weights = {m.node: m.weight for m in linker.link('We saw "Up" and then Her.')}
    assert weights[1] > 2 * weights[2]
    assert found(graph, linker, "once upon a time") == {"once upon a time": "Once Upon a Time"}


def test_one_word_without_its_capital_weighs_less() -> None:
    _, linker = of("Frozen", "Snow White")
    (plain,), (capital,) = linker.link("some frozen peas"), linker.link("I liked Frozen")
    assert plain.weight == pytest.approx(capital.weight / 2, abs=1e-5)
    assert linker.link("snow white")[0].weight == linker.link("Snow White")[0].weight


def test_nothing_to_find(linker: Linker) -> None:
    assert linker.link("") == linker.link("?!") == linker.link("nothing of ours") == ()
    assert linker.link_many([]) == []


def test_many_report_progress(linker: Linker) -> None:
    steps: list[tuple[int, int]] = []
    linked = linker.link_many(["sumac", "rice"], lambda *step: steps.append(step))
    assert linked == [linker.link("sumac"), linker.link("rice")]
    assert steps == [(1, 2), (2, 2)]


def test_long_texts_are_read_to_their_end(linker: Linker) -> None:
    text = "sumac and the smoked levant of smoked paprika " * 2500
    assert len(text) > 100_000
    mentions = linker.link(text)
    assert len(mentions) == 5000
    assert text[mentions[-1].start : mentions[-1].end] == "smoked paprika"
    assert mentions[-1].end == len(text.rstrip())


def test_saved_and_loaded_it_is_the_same(linker: Linker, tmp_path: Path) -> None:
    linker.save(tmp_path)
    text = "Heat (1995), tomatoes, and The Levant Coast"
    assert Linker.load(tmp_path).link(text) == linker.link(text)


def test_a_title_in_small_letters_weighs_as_the_corpus_writes_it() -> None:
    graph, _ = of("A-Film", "The Matrix")
    texts = ["we saw a film"] * 9 + ["we saw The Matrix"] * 9 + ["nothing"] * 9
    linker = Linker.build(graph, texts)
    weights = {m.node: m.weight for m in linker.link("a film like the matrix")}
    assert weights[0] < weights[1] / 5
    assert linker.link("A-Film")[0].weight > 5 * weights[0]


@pytest.mark.parametrize(
    ("label", "language", "text"),
    [
        ("北京", "zh", "我喜欢北京烤鸭"),
        ("กรุงเทพ", "th", "ฉันอยู่กรุงเทพมา"),
        ("もののけ姫", "ja", "昨日もののけ姫を見た"),
        ("दिल्ली", "hi", "वह दिल्ली में है"),
        ("القاهرة", "ar", "زرت القاهِرة أمس"),
        ("Αθήνα", "el", "στην ΑΘΉΝΑ χθες"),
        ("Zürich", "de", "in Zu\u0308rich gewesen"),
        ("서울", "ko", "나는 서울 에 산다"),
    ],
)
def test_names_of_any_language_are_found_where_they_stand(label: str, language: str, text: str) -> None:
    graph = KnowledgeGraph.from_triples(
        [(X + "place", LABEL, Literal(label, "", language)), (X + "place", X + "in", X + "other")]
    )
    (mention,) = Linker.build(graph).link(text)
    assert graph.nodes[mention.node] == X + "place"
    assert words_of(text[mention.start : mention.end]) == words_of(label)


def test_one_letter_of_a_script_without_spaces_is_too_common_to_be_a_name() -> None:
    graph = KnowledgeGraph.from_triples([(X + "man", LABEL, Literal("人", "", "zh")), (X + "man", X + "in", X + "o")])
    assert Linker.build(graph).link("人人有书") == ()
    assert Linker.build(graph).link("“人”")
