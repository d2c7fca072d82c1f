from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from ragmtl.errors import ConfigError, DataError, MismatchError
from ragmtl.retrieval.encoders.cross_encoder import load_cross_encoder
from ragmtl.retrieval.encoders.cross_training import Choice, CrossTuning, choices_of, train_cross_encoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.rerank import ReadsTogether
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query
from tests.retrieval.encoders.conftest import PAIRS

TEXTS = [pair.right for pair in PAIRS]
CHOICES = [Choice(pair.query, pair.right, tuple(text for text in TEXTS if text != pair.right)) for pair in PAIRS]


@pytest.fixture(scope="module")
def folder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder that was trained without dropout, which so small a model does not bear."""
    place = tmp_path_factory.mktemp("cross")
    shutil.copytree(tiny, place / "start")
    settings = json.loads((tiny / "config.json").read_text(encoding="utf-8"))
    settings |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (place / "start" / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    tuning = CrossTuning(str(place / "start"), epochs=300, batch=3, rate=1e-3)
    train_cross_encoder(CHOICES, place / "mine", tuning)
    return place / "mine"


def test_it_learns_what_fits_and_a_folder_holds_it(folder: Path) -> None:
    reads = load_cross_encoder(str(folder))
    assert isinstance(reads, ReadsTogether)
    for choice in CHOICES:
        scores = reads.scores([(choice.query, text) for text in TEXTS])
        assert TEXTS[int(scores.argmax())] == choice.right


def test_scores_do_not_depend_on_what_else_is_scored(folder: Path) -> None:
    reads = load_cross_encoder(str(folder))
    pairs = [(choice.query, text) for choice in CHOICES for text in (*TEXTS, "cod " * 50, "", "\ud800 \U0001f41f")]
    together = reads.scores(pairs)
    alone = np.concatenate([reads.scores([pair]) for pair in pairs])
    assert np.allclose(together, alone, atol=1e-4)
    assert reads.scores([]).shape == (0,)


def test_a_text_encoder_is_no_cross_encoder(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found one without outputs"):
        load_cross_encoder(str(tiny))
    with pytest.raises(ConfigError, match="expected a cross-encoder"):
        load_cross_encoder(str(tmp_path))


@pytest.mark.parametrize(("outputs", "fine"), [(1, True), (2, True), (3, False)])
def test_models_of_one_or_two_outputs_score_pairs(tiny: Path, tmp_path: Path, outputs: int, fine: bool) -> None:
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    settings = BertConfig.from_pretrained(tiny, num_labels=outputs)
    BertForSequenceClassification(settings).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    if not fine:
        with pytest.raises(ConfigError, match="found 3"):
            load_cross_encoder(str(tmp_path))
        return
    scores = load_cross_encoder(str(tmp_path)).scores([("who sells fish", "cod"), ("who sells fish", "rolls")])
    assert np.isfinite(scores).all()


def test_interrupted_it_ends_with_equal_weights(tiny: Path, tmp_path: Path) -> None:
    tuning = CrossTuning(str(tiny), epochs=3, batch=2, rate=1e-3, patience=9, keep_every=0.0)

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    whole, _ = train_cross_encoder(CHOICES, tmp_path / "whole", tuning, valid=CHOICES)
    with pytest.raises(KeyboardInterrupt):
        train_cross_encoder(CHOICES, tmp_path / "parts", tuning, valid=CHOICES, progress=stop)
    parts, done = train_cross_encoder(CHOICES, tmp_path / "parts", tuning, valid=CHOICES)
    assert done.resumed == 3
    pairs = [(choice.query, text) for choice in CHOICES for text in TEXTS]
    assert np.array_equal(whole.scores(pairs), parts.scores(pairs))


def test_validation_keeps_the_best_weights(tiny: Path, tmp_path: Path) -> None:
    contrary = [Choice(one.query, one.wrongs[0], (one.right,)) for one in CHOICES]
    tuning = CrossTuning(str(tiny), epochs=30, batch=3, rate=3e-3)
    _, done = train_cross_encoder(contrary, tmp_path / "mine", tuning, valid=CHOICES)
    assert done.steps < 30
    assert done.qualities[done.best] == max(done.qualities)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ([], "found none"),
        (CHOICES[:1], "found one"),
        ([*CHOICES, Choice("who", "cod", (" ",))], "choice 4"),
        ([*CHOICES, Choice("", "cod", ("rolls",))], "choice 4"),
    ],
)
def test_choices_that_teach_nothing_are_refused(
    tiny: Path, tmp_path: Path, choices: list[Choice], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        train_cross_encoder(choices, tmp_path / "mine", CrossTuning(str(tiny)))


def test_what_was_not_learned_here_is_never_overwritten(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MismatchError, match="other files"):
        train_cross_encoder(CHOICES, tmp_path, CrossTuning(str(tiny)))


def test_choices_hold_what_the_retriever_proposes_and_is_not_right(index: Index) -> None:
    places = {identity: place for place, identity in enumerate(index.corpus.ids)}
    asked = Question("1", Query("flat bread with sesame"), frozenset({places["p-bread"], places["p-zaatar"]}))
    choices = choices_of([asked, Question("2", Query("rice"))], Retriever(index), index.corpus.reading, wrongs=2)
    rights = {index.corpus.reading(places[name]) for name in ("p-bread", "p-zaatar")}
    assert {choice.right for choice in choices} == rights
    assert all(0 < len(choice.wrongs) <= 2 and not rights & set(choice.wrongs) for choice in choices)
    with pytest.raises(DataError, match="found none among 1"):
        choices_of([Question("2", Query("rice"))], Retriever(index), index.corpus.reading)


def test_random_outputs_are_drawn_from_the_seed(tiny: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    tuning = CrossTuning(str(tiny), epochs=0)
    first, _ = train_cross_encoder(CHOICES, tmp_path / "first", tuning)
    torch.manual_seed(2)
    second, _ = train_cross_encoder(CHOICES, tmp_path / "second", tuning)
    assert np.array_equal(first.scores([("cod", "rolls")]), second.scores([("cod", "rolls")]))
