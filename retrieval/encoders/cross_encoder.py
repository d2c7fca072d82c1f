"""Cross-encoders: a query and a passage are read together, and one number says how well they fit.

    reads = load_cross_encoder("cross-encoder/ms-marco-MiniLM-L6-v2")     # or a folder
    reads.scores([("a sour red spice", "Sumac is a sour red berry.")])

Any model of `transformers` for sequences with one output, or with two, of which the second says that it fits; frozen.
Better than comparing vectors, and far slower: for the few passages that everything else has chosen.

Source: Nogueira and Cho, "Passage re-ranking with BERT", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from ragmtl.errors import ConfigError
from ragmtl.retrieval.encoders.transformer import hub_folder, room_of, silence
from ragmtl.retrieval.query import readable

LONGEST = 256
_OUTPUTS = (1, 2)


class CrossEncoder:
    """A model that reads a query and a passage together, frozen.

    Args:
        name: What `load_cross_encoder` was asked for.
        folder: Holds `config.json`, the tokenizer and `*.safetensors`; nothing is unpickled.
        device: Where the model runs.
        batch: Pairs per step; pairs of about the same length go together.
        longest: Tokens of a pair that are read; the longer of the two is cut.

    Raises:
        ConfigError: The folder holds no such model.
    """

    def __init__(
        self, name: str, folder: Path, *, device: str = "cpu", batch: int = 32, longest: int = LONGEST
    ) -> None:
        self.name = name
        self._tokenizer, self._model = load_cross_model(folder)
        self._model.eval().requires_grad_(False).to(device)
        self._batch = batch
        self._longest = min(longest, room_of(self._tokenizer, self._model))

    def scores(self, pairs: Sequence[tuple[str, str]]) -> Float32[np.ndarray, " pair"]:
        """How well each passage fits its query: logits, the larger the better."""
        found = np.zeros(len(pairs), np.float32)
        order = sorted(range(len(pairs)), key=lambda row: len(pairs[row][0]) + len(pairs[row][1]))
        with torch.inference_mode():
            for start in range(0, len(order), self._batch):
                rows = order[start : start + self._batch]
                some = [pairs[row] for row in rows]
                found[rows] = fits(self._tokenizer, self._model, some, self._longest).float().cpu().numpy()
        return found


def load_cross_encoder(name: str, *, device: str = "cpu") -> CrossEncoder:
    """Load a cross-encoder by the name of a folder or the id of a model on the Hugging Face hub.

    Raises:
        ConfigError: There is none, or it was not made to score pairs.
    """
    return CrossEncoder(name, hub_folder(name), device=device)


def fits(
    tokenizer: Any,  # noqa: ANN401 - of transformers
    model: Any,  # noqa: ANN401 - of transformers
    pairs: Sequence[tuple[str, str]],
    longest: int,
) -> Float[Tensor, " pair"]:
    """How well the passage of each pair fits its query."""
    queries, passages = ([readable(pair[side]) for pair in pairs] for side in (0, 1))
    tokens = tokenizer(queries, passages, padding=True, truncation=True, max_length=longest, return_tensors="pt")
    logits: Tensor = model(**tokens.to(model.device)).logits
    return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]


def load_cross_model(folder: Path, *, outputs: int | None = None) -> tuple[Any, Any]:
    """The tokenizer and the model of a folder.

    Args:
        folder: Where they are.
        outputs: So many new, random outputs on a model that has none; only outputs that are there where None.

    Raises:
        ConfigError: The folder holds no model, or none that scores pairs.
    """
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    given = {} if outputs is None else {"num_labels": outputs}
    try:
        with silence():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model, report = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **given
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:  # RuntimeError: outputs of another shape
        raise ConfigError(
            f"expected a cross-encoder (config.json, tokenizer, *.safetensors) in {folder}, found none that can be "
            f"read: {error}"
        ) from error
    if outputs is None and (missing := sorted(report["missing_keys"])):
        raise ConfigError(
            f"expected a model that scores pairs in {folder}, found one without outputs ({missing[0]} is missing); "
            "choose a cross-encoder, or make one of it with `ragmtl learn --what reranker`"
        )
    if model.config.num_labels not in _OUTPUTS:
        raise ConfigError(
            f"expected a model with one or two outputs in {folder}, found {model.config.num_labels}; choose a "
            "cross-encoder for search"
        )
    return tokenizer, model
