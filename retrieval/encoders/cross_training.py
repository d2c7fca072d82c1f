"""Training of a cross-encoder: of a passage that is right and some that only look right, the right one is to stand out.

    loss = - log( exp(s(q, right)) / (exp(s(q, right)) + Σ over the wrong ones exp(s(q, wrong))) )

    encoder, done = train_cross_encoder(choices, "rerankers/mine", CrossTuning(start="minilm"), valid=others)
    Retriever(index, RetrievalSettings(rerank="rerankers/mine"))

The wrong ones are those that the retriever itself puts highest: between these it will have to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ragmtl.errors import DataError
from ragmtl.kg.disk.replace import replacing
from ragmtl.retrieval.encoders.course import Followed, Pace, follow, forget, state_folder
from ragmtl.retrieval.encoders.cross_encoder import CrossEncoder, fits, load_cross_model
from ragmtl.retrieval.encoders.learned_folder import OWN, fingerprint_of, refuse_folder, write_model
from ragmtl.retrieval.encoders.transformer import encoder_folder, room_of
from ragmtl.retrieval.files.arrays import save_json
from ragmtl.retrieval.hybrid import Retrieves
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.quality.questions import Question

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """A query, a passage that is right for it, and passages that are not.

    Attributes:
        query: What is asked.
        right: A passage that is right for it.
        wrongs: Passages that are not; at least one.
    """

    query: str
    right: str
    wrongs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CrossTuning:
    """How to train.

    Attributes:
        start: A text encoder or a cross-encoder, as `load_encoder` takes them: the model to start from.
        epochs: The most passes over all choices.
        batch: Choices per step.
        rate: Of AdamW, warmed up over a tenth of the steps.
        longest: Tokens of a pair that are read while learning.
        patience: Epochs without better validation before it stops.
        seed: Decides the order of choices, and the first outputs.
        device: Where to learn.
        keep_every: Seconds between two states to go on from.
    """

    start: str = "minilm"
    epochs: int = 3
    batch: int = 8
    rate: float = 3e-5
    longest: int = 192
    patience: int = 2
    seed: int = 0
    device: str = "cpu"
    keep_every: float = 60.0


def train_cross_encoder(
    choices: Sequence[Choice],
    folder: str | Path,
    tuning: CrossTuning | None = None,
    *,
    valid: Sequence[Choice] = (),
    progress: Progress | None = None,
) -> tuple[CrossEncoder, Followed]:
    """Learn from choices, save the model, and open it. Called again after it was killed, it goes on.

    Args:
        choices: What to learn from.
        folder: Where to write; must not be that of the model to start from.
        tuning: How.
        valid: Tells when to stop, and which weights are the best; without it, the last ones are.
        progress: Told how many steps are done.

    Raises:
        DataError: There are fewer than two choices, or some without words.
        ConfigError: There is no such model, or the folder is its own.
        MismatchError: The folder holds something that was not learned here.
    """
    tuning, place = tuning or CrossTuning(), Path(folder).expanduser().absolute()
    check_choices(choices)
    source = encoder_folder(tuning.start)
    refuse_folder(place, source)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tuning.seed)
        tokenizer, model = load_cross_model(source, outputs=1)
    learner = _Learner(tokenizer, model.to(tuning.device), tuning.longest, (choices, valid))
    pace = Pace(
        tuning.epochs, tuning.batch, tuning.rate,
        patience=tuning.patience, seed=tuning.seed, keep_every=tuning.keep_every,
    )  # fmt: skip
    same = fingerprint_of(asdict(tuning) | {"source": str(source), "place": str(place)}, choices, valid)
    state = state_folder(place)
    done = follow(learner, len(choices), pace, state=state, same=same, progress=progress)
    stated = {"kind": "reranker", **asdict(tuning), "choices": len(choices), "learned": asdict(done)}
    with replacing(place) as building:
        write_model(model, tokenizer, building)
        save_json(building / OWN, stated)
    forget(state)
    return CrossEncoder(str(folder), place, device=tuning.device), done


def choices_of(
    questions: Sequence[Question], retriever: Retrieves, reading: Callable[[int], str], *, wrongs: int = 7
) -> list[Choice]:
    """A choice for each passage that is right for a question, among the best that are not.

    Args:
        questions: With texts and passages; others are left out.
        retriever: Proposes passages.
        reading: The text of a passage, by its place.
        wrongs: How many passages that are not right.

    Raises:
        DataError: No question has a text and a passage.
    """
    asked = [question for question in questions if question.query.text.strip() and question.passages]
    choices = []
    for question, evidence in zip(asked, retriever.many([question.query for question in asked]), strict=True):
        found = [scored.passage for scored in evidence.passages if scored.passage not in question.passages]
        others = tuple(reading(place) for place in found[:wrongs])
        if others:
            choices += [Choice(question.query.text, reading(place), others) for place in sorted(question.passages)]
    if not choices:
        raise DataError(f"expected questions with a text and with passages, found none among {len(questions)}")
    return choices


def check_choices(choices: Sequence[Choice]) -> None:
    """See whether anything can be learned from choices.

    Raises:
        DataError: There are fewer than two, or one lacks a query, a right or a wrong passage.
    """
    if len(choices) < 2:  # noqa: PLR2004 - one choice teaches its words, not how to choose
        found = "one" if choices else "none"
        raise DataError(f"expected two choices or more to learn from, found {found}; add questions with right passages")
    for place, choice in enumerate(choices, 1):
        if not choice.query.strip() or not choice.right.strip() or not any(map(str.strip, choice.wrongs)):
            raise DataError(
                f"expected a query, a right and a wrong passage in every choice, found an empty one in choice {place}; "
                "leave it out"
            )


class _Learner:
    """A model of `transformers` that learns from choices."""

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 - of transformers
        model: Any,  # noqa: ANN401 - of transformers
        longest: int,
        choices: tuple[Sequence[Choice], Sequence[Choice]],
    ) -> None:
        self._tokenizer, self._model, self._longest = tokenizer, model, min(longest, room_of(tokenizer, model))
        self._choices, self._valid = choices

    def weights(self) -> dict[str, Shaped[Tensor, "..."]]:
        return dict(self._model.named_parameters())

    def loss(self, rows: Sequence[int]) -> Float[Tensor, ""]:
        self._model.train()
        choices = [self._choices[row] for row in rows]
        scores = self._scores([(choice.query, text) for choice in choices for text in (choice.right, *choice.wrongs)])
        parts = _parts(scores, choices)
        return torch.stack([-torch.log_softmax(part, dim=0)[0] for part in parts]).mean()

    def quality(self) -> float | None:
        """The mean of 1 / the rank of the right passage among those of its choice."""
        if not self._valid:
            return None
        self._model.eval()
        pairs = [(choice.query, text) for choice in self._valid for text in (choice.right, *choice.wrongs)]
        with torch.inference_mode():
            chunks = [pairs[start : start + _AT_ONCE] for start in range(0, len(pairs), _AT_ONCE)]
            scores = torch.cat([self._scores(chunk) for chunk in chunks])
        ranks = torch.stack([(part >= part[0]).sum() for part in _parts(scores, self._valid)])
        return float((1.0 / ranks).mean())

    def _scores(self, pairs: Sequence[tuple[str, str]]) -> Float[Tensor, " pair"]:
        return fits(self._tokenizer, self._model, pairs, self._longest)


def _parts(scores: Float[Tensor, " pair"], choices: Sequence[Choice]) -> list[Float[Tensor, " _passage"]]:
    """The scores of each choice: the right passage, then the wrong ones."""
    ends = list(accumulate(1 + len(choice.wrongs) for choice in choices))
    return [scores[start:end] for start, end in zip([0, *ends], ends, strict=False)]
