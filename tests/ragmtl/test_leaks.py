from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.leaks import find_leaks
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Label, Source, Split
from ragmtl.tasks.classify import ClassTask, LabelsTask

X = "http://x/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
GENRE = ClassTask("genre", ("Drama", "Science Fiction"))
GENRES = LabelsTask("genre", ("Drama", "Science Fiction"))
FILMS = range(8)


def graph(right: int = 8, relation: str = "genre") -> KnowledgeGraph:
    """Films 0 to 7, in turns of two genres; `right` of them have the right one in the graph."""
    genres = [film % 2 if film < right else 1 - film % 2 for film in FILMS]
    triples: list[tuple[str, str, str | Literal]] = [
        (f"{X}film{film}", X + relation, f"{X}g{genre}") for film, genre in zip(FILMS, genres, strict=True)
    ]
    triples += [(f"{X}film{film}", X + "country", X + "France") for film in FILMS]
    triples += [(X + "g0", LABEL, Literal("drama")), (X + "g1", LABEL, Literal("science-fiction"))]
    return KnowledgeGraph.from_triples(triples)


def source(task: ClassTask | LabelsTask = GENRE, hide: str = "", split: Split = "train") -> Source:
    def label(film: int) -> Label:
        return (film % 2,) if task.head == "labels" else film % 2

    examples = [
        Example(
            str(film),
            Query(entities=(f"{X}film{film}",), hide=frozenset({hide} - {""})),
            {"genre": label(film)},
            str(film),
            split,
        )
        for film in FILMS
    ]
    return Source.of("films", examples, (task,))


@pytest.mark.parametrize("task", [GENRE, GENRES])
def test_a_relation_that_states_the_label_is_named(task: ClassTask | LabelsTask) -> None:
    (warning,) = find_leaks(source(task), graph())
    assert "task 'genre'" in warning
    assert f"<{X}genre> leads to it for 8 of the 8 training examples" in warning
    assert f'add hide = ["{X}genre"]' in warning


def test_what_is_hidden_already_is_no_leak() -> None:
    assert find_leaks(source(hide=X + "genre"), graph()) == []
    assert len(find_leaks(source(hide=X + "country"), graph())) == 1


@pytest.mark.parametrize(("right", "warnings"), [(8, 1), (5, 1), (4, 0), (0, 0)])
def test_more_than_half_is_the_line(right: int, warnings: int) -> None:
    assert len(find_leaks(source(), graph(right))) == warnings


def test_literals_and_incoming_triples_state_labels_too() -> None:
    literals = [(f"{X}film{film}", X + "tag", Literal(GENRE.answers[film % 2].upper())) for film in FILMS]
    incoming = [(X + ("Drama", "Science_Fiction")[film % 2], X + "holds", f"{X}film{film}") for film in FILMS]
    warnings = find_leaks(source(), KnowledgeGraph.from_triples([*literals, *incoming]))
    assert [X + "holds" in warnings[0], X + "tag" in warnings[1]] == [True, True]


def test_only_what_is_learned_from_counts() -> None:
    assert find_leaks(source(split="test"), graph()) == []
    few = KnowledgeGraph.from_triples([(f"{X}film{film}", X + "tag", Literal("Drama")) for film in (0, 2, 4, 6)])
    assert find_leaks(source(), few) == []
