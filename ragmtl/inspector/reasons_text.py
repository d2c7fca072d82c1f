"""Recommended items and what carried them, as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ragmtl.inspector.markup import clean
from ragmtl.inspector.words import shorten
from ragmtl.prediction import Score
from ragmtl.trust.why import Why

FEW, LETTERS = 4, 60
_KINDS = {
    "item": "met before",
    "entity": "in the graph",
    "passage": "passage",
    "example": "labelled example",
    "signal": "signal",
}


def item_line(place: int, score: Score) -> str:
    """An item with its place and chance."""
    return f"{place:3}  {score.value:6.1%}  {clean(score.name)}  <{score.iri}>"


def reason_lines(found: Why) -> Iterator[str]:
    """What carried an item: of evidence and history, and of signals, the few that speak most for it; and paths."""
    for signals in (False, True):
        carrying = [piece for piece in found.pieces if (piece.kind == "signal") == signals and piece.share > 0]
        for piece in carrying[:FEW]:
            yield f"       {piece.share:4.0%}  {_KINDS[piece.kind]:12}  {clean(shorten(piece.label, LETTERS))}"
    yield from (f"             {clean(path)}" for path in found.paths)
