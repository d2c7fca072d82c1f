"""Generation: a text written from a query and its evidence.

A sentence from triples (graph-to-text), an answer in words, a translation: all the same task, on other tables. A text
is learned token by token, and written by beam search; chrF and BLEU say how near it is to the right one, `supported`
and `names_supported` how much of it is in the evidence.

    loss = Σ over the tokens of targets: − (1 − ε) log p(token) − ε · mean over words: log p(word)   /   their number
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.errors import ConfigError, DataError
from ragmtl.models.heads.generation import GenerationHead, Search
from ragmtl.retrieval.encoders.transformer import silence
from ragmtl.tasks.answer import Answer, Asked
from ragmtl.tasks.base import Example, Head, Plain, Task
from ragmtl.tasks.metrics import Statistics, mean
from ragmtl.tasks.suspicion import suspicious_targets
from ragmtl.tasks.targets import Learned
from ragmtl.tasks.text_metrics import Written, bleu, chrf, supported
from ragmtl.tasks.tokenizer import QUERY, TextTokenizer, new_tokenizer, tokenizer_of, unreadable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHOWN = 6
"""How many words that are not in the evidence are named."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What reads and writes.

    Attributes:
        search: How texts are written.
        reads: The most tokens of query and evidence that are read.
        vocabulary: The most tokens of a new tokenizer.
        layers: Of a new encoder, and of a new decoder.
        heads: Of their attention.
        dropout: In them.
        checkpoint: A sequence-to-sequence model to start from instead: a folder, or a name that Hugging Face knows.
    """

    search: Search = Search()
    reads: int = 256
    vocabulary: int = 2000
    layers: int = 2
    heads: int = 4
    dropout: float = 0.1
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class GenerationTask(Plain):
    """A text: chrF, BLEU, exact matches, and the support of the evidence.

    Attributes:
        name: Name of the task.
        output: The column of right texts.
        tokenizer: Of what is read and written.
        writing: What reads and writes.
        main_metric: `chrf`, `bleu` or `exact`.
    """

    name: str
    output: str
    tokenizer: TextTokenizer
    writing: Writing = Writing()
    main_metric: str = "chrf"

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "generation"

    @property
    def answers(self) -> tuple[str, ...]:
        """The one text."""
        return (self.output,)

    def new_head(self, dim: int) -> nn.Module:
        """An encoder–decoder: a new one of width `dim`, or that of the checkpoint."""
        model = _checkpoint(self.writing, self.tokenizer) if self.writing.checkpoint else self._new_model(dim)
        return GenerationHead(dim, model, self.writing.search)

    def loss(self, logits: Float[Tensor, "batch 2"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """The mean over all tokens of the targets."""
        total: Float[Tensor, ""] = logits[:, 0].sum() / logits[:, 1].sum().clamp(min=1)
        return total

    def measure(
        self, logits: Float[np.ndarray, "example column"], examples: Sequence[Example], threshold: float | None = None
    ) -> dict[str, Statistics]:
        """`chrf`, `bleu`, `exact`, and support; `supported_of_right`: that of the right texts, to compare with."""
        written = [self.written(row) for row in logits]
        labels = [example.labels.get(self.name) for example in examples]
        known = np.array([isinstance(label, str) for label in labels], np.bool_)
        right = [" ".join(label.split()) if isinstance(label, str) else "" for label in labels]
        texts = [one.text for one in written]
        same = np.array([text == wanted for text, wanted in zip(texts, right, strict=True)], np.float64)
        truth = [Written(wanted, one.query, one.evidence) for wanted, one in zip(right, written, strict=True)]
        figures = {"chrf": chrf(texts, right, known), "bleu": bleu(texts, right, known), "exact": mean(same, known)}
        ceiling = {f"{name}_of_right": found for name, found in supported(truth, known).items()}
        return figures | supported(written, known) | ceiling

    def answer(self, logits: Float[np.ndarray, " column"], asked: Asked) -> Answer:
        """The text, and which of its words are not in the evidence."""
        written = self.written(logits)
        return Answer(self.name, self.head, (written.text,), (), meaning=_meaning(written))

    def written(self, row: Float[np.ndarray, " column"]) -> Written:
        """What a row of the head says: the text that was written, and what was read."""
        tokens, longest = row.astype(np.int64).tolist(), self.writing.search.longest
        pieces = self.tokenizer.pieces(tokens[longest:])
        query = " ".join(text for marker, text in pieces if marker == QUERY)
        evidence = tuple(text for marker, text in pieces if marker != QUERY)
        return Written(" ".join(self.tokenizer.decode(tokens[:longest]).split()), query, evidence)

    def _new_model(self, dim: int) -> PreTrainedModel:
        from transformers import PegasusConfig, PegasusForConditionalGeneration

        writing = self.writing
        shape: dict[str, Any] = {
            f"{side}_{name}": value
            for side in ("encoder", "decoder")
            for name, value in (("layers", writing.layers), ("attention_heads", writing.heads), ("ffn_dim", 4 * dim))
        }
        settings = PegasusConfig(
            vocab_size=len(self.tokenizer),
            d_model=dim,
            max_position_embeddings=max(writing.reads, writing.search.longest) + 2,
            dropout=writing.dropout,
            init_std=dim**-0.5,
            scale_embedding=True,
            pad_token_id=self.tokenizer.padding,
            eos_token_id=self.tokenizer.end,
            decoder_start_token_id=self.tokenizer.padding,
            forced_eos_token_id=None,
            **shape,
        )
        return PegasusForConditionalGeneration(settings)


def _meaning(written: Written) -> str:
    found = written.support()
    total, missing = len(found.words) + len(found.other_words), found.other_words
    if not total:
        return "A text that was written; it adds nothing to the query."
    shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
    rest = f"; not there: {shown}" if missing else ""
    return (
        f"A text that was written. Of the {total} words that it adds to the query, {len(found.words)} are in the "
        f"evidence that was read{rest}."
    )


def _checkpoint(writing: Writing, tokenizer: TextTokenizer) -> PreTrainedModel:
    """The model of a checkpoint, with room for the markers.

    Raises:
        ConfigError: There is none that can be read.
    """
    from transformers import AutoModelForSeq2SeqLM, GenerationConfig

    try:
        with silence():
            model: Any = AutoModelForSeq2SeqLM.from_pretrained(writing.checkpoint)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unreadable(writing.checkpoint, error) from error
    if model.config.decoder_start_token_id is None:
        raise ConfigError(f"expected a model with a `decoder_start_token_id` in {writing.checkpoint}, found none")
    room = getattr(model.config, "max_position_embeddings", None)
    if room is not None and room < max(writing.reads + 1, writing.search.longest):
        raise ConfigError(
            f"expected `reads` below and `longest` up to the {room} positions that {writing.checkpoint} has, found "
            f"{writing.reads} and {writing.search.longest}; set both"
        )
    if len(tokenizer) > model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    settings = model.config
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        pad_token_id=tokenizer.padding,
        eos_token_id=tokenizer.end,
        decoder_start_token_id=settings.decoder_start_token_id,
    )
    found: PreTrainedModel = model
    return found


def generation_task(learned: Learned, *, output: str, writing: Writing) -> GenerationTask:
    """The task of a column of texts.

    Raises:
        DataError: The texts are all the same, are no texts, or are too long.
        ConfigError: The checkpoint cannot be read.
    """
    texts = [label for label in learned.train if isinstance(label, str)]
    if wrong := suspicious_targets(texts):
        raise DataError(f"task {learned.task!r}: {output!r}: {wrong}")
    name = writing.checkpoint
    tokenizer = tokenizer_of(name) if name else new_tokenizer(texts, writing.vocabulary)
    _refuse_long(learned.task, output, texts, tokenizer, writing.search.longest)
    return GenerationTask(learned.task, output, tokenizer, writing)


def _refuse_long(task: str, output: str, texts: Sequence[str], tokenizer: TextTokenizer, longest: int) -> None:
    """Texts that could not be learned whole are refused: they would be learned to break off."""
    lengths = np.array([len(found) + 1 for found in tokenizer.encode(texts)])
    long = int((lengths > longest).sum())
    if long:
        begins = texts[int(lengths.argmax())][:60]
        raise DataError(
            f"task {task!r}: expected texts of at most {longest} tokens in {output!r}, found {long} of {len(texts)} "
            f"training rows with more; the longest has {int(lengths.max()):,} ({begins!r}…); shorten them, or raise "
            "`longest` of this task"
        )


def tokenizers_of(tasks: Sequence[Task]) -> dict[str, str]:
    """The tokenizers that a run must keep, by task."""
    return {task.name: task.tokenizer.saved for task in tasks if isinstance(task, GenerationTask)}


def with_tokenizer(task: Task, saved: Mapping[str, str]) -> Task:
    """A task with the tokenizer that a run has kept for it; those without one are as they were."""
    if not isinstance(task, GenerationTask) or task.name not in saved:
        return task
    return replace(task, tokenizer=replace(task.tokenizer, saved=saved[task.name]))
