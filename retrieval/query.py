"""A query: what one example or one user asks, before anything was retrieved for it."""

from __future__ import annotations

from dataclasses import dataclass

_END = 200


@dataclass(frozen=True, slots=True)
class Query:
    """Text, seed entities, a history of items, or any of these together.

    Attributes:
        text: What the user wrote, or the text of the example; may be empty.
        entities: IRIs that the query is known to be about; retrieval starts from them.
        history: IRIs of items met before, oldest first; retrieval starts from them too, and the
            model reads them as input of its own.
        exclude: Groups of passages that must not be retrieved (an example's own dialogue, say).
        hide: IRIs of relations whose triples must not be seen (they state the label).
        example: Id of the labelled example that this is; its own label is never evidence.
        group: The group of that example; no label of the group is evidence.
    """

    text: str = ""
    entities: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    example: str = ""
    group: str = ""


def readable(text: str) -> str:
    """A text without halves of surrogate pairs, which no encoder and no server can read: they become question marks."""
    return text.encode("utf-8", "replace").decode()


def gist(text: str) -> str:
    """What a text is searched by in meaning: a long one is cut to its beginning and its end, which say what it is.

    Halves of surrogate pairs become question marks.
    """
    text = readable(text)
    if len(text) <= 2 * _END:
        return text
    return f"{text[:_END].rsplit(' ', 1)[0]} … {text[-_END:].split(' ', 1)[-1]}"
