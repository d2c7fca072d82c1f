"""What a task answers to one question, and how that is read off its logits: each task shows its own answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ragmtl.tasks.base import Example

SHOWN_ITEMS = 20


@dataclass(frozen=True, slots=True)
class Score:
    """One possible answer: its name, its IRI where it is an entity, and how much speaks for it.

    `value` is a probability for classes and labels, and a probability among all items for rankings.
    """

    name: str
    value: float
    iri: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What one entity of the evidence adds by itself to the logit of an answer (`ragmtl/models/heads/votes.py`)."""

    answer: str
    iri: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What one passage of the evidence adds by itself to the logit of an answer, above its mean over all answers.

    Positive: it speaks for the answer. `passage` is the id of the passage (`ragmtl/models/heads/pair.py`).
    """

    answer: str
    passage: str
    title: str
    value: float


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch of the text, `text[start:end]` of the query, what it is, and how sure that is, in [0, 1]."""

    start: int
    end: int
    text: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Step:
    """A triple on the way to an answer, by the names of its parts."""

    head: str
    relation: str
    tail: str

    def __str__(self) -> str:
        return f"{self.head} \u2014{self.relation}\u2192 {self.tail}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one task answers.

    Attributes:
        task: Name of the task.
        kind: `class` (one of the scores), `labels` (any number of them), `ranking`, or what else the task's head is.
        chosen: What the task settles on, in words: names of classes, labels or items, best first; a number; a text.
        scores: All classes or labels, or the best items; best first; none where there is nothing to choose from.
        threshold: From which probability on a label is chosen; only for `labels`.
        votes: The entities that spoke most for or against what was chosen, strongest first; none for rankings.
        meaning: What kind of answer this is, as a sentence, for kinds that the inspector does not know.
        path: How one gets from the entities of the query to an answer that is a node of the evidence.
        judged: The passages that a text was judged against, by how much they spoke for or against what was chosen.
        marked: The stretches of the text that the task marks, in order.
    """

    task: str
    kind: str
    chosen: tuple[str, ...]
    scores: tuple[Score, ...]
    threshold: float | None = None
    votes: tuple[Vote, ...] = ()
    meaning: str = ""
    path: tuple[Step, ...] = ()
    judged: tuple[Judged, ...] = ()
    marked: tuple[Marked, ...] = ()


def _nowhere(place: int) -> tuple[Step, ...]:
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a task needs to show its answer to one example.

    Attributes:
        example: What was asked.
        label: The readable name of an IRI.
        threshold: From which probability on a label is chosen, where validation has chosen one; before the temperature.
        temperature: What logits are divided by before they become chances.
        shown: How many items of a ranking are kept.
        nodes: IRIs of the nodes of its evidence, in order.
        path: How one gets to the node at a place of the evidence.
    """

    example: Example
    label: Callable[[str], str]
    threshold: float | None = None
    temperature: float = 1.0
    shown: int = SHOWN_ITEMS
    nodes: tuple[str, ...] = ()
    path: Callable[[int], tuple[Step, ...]] = _nowhere


def softmax(logits: Float[np.ndarray, " answer"]) -> Float[np.ndarray, " answer"]:
    """Chances of one answer of many; they add up to 1."""
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum())


def best_first(names: Sequence[str], chances: Float[np.ndarray, " answer"]) -> tuple[Score, ...]:
    """Every answer with its chance, the likeliest first."""
    order = np.argsort(-chances, kind="stable")
    return tuple(Score(names[at], float(chances[at])) for at in map(int, order))


def warmed(threshold: float, temperature: float) -> float:
    """The threshold that chooses the same labels when logits are divided by a temperature."""
    inside = min(max(threshold, 1e-9), 1 - 1e-9)
    return float(1 / (1 + ((1 - inside) / inside) ** (1 / temperature)))
