"""A tagger that tells which words of a text name an entity, learned from texts whose names are known.

    sure(name) = mean over its words of 1 - p(outside)

The linker knows names, not texts: "it", "her" and "up" are films too. What it finds weighs `sure` times as much, and is
left out where that is below a threshold, the one with the best F1 on texts that were not learned from.

Names may be given as stretches; or as the entities of which a text speaks, and then what the linker finds of these, and
nothing else, is a name (distant supervision; Mintz et al., "Distant supervision for relation extraction without labeled
data", 2009); or by the linker itself, wherever it is surest.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.disk.replace import replacing
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.files.arrays import load_json, save_json
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.tagging.network import WordTagger
from ragmtl.retrieval.tagging.spans import OUTSIDE, Span, tags_of, tokenise
from ragmtl.retrieval.tagging.words import WIDE, WordReader

FORMAT, VERSION = "ragmtl tagger", 1
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))
_LABELS, _DIM, _SUREST = ("entity",), 96, 0.3


@dataclass(frozen=True, slots=True)
class TaggerTraining:
    """How a tagger is trained.

    Attributes:
        epochs: The most passes over the texts.
        patience: Passes without a better loss on validation texts before it stops.
        batch_size: Texts per step.
        learning_rate: Of Adam.
        seed: Of everything random.
    """

    epochs: int = 20
    patience: int = 4
    batch_size: int = 16
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text whose names are known.

    Attributes:
        text: The text.
        names: Where they stand.
        found: What the linker finds in it.
        right: Which of these are right.
    """

    text: str
    names: tuple[Span, ...]
    found: tuple[Mention, ...]
    right: tuple[bool, ...]


def known_text(
    text: str, found: Sequence[Mention], spans: Sequence[Span] | None = None, nodes: frozenset[int] | None = None
) -> Text:
    """A text whose names are given as stretches, as the entities that it speaks of, or by the linker itself.

    Args:
        text: The text.
        found: What the linker finds in it.
        spans: Where its names stand, if that is known.
        nodes: The entities of which it speaks, if these are known.
    """
    if spans is not None:
        names = tuple(Span(one.start, one.end, _LABELS[0]) for one in spans)
        places = {(one.start, one.end) for one in names}
        return Text(text, names, tuple(found), tuple((one.start, one.end) in places for one in found))
    right = tuple(one.weight >= _SUREST if nodes is None else one.node in nodes for one in found)
    kept = {(one.start, one.end) for one, true in zip(found, right, strict=True) if true}
    return Text(text, tuple(Span(*place, _LABELS[0]) for place in sorted(kept)), tuple(found), right)


@dataclass(frozen=True, slots=True, eq=False)
class Tagger:
    """Says of names how sure it is that the text means them.

    Attributes:
        network: Tags words.
        reader: Makes the vectors of words.
        threshold: Names that are less sure are none.
    """

    network: WordTagger
    reader: WordReader
    threshold: float = 0.5

    def chances(self, text: str) -> Float32[np.ndarray, " word"]:
        """How likely each word of a text belongs to a name."""
        [words] = self.reader([text])
        if not len(words):
            return np.zeros(0, np.float32)
        with torch.inference_mode():
            logits = self.network(torch.from_numpy(words.astype(np.float32))[None])[0]
        return np.asarray(1 - logits.softmax(1)[:, OUTSIDE].numpy(), np.float32)

    def sure(self, text: str, mentions: Sequence[Mention]) -> list[float]:
        """How sure each mention is a name."""
        tokens, chances = tokenise(text), self.chances(text)
        starts, ends = np.array(tokens.starts), np.array(tokens.ends)
        found = []
        for one in mentions:
            inside = (starts < one.end) & (ends > one.start)
            found.append(float(chances[inside].mean()) if inside.any() else 0.0)
        return found

    def __call__(self, text: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """The mentions that are names, with as much weight as they are sure."""
        return tuple(
            replace(one, weight=round(one.weight * sure, 6), how=f"{one.how}, {sure:.0%} sure that it is a name")
            for one, sure in zip(mentions, self.sure(text, mentions), strict=True)
            if sure >= self.threshold
        )

    def save(self, folder: Path) -> None:
        """Write into a folder, which is made; what stood there is replaced."""
        from safetensors.torch import save_file

        with replacing(folder) as building:
            save_file(dict(self.network.state_dict()), building / "model.safetensors")
            stated = {"format": FORMAT, "version": VERSION, "encoder": self.reader.name, "threshold": self.threshold}
            save_json(building / "tagger.json", stated)

    @classmethod
    def load(cls, folder: Path, encoder: str) -> Tagger:
        """Open what `save` wrote.

        Args:
            folder: Where it is.
            encoder: Name of the text encoder of the index, by which words are read.

        Raises:
            MismatchError: There is none, or it was learned with another encoder, or it is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        again = "run `ragmtl learn --what tagger`"
        if not (folder / "tagger.json").is_file():
            raise MismatchError(f'expected a tagger in {folder}, for linking = "tagged", found none; {again}')
        stated = load_json(folder / "tagger.json")
        if (stated.get("format"), stated.get("version"), stated.get("encoder")) != (FORMAT, VERSION, encoder):
            raise MismatchError(
                f"expected a tagger of version {VERSION} that reads words by {encoder!r} in {folder}, found "
                f"{stated.get('version')!r} and {stated.get('encoder')!r}; {again}"
            )
        network = _network()
        try:
            network.load_state_dict(load_file(folder / "model.safetensors"))
        except (SafetensorError, OSError, RuntimeError) as error:
            raise MismatchError(f"expected a whole tagger in {folder}, found {error}; {again}") from error
        return cls(network.eval(), WordReader(encoder), float(stated["threshold"]))


def tagger_folder(index: Path) -> Path:
    """Where the tagger of an index is kept: beside it."""
    return index.with_name(index.name + ".tagger")


def train_tagger(
    reader: WordReader,
    train: Sequence[Text],
    valid: Sequence[Text],
    training: TaggerTraining | None = None,
    progress: Progress | None = None,
) -> Tagger:
    """Train a tagger, and choose its threshold.

    Args:
        reader: Makes the vectors of words.
        train: What to learn from.
        valid: What tells when to stop, and which threshold is best.
        training: How to train.
        progress: Called after each pass.

    Raises:
        DataError: There is nothing to learn from.
    """
    settings = training or TaggerTraining()
    if not any(one.names for one in train):
        raise DataError(f"expected texts with names to learn from, found none in {len(train)} texts")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = _fitted(_network(), reader, train, valid or train, settings, progress or no_progress)
    tagger = Tagger(network, reader)
    return replace(tagger, threshold=_best_threshold(tagger, valid or train))


def _network() -> WordTagger:
    return WordTagger(WIDE, _DIM, 1 + 2 * len(_LABELS))


def _fitted(  # noqa: PLR0913
    network: WordTagger,
    reader: WordReader,
    train: Sequence[Text],
    valid: Sequence[Text],
    settings: TaggerTraining,
    progress: Progress,
) -> WordTagger:
    optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate)
    best, kept, since = float("inf"), deepcopy(network.state_dict()), 0
    for epoch in range(settings.epochs):
        network.train()
        order = torch.randperm(len(train)).tolist()
        for start in range(0, len(order), settings.batch_size):
            optimiser.zero_grad()
            loss = _loss(network, reader, [train[at] for at in order[start : start + settings.batch_size]])
            torch.autograd.backward(loss)
            optimiser.step()
        progress(epoch + 1, settings.epochs)
        network.eval()
        with torch.no_grad():
            starts = range(0, len(valid), settings.batch_size)
            found = sum(float(_loss(network, reader, valid[at : at + settings.batch_size])) for at in starts)
        since += 1
        if found < best - 1e-4:
            best, kept, since = found, deepcopy(network.state_dict()), 0
        if since >= settings.patience:
            break
    network.load_state_dict(kept)
    return network.eval()


def _loss(network: WordTagger, reader: WordReader, texts: Sequence[Text]) -> Float[Tensor, ""]:
    """Cross-entropy of the tags of all words."""
    words = [torch.from_numpy(found.astype(np.float32)) for found in reader([one.text for one in texts])]
    truth = torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *map(_tags, texts)]))
    padded = nn.utils.rnn.pad_sequence(words, batch_first=True)
    there = padded[..., 0] > 0
    if not bool(there.any()):
        return network.say.bias.sum() * 0.0
    return nn.functional.cross_entropy(network(padded)[there], truth)


def _tags(text: Text) -> Int64[np.ndarray, " word"]:
    return tags_of(tokenise(text.text), text.names, _LABELS)


def _best_threshold(tagger: Tagger, texts: Sequence[Text]) -> float:
    """The threshold with the best F1 of the linker's mentions; the lowest of equals."""
    sure = np.array([chance for one in texts for chance in tagger.sure(one.text, one.found)])
    right = np.array([true for one in texts for true in one.right], np.bool_)
    if not right.any():
        return THRESHOLDS[len(THRESHOLDS) // 2]
    kept = [sure >= threshold for threshold in THRESHOLDS]
    return THRESHOLDS[int(np.argmax([2 * (right & one).sum() / (right.sum() + one.sum()) for one in kept]))]
