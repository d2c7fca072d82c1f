from __future__ import annotations

import math
from dataclasses import replace

import pytest

from ragmtl.errors import DataError
from ragmtl.predict import Choices, Predictor
from ragmtl.retrieval.query import Query
from ragmtl.trust.asking import ask
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


def test_what_was_met_carries_an_item(predictor: Predictor) -> None:
    found = why(predictor, Query("", history=(T + "sencha", T + "matcha")), "orders", "gyokuro")
    assert {piece.id for piece in found.pieces if piece.kind == "item"} == {T + "sencha", T + "matcha"}
    for signals in (True, False):
        shares = [piece.share for piece in found.pieces if (piece.kind == "signal") == signals]
        assert sum(shares) == pytest.approx(1.0)
    assert all((piece.share > 0) == (piece.effect > 0) for piece in found.pieces)


def test_the_effects_of_signals_add_up_to_what_they_do_together(predictor: Predictor) -> None:
    """Each is its weight times how far it sets the item apart from the other one."""
    query, task = Query("", history=(T + "sencha",)), predictor.tasks["orders"]
    found = why(predictor, query, "orders", "gyokuro")
    assembly = next(one for one in predictor.read([query]) if task in one.source.tasks)
    signals = assembly.signals["orders"]
    silent = replace(signals, scores=lambda examples, evidence: 0 * signals.scores(examples, evidence))
    source = replace(assembly.source, tasks=(task,))
    logits = ask(predictor.run.model, replace(assembly, source=source, signals={"orders": silent}), task, [0]).logits[0]
    rival = why(predictor, query, "orders", found.against).answer
    margin = logits[list(task.answers).index(found.answer)] - logits[list(task.answers).index(rival)]
    every = {piece.id: piece.effect for piece in found.pieces if piece.kind == "signal"}
    assert set(every) == set(signals.names)
    temperature = predictor.run.temperatures.get("orders", 1.0)
    together = math.log(found.chance / found.against_chance) - margin / temperature
    assert sum(every.values()) == pytest.approx(together, abs=1e-4)
