from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import ConfigError
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.encoders.pairs import Pair
from ragmtl.retrieval.encoders.two_tower import TwoTowerEncoder, train_two_tower

KINDS = ["fish", "bread", "wine", "salt", "boat", "stone", "cloth", "glass"]
SPOKEN = ["cod and herring", "loaves and rolls", "grapes in barrels", "brine in pans", "oars and sails",
          "granite blocks", "linen weavers", "panes and bottles"]  # fmt: skip
PAIRS = [
    Pair(f"who sells {kind}", text, SPOKEN[row - 1]) for row, (kind, text) in enumerate(zip(KINDS, SPOKEN, strict=True))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tower") / "mine"
    train_two_tower(PAIRS, folder, texts=SPOKEN, epochs=30)
    return folder


def ranks(encoder: Encoder) -> float:
    scores = encoder.encode([pair.query for pair in PAIRS]) @ encoder.encode(SPOKEN).T
    return float(np.mean(scores.argmax(axis=1) == np.arange(len(PAIRS))))


def test_it_learns_what_shares_no_word(folder: Path, tmp_path: Path) -> None:
    untrained = train_two_tower(PAIRS, tmp_path, epochs=0)
    assert ranks(untrained) < 0.6
    assert ranks(load_encoder(str(folder))) == 1.0


def test_untrained_it_compares_words(tmp_path: Path) -> None:
    encoder = train_two_tower(PAIRS, tmp_path, texts=SPOKEN, epochs=0)
    near, far = encoder.encode(["linen weavers of the north", "loaves"]) @ encoder.encode(["weavers"])[0]
    assert near > far + 0.3


def test_it_is_an_encoder_that_a_folder_holds(folder: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(folder))
    assert isinstance(encoder, TwoTowerEncoder)
    assert isinstance(encoder, Encoder)
    vectors = encoder.encode(["cod", "", "rolls and loaves"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1], abs=1e-5)
    assert np.allclose(encoder.encode(["rolls and loaves"])[0], vectors[2], atol=1e-6)
    assert np.allclose(CachedEncoder(encoder, tmp_path).encode(["cod"])[0], vectors[0], atol=1e-6)
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_seed_gives_the_same_encoder_again(folder: Path, tmp_path: Path) -> None:
    again = train_two_tower(PAIRS, tmp_path, texts=SPOKEN, epochs=30)
    assert again.fingerprint == load_encoder(str(folder)).fingerprint


def test_a_damaged_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "two_tower.json").write_bytes((folder / "two_tower.json").read_bytes())
    with pytest.raises(ConfigError, match="train_two_tower"):
        load_encoder(str(tmp_path))
    (tmp_path / "two_tower.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="train_two_tower"):
        load_encoder(str(tmp_path))
