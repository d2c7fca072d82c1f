"""A tiny transformer with random weights, for tests of what learns and reads."""

from __future__ import annotations

from pathlib import Path

import torch

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "who", "sells", "fish", "bread", "wine", "cod", "and", "herring"),
    *("loaves", "rolls", "grapes", "barrels", "in", "the", "town"),
]


def tiny_encoder(folder: Path) -> Path:
    """Write a text encoder into a folder."""
    from transformers import BertConfig, BertModel, BertTokenizerFast  # type: ignore[attr-defined]

    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        settings = BertConfig(
            vocab_size=len(WORDS),
            max_position_embeddings=32,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            initializer_range=0.1,
        )
        BertModel(settings).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder
