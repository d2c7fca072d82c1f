"""A tiny transformer with random weights, and pairs that no shared word gives away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ragmtl.retrieval.encoders.pairs import Pair
from tests.tiny import tiny_encoder

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
    return tiny_encoder(tmp_path_factory.mktemp("tiny"))
