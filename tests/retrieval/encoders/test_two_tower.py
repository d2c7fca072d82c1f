from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import ConfigError, DataError, MismatchError
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.encoders.pairs import Pair
from ragmtl.retrieval.encoders.two_tower import PACE, TwoTowerEncoder, train_two_tower

KINDS = ["fish", "bread", "wine", "salt", "boat", "stone", "cloth", "glass"]
SPOKEN = ["cod and herring", "loaves and rolls", "grapes in barrels", "brine in pans", "oars and sails",
          "granite blocks", "linen weavers", "panes and bottles"]  # fmt: skip
PAIRS = [
    Pair(f"who sells {kind}", text, SPOKEN[row - 1]) for row, (kind, text) in enumerate(zip(KINDS, SPOKEN, strict=True))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tower") / "mine"
    train_two_tower(PAIRS, folder, texts=SPOKEN, pace=replace(PACE, epochs=30))
    return folder


def ranks(encoder: Encoder) -> float:
    scores = encoder.encode([pair.query for pair in PAIRS]) @ encoder.encode(SPOKEN).T
    return float(np.mean(scores.argmax(axis=1) == np.arange(len(PAIRS))))


def test_it_learns_what_shares_no_word(folder: Path, tmp_path: Path) -> None:
    untrained, _ = train_two_tower(PAIRS, tmp_path / "untrained", pace=replace(PACE, epochs=0))
    assert ranks(untrained) < 0.6
    assert ranks(load_encoder(str(folder))) == 1.0


def test_untrained_it_compares_words(tmp_path: Path) -> None:
    encoder, _ = train_two_tower(PAIRS, tmp_path / "words", texts=SPOKEN, pace=replace(PACE, epochs=0))
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
    again, _ = train_two_tower(PAIRS, tmp_path / "again", texts=SPOKEN, pace=replace(PACE, epochs=30))
    assert again.fingerprint == load_encoder(str(folder)).fingerprint


def test_a_damaged_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "two_tower.json").write_bytes((folder / "two_tower.json").read_bytes())
    with pytest.raises(ConfigError, match="train_two_tower"):
        load_encoder(str(tmp_path))
    (tmp_path / "two_tower.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="train_two_tower"):
        load_encoder(str(tmp_path))


def test_interrupted_it_ends_with_equal_weights(folder: Path, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    pace = replace(PACE, epochs=30)
    with pytest.raises(KeyboardInterrupt):
        train_two_tower(PAIRS, tmp_path / "parts", texts=SPOKEN, pace=replace(pace, keep_every=0.0), progress=stop)
    encoder, done = train_two_tower(PAIRS, tmp_path / "parts", texts=SPOKEN, pace=pace)
    assert done.resumed == 7
    assert encoder.fingerprint == load_encoder(str(folder)).fingerprint


def test_validation_keeps_the_best_weights(tmp_path: Path) -> None:
    contrary = [Pair(pair.query, pair.wrong, pair.right) for pair in PAIRS]
    pace = replace(PACE, epochs=30)
    _, done = train_two_tower(contrary, tmp_path / "mine", texts=SPOKEN, valid=PAIRS, pace=pace)
    assert done.steps < 30
    assert done.qualities[done.best] == max(done.qualities)


def test_bad_pairs_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found one"):
        train_two_tower(PAIRS[:1], tmp_path / "mine")
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MismatchError, match="other files"):
        train_two_tower(PAIRS, tmp_path)
