"""Recommendations to a user of the log or for some items, each with what carried it.

`ragmtl recommend RUN USER --why` asks for the best items, and asks `why` of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragmtl.errors import DataError
from ragmtl.predict import Predictor
from ragmtl.prediction import Score
from ragmtl.tasks.recommendation.interactions import HIDDEN
from ragmtl.trust.why import Why, why


@dataclass(frozen=True, slots=True)
class Reasoned:
    """An item that is recommended, and why."""

    item: Score
    why: Why


def with_reasons(
    predictor: Predictor, items: Sequence[str], *, text: str = "", task: str | None = None, top: int = 10
) -> tuple[Reasoned, ...]:
    """Rank all items but those given, and say what carried each of the best.

    Raises:
        DataError: An item is unknown, the run has no such ranking, or there is nothing to rank them by.
    """
    query, name = predictor.wanted(items, text, task)
    found = predictor.recommend(items, text=text, task=name, top=top)
    return tuple(Reasoned(score, why(predictor, query, name, score.iri or score.name)) for score in found)


def history_of(predictor: Predictor, asked: Sequence[str], task: str | None = None) -> tuple[str, ...]:
    """The items that are meant: those named, or all that the one user who is named met, oldest first.

    Raises:
        DataError: What is named is neither an entity of the graph nor a user of a log.
    """
    nodes = predictor.index.graph.nodes
    logs = [log for one in predictor.run.loaded for name, log in one.logs.items() if task in (None, name)]
    if len(asked) != 1 or nodes.find(asked[0]) is not None or not logs:
        return tuple(asked)
    for log in logs:
        if asked[0] in log.users:
            row = log.users.index(asked[0])
            met = (log.user_ids == row) & (log.splits != HIDDEN)
            return tuple(log.items[item] for item in log.item_ids[met].tolist())
    if "://" in asked[0]:
        return tuple(asked)
    raise DataError(
        f"expected a user of the log or the IRI of an item, found {asked[0]!r}; see the log's column of users"
    )
