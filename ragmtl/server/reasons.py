"""Why, and why not, as HTML: each piece of evidence with what it does to the answer that was asked about."""

from __future__ import annotations

from ragmtl.inspector.markup import escape, link
from ragmtl.inspector.words import count, percent, shorten
from ragmtl.trust.why import Piece, Why

FEW, LEAST, LETTERS = 6, 5e-4, 90
_KINDS = {
    "passage": "passage",
    "entity": "entity",
    "example": "labelled example",
    "item": "met before",
    "signal": "signal",
}


def reasons(found: Why) -> str:
    """What speaks for and against an answer."""
    speaking = [piece for piece in found.pieces if piece.effect > LEAST]
    against = [piece for piece in reversed(found.pieces) if piece.effect < -LEAST]
    most = max((abs(piece.effect) for piece in found.pieces), default=0.0) or 1.0
    title = f'<h4><bdi>{escape(found.label)}</bdi> <span class="number">{percent(found.chance)}</span></h4>'
    return (
        f'<div class="reasons">{title}'
        f"<p>{_sentence(found)}</p>{_list('Speaks for it', speaking, most)}{_list('Speaks against it', against, most)}"
        f"{_nothing(found, speaking + against)}{_paths(found.paths)}"
        '<p class="quiet small">By how much the log-odds fall when the piece is taken away.</p></div>'
    )


def _sentence(found: Why) -> str:
    without = f"Without any evidence it would have {percent(found.without)}."
    if not found.against:
        return f"It stands by itself. {without}"
    place = "The first choice" if found.rank == 1 else f"Number {found.rank}"
    beside = f"<bdi>{escape(found.against)}</bdi> has {percent(found.against_chance)}"
    return f"{place}; {beside}, and is what it is held against. {without}"


def _list(title: str, pieces: list[Piece], most: float) -> str:
    if not pieces:
        return ""
    rest = len(pieces) - FEW
    more = f'<li class="quiet">and {count(rest, "weaker piece")}</li>' if rest > 0 else ""
    rows = "".join(_row(piece, most) for piece in pieces[:FEW])
    return f'<h5>{title}</h5><ul class="pieces">{rows}{more}</ul>'


def _row(piece: Piece, most: float) -> str:
    label = shorten(piece.label, LETTERS)
    name = link(piece.id, label) if piece.kind in ("entity", "item") else f"<bdi>{escape(label)}</bdi>"
    width = 100 * min(abs(piece.effect) / most, 1.0)
    kind = "for" if piece.effect > 0 else "against"
    bar = (
        f'<svg class="bar {kind}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect width="100" height="8" class="track"/><rect width="{width:.1f}" height="8" class="fill"/></svg>'
    )
    return (
        f'<li><span class="name">{name} <span class="quiet">{_KINDS[piece.kind]}</span></span> '
        f'<span class="number">{piece.effect:+.3f}</span>{bar}</li>'
    )


def _nothing(found: Why, pieces: list[Piece]) -> str:
    if pieces:
        return ""
    said = "no piece of it changes the answer" if found.pieces else "nothing was retrieved"
    return f'<p class="quiet">The evidence says nothing about it: {said}.</p>'


def _paths(paths: tuple[str, ...]) -> str:
    if not paths:
        return ""
    rows = "".join(f"<li><bdi>{escape(path)}</bdi></li>" for path in paths)
    return f'<h5>How the graph connects it</h5><ul class="pieces">{rows}</ul>'
