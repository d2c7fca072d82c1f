"""Texts that are written, through the whole program, on the world of teas: from triples, and as a translation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragmtl.arms import compare_arms
from ragmtl.build import build_index, open_index
from ragmtl.config import parse_config, read_config
from ragmtl.errors import ConfigError, DataError
from ragmtl.inspector.page import render_prediction
from ragmtl.predict import Predictor
from ragmtl.retrieval.query import Query
from ragmtl.run import evaluate_run, train_run
from tests.ragmtl.conftest import TEA, Ragmtl, World

T = "https://tea.example/"
TEAS = {
    "sencha": ("green", "Shizuoka"),
    "gyokuro": ("green", "Uji"),
    "matcha": ("green", "Uji"),
    "longjing": ("green", "Zhejiang"),
    "keemun": ("black", "Anhui"),
    "assam": ("black", "Assam valley"),
    "darjeeling": ("black", "Himalaya"),
}
TOML = """
name = "said"
[graph]
sources = ["graph.ttl"]
[corpus]
path = "passages.jsonl"
[encoder]
name = "hashing"
[retrieval]
passages = 1
nodes = 8
[model]
dim = 16
layers = 1
attention_heads = 4
[training]
epochs = 1
steps = 4
batch_size = 4
device = "cpu"
[[tasks]]
name = "sentence"
kind = "generation"
data = "sentences.jsonl"
text = "name"
entity = "tea"
output = "sentence"
split = "split"
hide = ["https://tea.example/tastes"]
longest = 40
beams = 2
reads = 250
vocabulary = 320
layers = 1
[[tasks]]
name = "colour"
kind = "class"
data = "sentences.jsonl"
text = "name"
entity = "tea"
label = "colour"
split = "split"
[[tasks]]
name = "german"
kind = "generation"
data = "sentences.jsonl"
text = "sentence"
output = "german"
split = "split"
longest = 40
beams = 1
checkpoint = "small"
"""


def sentences() -> Iterator[dict[str, str]]:
    for place, (tea, (colour, origin)) in enumerate(TEAS.items()):
        sentence = f"{tea} is a {colour} tea from {origin}."
        german = f"{tea} ist ein Tee aus {origin}."
        split = ("train", "valid", "test")[max(0, place - 4)]
        yield {"tea": T + tea, "name": tea, "sentence": sentence, "german": german, "colour": colour, "split": split}


def write_checkpoint(folder: Path) -> None:
    """A tiny BART with random weights."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        special_tokens=["<s>", "<pad>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(["ein Tee aus"], trainer)
    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)  # type: ignore[no-untyped-call]
    fast.save_pretrained(folder)
    sizes: dict[str, Any] = {
        f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("layers", "attention_heads", "ffn_dim")
    }
    settings = BartConfig(vocab_size=tokenizer.get_vocab_size(), d_model=8, max_position_embeddings=300, **sizes)
    BartForConditionalGeneration(settings).save_pretrained(folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("said")
    for name in ("graph.ttl", "passages.jsonl"):
        shutil.copy(TEA / name, folder)
    (folder / "sentences.jsonl").write_text("".join(json.dumps(row) + "\n" for row in sentences()), encoding="utf-8")
    (folder / "tea.toml").write_text(TOML, encoding="utf-8")
    write_checkpoint(folder / "small")
    build_index(read_config(folder / "tea.toml"), folder / "index")
    return World(folder)


@pytest.fixture(scope="module")
def said(files: World) -> World:
    config = read_config(files.config)
    train_run(config, open_index(config, files.index), files.run)
    return files


def test_everything_is_measured(said: World) -> None:
    rows = {(row.task, row.metric): row.value for row in evaluate_run(said.run, "test")}
    for task in ("sentence", "german"):
        for metric in ("chrf", "bleu", "exact"):
            assert 0 <= rows[task, metric] <= 1
    assert rows["sentence", "names_supported_of_right"] == 1  # "Himalaya" is in what was retrieved
    assert ("colour", "accuracy") in rows


def test_a_text_is_predicted_shown_and_told_as_json(said: World, ragmtl: Ragmtl) -> None:
    found = Predictor.load(said.run)(Query("matcha", entities=(T + "matcha",)))
    answers = {answer.task: answer for answer in found.answers}
    assert answers["sentence"].kind == "generation"
    assert answers["sentence"].meaning.startswith("A text that was written")
    assert "A text that was written" in render_prediction(found)
    called = ragmtl("predict", said.run, "matcha", "--json")
    assert called.code == 0, called.err
    assert {answer["task"] for answer in json.loads(called.out)["answers"]} == {"sentence", "colour", "german"}


def test_a_run_keeps_its_tokenizer_when_the_table_grows(said: World, tmp_path: Path) -> None:
    copy = said.copy(tmp_path / "copy")
    saved = json.loads((copy.run / "run.json").read_text(encoding="utf-8"))
    saved["config"]["folder"] = str(copy.folder)
    (copy.run / "run.json").write_text(json.dumps(saved), encoding="utf-8")
    more = {"tea": T + "lapsang", "name": "x", "sentence": "smoky smoky smoke", "split": "train"}
    copy.edit("sentences.jsonl", lambda text: text + json.dumps(more) + "\n")
    query = Query("matcha", entities=(T + "matcha",))
    first, second = (Predictor.load(one.run)(query).answers[0] for one in (said, copy))
    assert first == second


def test_an_arm_without_evidence_has_no_support(said: World, tmp_path: Path) -> None:
    config = read_config(said.config)
    index = open_index(config, said.index)
    found = [compare_arms(config, index, tmp_path / "compare", arms=["mtl"]) for _ in range(2)]
    assert str(found[0].rows) == str(found[1].rows)
    rows = {row.metric: row.value for row in found[0].rows if row.task == "sentence"}
    assert rows["names_supported_of_right"] == 0  # nothing was retrieved
    assert 0 <= rows["chrf"] <= 1


def test_what_cannot_be_written_is_refused_before_training(files: World, tmp_path: Path) -> None:
    copy = files.copy(tmp_path / "copy")
    copy.edit("sentences.jsonl", lambda text: text.replace(" is a green", " is a green, " + "long " * 10_000, 1))
    config = read_config(copy.config)
    with pytest.raises(DataError, match="at most 40 tokens in 'sentence', found 1 of 5 training rows with more"):
        train_run(config, open_index(config, copy.index), tmp_path / "run")
    empty = files.copy(tmp_path / "empty")
    empty.edit("sentences.jsonl", lambda text: text.replace('"sentence": "', '"sentence": "", "was": "'))
    config = read_config(empty.config)
    with pytest.raises(DataError, match="sentence"):
        train_run(config, open_index(config, empty.index), tmp_path / "run")


def test_a_wrong_checkpoint_is_refused(files: World, tmp_path: Path) -> None:
    copy = files.copy(tmp_path / "copy")
    shutil.rmtree(copy.folder / "small")
    (copy.folder / "small").mkdir()
    config = read_config(copy.config)
    with pytest.raises(ConfigError, match="save_pretrained"):
        train_run(config, open_index(config, copy.index), tmp_path / "run")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("output", "t", "another column than `text`"), ("shortest", 99, "at most `longest`"), ("beans", 1, "`beams`")],
)
def test_settings_that_make_no_sense_are_refused(key: str, value: object, message: str) -> None:
    task = {"name": "s", "kind": "generation", "data": "x", "text": "t", "output": "o"} | {key: value}
    with pytest.raises(ConfigError, match=message):
        parse_config({"name": "x", "corpus": {"path": "p"}, "tasks": [task]})
