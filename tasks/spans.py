"""Marking stretches of a text: which words name an entity, and of what kind (BIO tags, cross-entropy).

Judged by exact stretches with their labels, micro-averaged, as CoNLL (`conlleval`) and `seqeval` do:

    precision = right / marked,   recall = right / true,   f1 = 2 right / (marked + true)

Beside its vector, a word says whether the linker found a name of the graph there: that is what the graph adds.
Stretches are of whole words: a true one that ends within a word is widened to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.errors import DataError
from ragmtl.models.heads.spans import SpanHead
from ragmtl.retrieval.tagging.spans import OUTSIDE, Span, spans_of, tag_names, tags_of, tokenise
from ragmtl.retrieval.tagging.words import WIDE
from ragmtl.tasks.answer import Answer, Asked, Marked
from ragmtl.tasks.base import Example, Head, Plain, Spans, no_loss
from ragmtl.tasks.metrics import Statistics, micro_f1_of, share
from ragmtl.tasks.targets import Learned

PLACES = 256
"""The most words of a text that are tagged; stretches behind them are missed."""

LINKED = 2
"""How many numbers say of a word whether the linker found a name: that one begins there, that one goes on there."""

MOST_LABELS = 100


@dataclass(frozen=True, slots=True)
class SpanTask(Plain):
    """Stretches of a text with labels: precision, recall and F1 of exact stretches.

    Attributes:
        name: Name of the task.
        labels: What stretches may be.
        main_metric: `f1`, `precision` or `recall`.
        places: The most words of a text that are tagged.
    """

    name: str
    labels: tuple[str, ...]
    main_metric: str = "f1"
    places: int = PLACES

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "spans"

    @property
    def answers(self) -> tuple[str, ...]:
        """The tags of a word; logits hold them word by word."""
        return tag_names(self.labels)

    def new_head(self, dim: int) -> nn.Module:
        """A logit for each tag of each word."""
        return SpanHead(dim, WIDE + LINKED, len(self.answers), self.places)

    def loss(self, logits: Float[Tensor, "batch tag"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """Cross-entropy of the tags, averaged over the words of the labelled examples."""
        known = [(row, tags) for row, example in enumerate(examples) if len(tags := self._tags(example))]
        if not known:
            return no_loss(logits)
        said = logits.reshape(len(logits), self.places, len(self.answers))
        found = torch.cat([said[row, : len(tags)] for row, tags in known])
        truth = torch.from_numpy(np.concatenate([tags[: self.places] for _, tags in known]))
        return functional.cross_entropy(found, truth.to(logits.device))

    def measure(
        self, logits: Float[np.ndarray, "example tag"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """`f1`, `precision` and `recall` of exact stretches; `threshold` means nothing here."""
        rows = np.stack([np.zeros(3), *(self._counted(*pair) for pair in zip(logits, examples, strict=True))])[1:]
        right, marked, true = rows.T
        return {"f1": micro_f1_of(right, marked, true), "precision": share(right, marked), "recall": share(right, true)}

    def answer(self, logits: Float[np.ndarray, " tag"], asked: Asked) -> Answer:
        """The stretches that are marked, and how sure each is: the least chance of its tags."""
        text = asked.example.query.text
        tokens, chances = tokenise(text), _chances(logits.reshape(-1, len(self.answers)))
        found = []
        for span in spans_of(self._said(logits, len(tokens.words)), tokens, self.labels):
            words = [at for at, start in enumerate(tokens.starts) if span.start <= start < span.end]
            sure = float(chances[words].max(1).min())
            found.append(Marked(span.start, span.end, text[span.start : span.end], span.label, sure))
        chosen = tuple(f"{one.text} ({one.label})" for one in found)
        meaning = "Stretches of the text, each with the chance of its least sure word."
        return Answer(self.name, self.head, chosen, (), meaning=meaning, marked=tuple(found))

    def _tags(self, example: Example) -> Int64[np.ndarray, " word"]:
        """The true tag of each word; none where the example is not labelled."""
        label = example.labels.get(self.name)
        if not isinstance(label, Spans):
            return np.zeros(0, np.int64)
        return tags_of(tokenise(example.query.text), label.spans, self.labels)

    def _said(self, logits: Float[np.ndarray, " tag"], words: int) -> Int64[np.ndarray, " word"]:
        """The likeliest tag of each word that has a place."""
        return np.asarray(logits.reshape(self.places, -1)[:words].argmax(1), np.int64)

    def _counted(self, logits: Float[np.ndarray, " tag"], example: Example) -> Float64[np.ndarray, " 3"]:
        """How many stretches are right, marked and true; zeros where the example is not labelled."""
        label = example.labels.get(self.name)
        if not isinstance(label, Spans):
            return np.zeros(3)
        tokens = tokenise(example.query.text)
        labels = tuple(dict.fromkeys((*self.labels, *(span.label for span in label.spans))))
        true = set(spans_of(tags_of(tokens, label.spans, labels), tokens, labels))
        marked = set(spans_of(self._said(logits, len(tokens.words)), tokens, self.labels))
        return np.array([len(true & marked), len(marked), len(true)], np.float64)


def _chances(logits: Float[np.ndarray, "word tag"]) -> Float[np.ndarray, "word tag"]:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def span_task(learned: Learned) -> SpanTask:
    """The task of a column of stretches.

    Raises:
        DataError: The training examples mark nothing, or have too many labels.
    """
    marked = [label for label in learned.train if isinstance(label, Spans)]
    labels = sorted({span.label for one in marked for span in one.spans})
    if not labels:
        raise DataError(
            f"task {learned.task!r}: expected stretches to learn from, found none in {len(marked)} training rows"
        )
    if len(labels) > MOST_LABELS:
        raise DataError(
            f"task {learned.task!r}: expected at most {MOST_LABELS} labels of stretches, found {len(labels):,} "
            f"({', '.join(labels[:3])}, …); give the kind of each entity, such as its type"
        )
    return SpanTask(learned.task, tuple(labels))


def linked_words(text: str, mentions: Sequence[tuple[int, int, float]], width: int) -> Float[np.ndarray, "word 2"]:
    """Where names begin and go on among the words of a text, as the weight of the mention.

    Args:
        text: The text.
        mentions: Start, end and weight of each.
        width: How many words are kept.
    """
    tokens = tokenise(text)
    table = np.zeros((min(len(tokens.words), width), LINKED), np.float32)
    for start, end, weight in mentions:
        tags = tags_of(tokens, (Span(start, end, ""),), ("",))[:width]
        for place in np.flatnonzero(tags != OUTSIDE).tolist():
            table[place, tags[place] - 1] = max(table[place, tags[place] - 1], weight)
    return table
