"""A tiny transformer with random weights, and pairs that no shared word gives away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ragmtl.retrieval.encoders.pairs import Pair

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "who", "sells", "fish", "bread", "wine", "cod", "and", "herring"),
    *("loaves", "rolls", "grapes", "barrels", "in", "the", "town"),
]
PAIRS = [
    Pair("who sells fish", "cod and herring", "loaves and rolls"),
    Pair("who sells bread", "loaves and rolls", "grapes and barrels"),
    Pair("who sells wine", "grapes and barrels", "cod and herring"),
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Models are so small that threads would mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a text encoder."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **size)).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder
