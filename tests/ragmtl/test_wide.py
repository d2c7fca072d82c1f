from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import Float32

from ragmtl.compare import EvidenceKind
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.loaded import Loaded
from ragmtl.retrieval.controls import NoRetrieval
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.classify import ClassTask, LabelsTask
from ragmtl.wide import wide_signals

X = "http://x/"
DISHES = [(f"{X}dish{row}", row % 2) for row in range(20)]
GRAPH = KnowledgeGraph.from_triples(
    [(dish, f"{X}from", f"{X}{('west', 'east')[side]}") for dish, side in DISHES]
    + [(dish, f"{X}label", f"{X}label{side}") for dish, side in DISHES]
)
TASK = ClassTask("taste", ("mild", "hot"))
TAGS = LabelsTask("tags", ("mild", "hot"))


def example(row: int, text: str = "", hide: tuple[str, ...] = ()) -> Example:
    dish, side = DISHES[row]
    query = Query(text, (dish,), hide=frozenset(hide))
    return Example(str(row), query, {"taste": side, "tags": (side,)}, str(row), "train")


def signals(
    kind: EvidenceKind = "retrieved", hide: tuple[str, ...] = (), nodes: int = 1, *, told: bool = False
) -> Float32[np.ndarray, "example answer signal"]:
    """What is said of two examples: as of training, or, told, as of examples that are not."""
    texts = ("cool yoghurt", "chili, chili, pepper")
    rows = [example(row, texts[row % 2], hide) for row in range(20)]
    source = Loaded(Source.of("dishes", rows, (TASK, TAGS)))
    found = wide_signals(source, GRAPH, frozenset(), kind)
    assert set(found) == {"taste", "tags"}
    asked = [replace(one, id="", split="test") for one in rows[:2]] if told else rows[:2]
    seen = [_evidence(nodes), _evidence(nodes)]
    scores: Float32[np.ndarray, "example answer signal"] = found["taste"].scores(asked, seen)
    np.testing.assert_allclose(found["tags"].scores(asked, seen), scores, err_msg="one of two labels, or one class")
    return scores


def _evidence(nodes: int) -> Evidence | None:
    if not nodes:
        return None
    one = np.zeros(1)
    some = replace(Subgraph.empty(), nodes=one.astype(np.int64), scores=one.astype(np.float32), seeds=one > 0)
    return replace(NoRetrieval()(Query()), subgraph=some, reasons=("",))


@pytest.mark.parametrize("told", [False, True], ids=["training", "new"])
def test_words_and_neighbours_speak_for_the_right_answer(told: bool) -> None:
    found = signals(told=told)
    for row in range(2):
        assert (found[row, row] > 0).all()
        assert (found[row, 1 - row] < 0).all()


def test_an_arm_without_retrieval_reads_words_only() -> None:
    found = signals("none")
    assert found[..., 0].all()
    assert not found[..., 1].any()


def test_an_example_without_evidence_hears_no_neighbours() -> None:
    found = signals(nodes=0)
    assert found[..., 0].all()
    assert not found[..., 1].any()


def test_relations_that_are_hidden_say_nothing() -> None:
    assert not signals(hide=(f"{X}from", f"{X}label"))[..., 1].any()
    assert signals(hide=(f"{X}label",))[..., 1].any()
