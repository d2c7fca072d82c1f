from __future__ import annotations

from dataclasses import replace

import pytest

from ragmtl.curves import Curve
from ragmtl.prediction import (
    Answer,
    Judged,
    MentionView,
    NodeView,
    PassageView,
    Prediction,
    Score,
    TripleView,
    Vote,
)
from ragmtl.report import Comparison, Difference, Row
from ragmtl.retrieval.query import Query

BASE = "https://example.org/kitchen/"
TEXT = (
    "Flatbread from the market oven, brushed with olive oil and crusted with sesame, dried thyme and sumac, "
    "eaten warm with strained yoghurt and cucumber."
)


def iri(name: str) -> str:
    return BASE + name.replace(" ", "_")


NODES = (
    # label, score, seed, attention, reason
    ("sumac", 1.00, True, 0.088, "named in the text as 'sumac'"),
    ("sesame", 0.91, True, 0.052, "named in the text as 'sesame'"),
    ("thyme", 0.88, True, 0.041, "named in the text as 'thyme'"),
    ("olive oil", 0.74, True, 0.022, "named in the text as 'olive oil'"),
    ("yoghurt", 0.71, True, 0.019, "named in the text as 'yoghurt'"),
    ("cucumber", 0.69, True, 0.008, "named in the text as 'cucumber'"),
    ("flatbread", 0.66, True, 0.016, "named in the text as 'Flatbread'"),
    ("za'atar", 0.63, False, 0.071, "1 step from sumac, sesame and thyme (contains)"),
    ("Levant", 0.52, False, 0.047, "1 step from sumac (grown in)"),
    ("Eastern Mediterranean", 0.41, False, 0.014, "2 steps from sumac (grown in, part of)"),
    ("Anatolia", 0.36, False, 0.011, "1 step from sumac (grown in)"),
    ("spice", 0.35, False, 0.004, "1 step from sumac (kind of)"),
    ("dried herb", 0.33, False, 0.003, "1 step from thyme (kind of)"),
    ("sour", 0.32, False, 0.012, "1 step from sumac (tastes)"),
    ("oilseed", 0.27, False, 0.002, "1 step from sesame (kind of)"),
    ("tahini", 0.26, False, 0.010, "1 step from sesame (made from)"),
    ("labneh", 0.25, False, 0.017, "1 step from yoghurt (made from)"),
    ("fermented milk", 0.22, False, 0.002, "1 step from yoghurt (kind of)"),
    ("milk", 0.19, False, 0.003, "2 steps from yoghurt (kind of, made from)"),
    ("milk allergen", 0.18, False, 0.006, "1 step from yoghurt (carries allergen)"),
    ("sesame allergen", 0.18, False, 0.007, "1 step from sesame (carries allergen)"),
    ("wheat", 0.16, False, 0.003, "1 step from flatbread (made from)"),
    ("gluten", 0.15, False, 0.005, "2 steps from flatbread (made from, carries allergen)"),
    ("lemon juice", 0.14, False, 0.006, "1 step from sumac (can be replaced by)"),
    ("oregano", 0.12, False, 0.003, "1 step from thyme (can be replaced by)"),
    ("olive", 0.11, False, 0.001, "1 step from olive oil (made from)"),
)

TRIPLES = (
    ("za'atar", "contains", "sumac", 0.94),
    ("za'atar", "contains", "sesame", 0.90),
    ("za'atar", "contains", "thyme", 0.88),
    ("za'atar", "typical of", "Levant", 0.71),
    ("sumac", "grown in", "Levant", 0.68),
    ("sumac", "grown in", "Anatolia", 0.44),
    ("Levant", "part of", "Eastern Mediterranean", 0.41),
    ("Anatolia", "part of", "Eastern Mediterranean", 0.33),
    ("sumac", "kind of", "spice", 0.35),
    ("sumac", "tastes", "sour", 0.36),
    ("sumac", "can be replaced by", "lemon juice", 0.24),
    ("lemon juice", "tastes", "sour", 0.15),
    ("thyme", "kind of", "dried herb", 0.33),
    ("thyme", "can be replaced by", "oregano", 0.18),
    ("oregano", "kind of", "dried herb", 0.10),
    ("sesame", "kind of", "oilseed", 0.25),
    ("tahini", "made from", "sesame", 0.31),
    ("tahini", "typical of", "Levant", 0.22),
    ("sesame", "carries allergen", "sesame allergen", 0.28),
    ("labneh", "made from", "yoghurt", 0.35),
    ("labneh", "typical of", "Levant", 0.29),
    ("yoghurt", "kind of", "fermented milk", 0.22),
    ("fermented milk", "made from", "milk", 0.17),
    ("yoghurt", "carries allergen", "milk allergen", 0.24),
    ("milk", "carries allergen", "milk allergen", 0.14),
    ("flatbread", "made from", "wheat", 0.21),
    ("wheat", "carries allergen", "gluten", 0.16),
    ("olive oil", "made from", "olive", 0.13),
    ("olive", "grown in", "Anatolia", 0.09),
    ("cucumber", "paired with", "yoghurt", 0.31),
)

PASSAGES = (
    PassageView(
        "p-017",
        "Sumac",
        "The dried, coarsely ground fruit of a shrub that grows wild on dry hills. It gives a clean sourness without "
        "liquid, which is why cooks scatter it over bread, onions and grilled meat at the very end. Old fruit turns "
        "brown and loses its edge; good sumac is brick red and slightly moist.",
        1.0,
        {"bm25": 0.82, "dense": 0.74, "graph": 1.0},
        "speaks of sumac, which the text names",
        0.171,
    ),
    PassageView(
        "p-102",
        "Mixing za'atar",
        "Every household has its own proportion of dried thyme or wild oregano, toasted sesame, sumac and salt. The "
        "mixture is loosened with olive oil and spread on dough before baking, or eaten dry with bread dipped in oil.",
        0.93,
        {"bm25": 0.77, "dense": 0.81, "graph": 0.88},
        "speaks of sesame, thyme and sumac; close in meaning to the text",
        0.142,
    ),
    PassageView(
        "p-055",
        "Straining yoghurt",
        "Hung overnight in cloth, yoghurt gives up its whey and thickens to something between cream and fresh cheese. "
        "Salted and covered with oil it keeps for weeks.",
        0.61,
        {"dense": 0.66, "graph": 0.41, "tfidf": 0.38},
        "speaks of yoghurt, which the text names",
        0.064,
    ),
    PassageView(
        "p-210",
        "The dome oven",
        "Thin doughs are slapped against the wall or laid over a convex griddle; they blister within a minute. "
        "The heat stored in clay or iron matters more than the flame.",
        0.44,
        {"bm25": 0.21, "dense": 0.58},
        "close in meaning to the text",
        0.021,
    ),
    PassageView(
        "p-131",
        "Toasting sesame",
        "A dry pan and constant movement: the seeds start to jump, smell of bread, and a moment later are burnt. "
        "Untoasted seed browns on its own on top of a loaf.",
        0.40,
        {"bm25": 0.44, "graph": 0.31},
        "speaks of sesame, which the text names",
        0.019,
    ),
)


def answers() -> tuple[Answer, ...]:
    cuisines = (("Levantine", 0.71), ("Turkish", 0.14), ("Greek", 0.062), ("Persian", 0.034), ("Maghrebi", 0.021))
    more = (("Georgian", 0.012), ("Armenian", 0.009), ("Egyptian", 0.006), ("Iraqi", 0.0046), ("Italian", 0.0014))
    labels = (("gluten", 0.93), ("sesame", 0.88), ("milk", 0.81), ("vegetarian", 0.9961), ("nuts", 0.07), ("egg", 0.05))
    best = (("sea salt", 0.092), ("pomegranate molasses", 0.071), ("spring onion", 0.048), ("mint", 0.044))
    items = (*best, ("garlic", 0.041), ("lemon", 0.033), ("parsley", 0.028), ("chickpea", 0.017))
    ordered = sorted(labels, key=lambda label: -label[1])
    return (
        Answer(
            "cuisine",
            "class",
            ("Levantine",),
            tuple(Score(name, value) for name, value in cuisines + more),
            votes=(Vote("Levantine", iri("sumac"), "sumac", 0.62), Vote("Levantine", iri("thyme"), "thyme", -0.08)),
            judged=(Judged("Levantine", "p-017", "Sumac", 0.41), Judged("Levantine", "p-055", "", -0.2)),
        ),
        Answer(
            "diet and allergens",
            "labels",
            tuple(name for name, value in ordered if value >= 0.4),
            tuple(Score(name, value) for name, value in ordered),
            0.4,
        ),
        Answer(
            "missing ingredient",
            "ranking",
            tuple(name for name, _ in items[:5]),
            tuple(Score(name, value, iri(name)) for name, value in items),
        ),
    )


@pytest.fixture
def kitchen() -> Prediction:
    """An invented prediction about a dish: 26 entities, 30 triples, 5 passages, 3 tasks."""
    place = {node[0]: position for position, node in enumerate(NODES)}
    spans = [("Flatbread", "flatbread"), *((name, name) for name in ("olive oil", "sesame", "thyme", "sumac"))]
    spans += [("yoghurt", "yoghurt"), ("cucumber", "cucumber")]
    return Prediction(
        query=Query(TEXT, entities=(iri("flatbread"),), history=(iri("hummus"), iri("tabbouleh"))),
        answers=answers(),
        passages=PASSAGES,
        nodes=tuple(NodeView(iri(n), n, score, seed, reason, weight) for n, score, seed, weight, reason in NODES),
        triples=tuple(
            TripleView(place[head], place[tail], iri(name), name, weight, f"{file_of(name)}.ttl", graph_of(name))
            for head, name, tail, weight in TRIPLES
        ),
        mentions=tuple(MentionView(TEXT.index(span), TEXT.index(span) + len(span), iri(n), n) for span, n in spans),
        no_evidence=0.110,
        notes=("2 items of the history are unknown to the graph: hummus, tabbouleh",),
        run="kitchen-mtl-3",
    )


def file_of(relation: str) -> str:
    return "allergens" if "allergen" in relation else "ingredients"


def graph_of(relation: str) -> str:
    return BASE + "graph/origins" if relation in ("grown in", "part of", "typical of") else ""


@pytest.fixture
def bare() -> Prediction:
    """A prediction for which nothing was retrieved."""
    note = "nothing in the query links to the graph; answered from text alone"
    return Prediction(Query("hello"), answers()[:1], (), (), (), (), 1.0, (note,))


PAYLOADS = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "${title} {summary} %s",
    "\u202egnp.exe\x00\x1b[31m",
    "\ud800",
)


@pytest.fixture
def hostile() -> Prediction:
    """Every text of a prediction is an attack."""
    bad = " ".join(PAYLOADS)
    scores = (Score(bad, 0.6, "javascript:alert(1)"), Score("plain", 0.4, "https://example.org/\"onclick='x'"))
    nodes = tuple(NodeView(f"{address}{bad}", bad, 0.5, True, bad, 0.25) for address in ("javascript:", "https://x.y/"))
    return Prediction(
        query=Query(bad, ("javascript:alert(2)",), (bad,), frozenset({bad}), frozenset({bad})),
        answers=tuple(Answer(bad, kind, (bad,), scores, 0.5) for kind in ("class", "labels", "ranking")),
        passages=(PassageView(bad, bad, bad * 30, 0.5, {bad: 0.5}, bad, 0.5),),
        nodes=nodes,
        triples=(TripleView(0, 1, "data:text/html,<script>alert(1)</script>", bad, 0.5, bad, bad),),
        mentions=(
            MentionView(0, 8, "javascript:alert(3)", bad),
            MentionView(4, 9999, bad, bad),
            MentionView(-3, 4, bad, bad),
        ),
        no_evidence=float("nan"),
        notes=(bad,),
        run=bad,
    )


# --- a comparison -----------------------------------------------------------------------------------------------------

FIGURES: dict[tuple[str, str, str], tuple[float, ...]] = {
    # task, slice, metric: value per arm
    ("genre", "all", "micro_f1"): (0.521, 0.608, 0.518, 0.611, 0.598, 0.512),
    ("genre", "all", "macro_f1"): (0.402, 0.471, 0.409, 0.483, 0.470, 0.401),
    ("dialogues", "all", "recall@10"): (0.181, 0.192, 0.183, 0.203, 0.199, 0.190),
    ("dialogues", "new only", "recall@10"): (0.115, 0.131, 0.112, 0.139, 0.137, 0.116),
}
ARMS: tuple[str, ...] = ("single", "rag-single", "mtl", "rag-mtl", "random-passages", "shuffled-graph")
CONTRASTS = (
    ("rag-mtl", "mtl"),
    ("rag-single", "single"),
    ("mtl", "single"),
    ("rag-mtl", "rag-single"),
    ("random-passages", "mtl"),
    ("shuffled-graph", "mtl"),
    ("rag-mtl", "random-passages"),
    ("rag-mtl", "shuffled-graph"),
)


@pytest.fixture
def comparison() -> Comparison:
    """An invented comparison of two tasks and six arms."""
    rows, differences = [], []
    for (task, part, metric), values in FIGURES.items():
        by_arm = dict(zip(ARMS, values, strict=True))
        for arm, value in by_arm.items():
            rows.append(Row("movies", task, part, "test", arm, metric, value, value - 0.016, value + 0.015, (0,)))
        for arm, against in CONTRASTS:
            apart = by_arm[arm] - by_arm[against]
            differences.append(Difference(task, part, metric, arm, against, apart, apart - 0.014, apart + 0.015))
    return Comparison(
        "movies",
        tuple(rows),
        tuple(differences),
        "ragmtl compare movies.toml",
        "0123456789ab",
        "Linux x86_64, 2 cores",
        {"python": "3.11.9", "torch": "2.13.0"},
        (0,),
        ("dialogues: 31 rows without a known film were left out",),
    )


@pytest.fixture
def hostile_comparison(comparison: Comparison) -> Comparison:
    """Every text of a comparison is an attack."""
    bad = " ".join(PAYLOADS)
    return Comparison(
        bad,
        tuple(replace(row, data=bad, task=bad, slice=bad, arm=bad, metric=bad) for row in comparison.rows[:1]),
        tuple(replace(d, task=bad, slice=bad, metric=bad, arm=bad, against=bad) for d in comparison.differences[:1]),
        bad,
        bad,
        bad,
        {bad: bad},
        (0,),
        (bad,),
        (Curve("valid", bad, bad, 0, (1,), (0.5,)), Curve("conflict", bad, bad, 0, (1,), (0.5,))),
    )
