"""Fine-tuning of a transformer encoder by contrast: all of it, or low-rank additions to it (LoRA).

    encoder, done = fine_tune(pairs, "encoders/mine", Tuning(start="minilm", lora=True), valid=others)
    load_encoder("encoders/mine")

The folder holds the whole model (additions are merged into it) and its tokenizer, as `transformers` writes them, so
that `load_encoder`, sentence-transformers and others open it.

Source: Hu et al., "LoRA: low-rank adaptation of large language models", 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ragmtl.kg.disk.replace import replacing
from ragmtl.retrieval.encoders.course import Followed, Pace, follow, forget, state_folder
from ragmtl.retrieval.encoders.learned_folder import OWN, fingerprint_of, refuse_folder, write_model
from ragmtl.retrieval.encoders.low_rank import FULL_RATE, LORA_RATE, with_lora
from ragmtl.retrieval.encoders.pairs import Pair, check_pairs, contrastive_loss, reciprocal_rank_of_pairs
from ragmtl.retrieval.encoders.transformer import (
    TransformerEncoder,
    encoder_folder,
    load_tokenizer_and_model,
    pooled,
    pooling_of,
    room_of,
)
from ragmtl.retrieval.files.arrays import save_json
from ragmtl.retrieval.progress import Progress

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to fine-tune.

    Attributes:
        start: What `load_encoder` takes: the model to start from.
        lora: Whether to learn low-rank additions only; needs the package peft.
        epochs: The most passes over all pairs.
        batch: Pairs per step; each is also a wrong answer for the others.
        rate: Of AdamW, warmed up over a tenth of the steps; 2e-5, and 2e-4 for LoRA, where None.
        longest: Tokens of a text that are read while learning.
        patience: Epochs without better validation before it stops.
        seed: Decides the order of pairs.
        device: Where to learn.
        keep_every: Seconds between two states to go on from.
    """

    start: str = "minilm"
    lora: bool = False
    epochs: int = 3
    batch: int = 16
    rate: float | None = None
    longest: int = 128
    patience: int = 2
    seed: int = 0
    device: str = "cpu"
    keep_every: float = 60.0

    @property
    def pace(self) -> Pace:
        """How fast and how long."""
        rate = self.rate or (LORA_RATE if self.lora else FULL_RATE)
        return Pace(
            self.epochs, self.batch, rate, patience=self.patience, seed=self.seed, keep_every=self.keep_every
        )  # fmt: skip


def fine_tune(
    pairs: Sequence[Pair],
    folder: str | Path,
    tuning: Tuning | None = None,
    *,
    valid: Sequence[Pair] = (),
    progress: Progress | None = None,
) -> tuple[TransformerEncoder, Followed]:
    """Learn from pairs, save the model, and open it. Called again after it was killed, it goes on.

    Args:
        pairs: What to learn from.
        folder: Where to write; must not be that of the model to start from.
        tuning: How.
        valid: Tells when to stop, and which weights are the best; without it, the last ones are.
        progress: Told how many steps are done.

    Raises:
        DataError: There are fewer than two pairs, or empty ones.
        ConfigError: There is no such model, the folder is its own, or peft is not installed.
        MismatchError: The folder holds something that was not learned here.
    """
    tuning, place = tuning or Tuning(), Path(folder).expanduser().absolute()
    check_pairs(pairs)
    source = encoder_folder(tuning.start)
    refuse_folder(place, source)
    tokenizer, model = load_tokenizer_and_model(source, tuning.device, torch.float32)
    learned = with_lora(model, tuning.seed) if tuning.lora else model.requires_grad_(True)
    learner = _Learner(tokenizer, learned, pooling_of(source), tuning.longest, (pairs, valid))
    same = fingerprint_of(asdict(tuning) | {"source": str(source), "place": str(place)}, pairs, valid)
    state = state_folder(place)
    done = follow(learner, len(pairs), tuning.pace, state=state, same=same, progress=progress)
    with replacing(place) as building:
        whole = learner.model.merge_and_unload() if tuning.lora else learner.model
        write_model(whole, tokenizer, building, source)
        save_json(building / OWN, {"kind": "encoder", **asdict(tuning), "pairs": len(pairs), "learned": asdict(done)})
    forget(state)
    return TransformerEncoder(str(folder), place, device=tuning.device), done


class _Learner:
    """A model of `transformers` that learns from pairs."""

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 - of transformers
        model: Any,  # noqa: ANN401 - of transformers or peft
        pooling: str,
        longest: int,
        pairs: tuple[Sequence[Pair], Sequence[Pair]],
    ) -> None:
        self.model = model
        self._tokenizer, self._pooling, self._longest = tokenizer, pooling, min(longest, room_of(tokenizer, model))
        self._pairs, self._valid = pairs

    def weights(self) -> dict[str, Shaped[Tensor, "..."]]:
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def loss(self, rows: Sequence[int]) -> Float[Tensor, ""]:
        self.model.train()
        pairs = [self._pairs[row] for row in rows]
        vectors = [self._vectors([getattr(pair, part) for pair in pairs]) for part in ("query", "right", "wrong")]
        return contrastive_loss(vectors[0], vectors[1], vectors[2], pairs)

    def quality(self) -> float | None:
        self.model.eval()
        with torch.inference_mode():
            return reciprocal_rank_of_pairs(self._valid, self._all_vectors) if self._valid else None

    def _vectors(self, texts: list[str]) -> Float[Tensor, "text dim"]:
        tokens = self._tokenizer(texts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt")
        tokens = tokens.to(self.model.device)
        found: Tensor = pooled(self.model(**tokens).last_hidden_state, tokens["attention_mask"], self._pooling)
        return found

    def _all_vectors(self, texts: list[str]) -> Float[Tensor, "text dim"]:
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        chunks = [order[start : start + _AT_ONCE] for start in range(0, len(order), _AT_ONCE)]
        found = torch.cat([self._vectors([texts[row] for row in chunk]) for chunk in chunks])
        return found[torch.tensor(order).argsort()]
