from __future__ import annotations

import pytest

from ragmtl.errors import DataError
from ragmtl.predict import Choices, Predictor
from ragmtl.retrieval.query import Query
from ragmtl.trust.why import why

T = "https://tea.example/"
QUERY = Query("Charcoal first, then dark fruit, from Fujian.")


def chances(predictor: Predictor, task: str, query: Query, choices: Choices) -> dict[str, float]:
    found = next(answer for answer in predictor.many([query], choices)[0].answers if answer.task == task)
    return {score.iri or score.name: score.value for score in found.scores}


@pytest.mark.parametrize(("task", "query"), [("kind", QUERY), ("notes", QUERY), ("requests", QUERY)])
def test_chances_are_those_of_the_prediction(predictor: Predictor, task: str, query: Query) -> None:
    every = chances(predictor, task, query, Choices(shown=100))
    for answer, chance in list(every.items())[:3]:
        found = why(predictor, query, task, answer)
        assert found.chance == pytest.approx(chance, abs=1e-5)
        assert found.rank == 1 + sum(other > chance + 1e-9 for other in every.values())


def test_effects_are_what_taking_away_does(predictor: Predictor) -> None:
    """With one passage and no node, taking that passage away leaves nothing."""
    import math

    little = Choices(passages=1, nodes=0)
    answer = predictor.tasks["notes"].answers[0]
    found = why(predictor, QUERY, "notes", answer, little)
    assert [piece.kind for piece in found.pieces] == ["passage"]
    logit = [math.log(chance / (1 - chance)) for chance in (found.chance, found.without)]
    assert found.pieces[0].effect == pytest.approx(logit[0] - logit[1], abs=1e-4)
    assert found.against == ""


def test_an_item_is_asked_by_its_name_and_shown_how_it_is_connected(predictor: Predictor) -> None:
    query = Query("", history=(T + "sencha",))
    found = why(predictor, query, "orders", "gyokuro")
    assert found.answer == T + "gyokuro"
    assert all("sencha" in path and "gyokuro" in path for path in found.paths)
    with pytest.raises(DataError, match="expected an item that was not met before, found 'sencha'"):
        why(predictor, query, "orders", T + "sencha")
