"""What is asked of a server of passages, and what it answers: the same for every kind of server.

hits, = server.ask([ByWords("sour red spice", most=200, without=frozenset({"spices"}))])
server.count(["sumac", "red pepper"]).held    # how many passages hold each phrase
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ragmtl.errors import ConfigError
from ragmtl.retrieval.corpus import Passage, reading_of
from ragmtl.retrieval.query import readable
from ragmtl.retrieval.servers.asking import TroubleError

MOST_WORDS = 256
"""Of a longer text, servers are asked with the first half and the last half of so many words (they limit clauses)."""

_NOBODY: frozenset[str] = frozenset()
Vectors: TypeAlias = Float32[np.ndarray, "passage dim"]


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a passage are called on a server; an empty name stands for a field that there is not.

    Attributes:
        id: Its id; empty for the server's own (`_id` of Elasticsearch and OpenSearch).
        title, text: What it is called, and what it says.
        search: One field with both, which is searched then; title and text, each by itself, where empty.
        group: Name of its group; needed where queries exclude groups.
        entities: IRIs of what it speaks of; without it, names are looked for in the text.
        vector: Its vector, by the encoder that queries are encoded with; without it, what words and the graph found is
            encoded here.
    """

    id: str = ""
    title: str = "title"
    text: str = "text"
    search: str = ""
    group: str = "group"
    entities: str = "entities"
    vector: str = ""

    def __post_init__(self) -> None:
        if not self.text:
            raise ConfigError("expected the name of the field of texts, found an empty one; name it in `text`")

    @property
    def searched(self) -> list[str]:
        """The fields that are searched by words."""
        return [self.search] if self.search else [name for name in (self.title, self.text) if name]

    @property
    def shown(self) -> list[str]:
        """The fields that make a passage."""
        return [name for name in (self.id, self.title, self.text, self.group, self.entities) if name]

    def passage(self, values: dict[str, Any], identity: str) -> Passage:
        """A passage out of the values of a document.

        Args:
            values: By field.
            identity: Its id where no field of its own holds one.

        Raises:
            TroubleError: There is no text, or no id.
        """
        text = _text(values.get(self.text))
        name = _text(values.get(self.id)) if self.id else identity
        if not text or not name:
            missing = "text" if not text else "id"
            raise TroubleError(
                f"a passage without {missing} ({name or 'no id'!r})", passes=False, advice="check the names of fields"
            )
        entities = values.get(self.entities) if self.entities else None
        listed = entities if isinstance(entities, list) else [entities] if entities else []
        title = _text(values.get(self.title)) if self.title else ""
        group = _text(values.get(self.group)) if self.group else ""
        return Passage(name, text, title, tuple(dict.fromkeys(filter(None, map(_text, listed)))), group)

    def document(self, passage: Passage) -> dict[str, Any]:
        """The values of a passage by field, without its vector; its group is its id where it has none."""
        values = {
            self.id: passage.id,
            self.title: passage.title,
            self.text: passage.text,
            self.group: passage.group or passage.id,
            self.entities: list(passage.entities),
            self.search: reading_of(passage.title, passage.text),
        }
        return {name: value for name, value in values.items() if name}


@dataclass(frozen=True, slots=True)
class ByWords:
    """Passages that share words with a text, but none of the groups `without`."""

    text: str
    most: int
    without: frozenset[str] = _NOBODY


@dataclass(frozen=True, slots=True)
class ByVector:
    """Passages whose vectors are near; the server must keep vectors."""

    vector: tuple[float, ...]
    most: int
    without: frozenset[str] = _NOBODY


@dataclass(frozen=True, slots=True)
class ByEntities:
    """Passages that speak of entities, those first that speak of the heaviest: (IRI, name, weight) of each."""

    entities: tuple[tuple[str, str, float], ...]
    most: int
    without: frozenset[str] = _NOBODY


@dataclass(frozen=True, slots=True)
class Some:
    """Passages as good as drawn at random: by them it is told what all passages are like."""

    most: int


Question: TypeAlias = ByWords | ByVector | ByEntities | Some


@dataclass(frozen=True, slots=True)
class Hits:
    """Passages that were found.

    Attributes:
        passages: The best first.
        scores: As the server gives them; cosines for `ByVector`.
        matches: How many passages have a score above 0, with those that are not told.
        part: What is missing, where only a part of the server has answered.
    """

    passages: tuple[Passage, ...] = ()
    scores: tuple[float, ...] = ()
    matches: int = 0
    part: str = ""

    def but(self, without: frozenset[str]) -> Hits:
        """Without passages of some groups: what a query must not see is not seen, whatever a server sends."""
        kept = [
            (passage, score)
            for passage, score in zip(self.passages, self.scores, strict=True)
            if (passage.group or passage.id) not in without and passage.id not in without
        ]
        return replace(self, passages=tuple(one for one, _ in kept), scores=tuple(score for _, score in kept))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many passages there are, and how many of them hold each phrase."""

    total: int
    held: tuple[int, ...]


@runtime_checkable
class Passages(Protocol):
    """A server of passages, or passages here that are asked in the same way."""

    @property
    def shown(self) -> str:
        """What it is called in notes and errors."""
        ...

    @property
    def has_vectors(self) -> bool:
        """Whether it can be asked `ByVector`."""
        ...

    @property
    def has_groups(self) -> bool:
        """Whether it can leave out passages of groups."""
        ...

    def ask(self, questions: Sequence[Question]) -> list[Hits]:
        """Answers to several questions, in one request where the server can.

        Raises:
            DataError: There is no answer that can be used.
        """
        ...

    def count(self, phrases: Sequence[str]) -> Counts:
        """How many passages there are, and how many hold each phrase.

        Raises:
            DataError: There is no answer that can be used.
        """
        ...


@runtime_checkable
class TakesPassages(Passages, Protocol):
    """A server into which passages can be written."""

    def push(self, passages: Sequence[Passage], vectors: Vectors | None = None) -> int:
        """Write passages, and say how many; those of an id that is there are replaced.

        Raises:
            DataError: The server does not take them; what was written until then stays.
        """
        ...


def asked_text(text: str) -> str:
    """A text as servers are asked with it: of a long one, its beginning and its end.

    >>> len(asked_text("word " * 1000).split())
    256
    """
    words = readable(text).split()
    half = MOST_WORDS // 2
    return " ".join(words if len(words) <= MOST_WORDS else words[:half] + words[-half:])


def _text(value: object) -> str:
    """A value as text: the first of several."""
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or isinstance(value, dict | bool):
        return ""
    return readable(str(value)).strip()
