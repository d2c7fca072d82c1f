"""A run whose text encoder learned with it, from training to adapting; on a tiny transformer with random weights."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ragmtl.adapting.adapt import Budget, adapt_run
from ragmtl.build import build_index, open_index, reader_for
from ragmtl.config import read_config
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.gather import gather
from ragmtl.models.checkpoint import load_checkpoint
from ragmtl.predict import Predictor
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.query import Query
from ragmtl.run import Run, evaluate_run, train_run
from ragmtl.training.train import TrainingSettings, parameter_groups
from tests.ragmtl.conftest import TEA, World
from tests.tiny import WORDS, tiny_encoder

TEXT = "lora" if importlib.util.find_spec("peft") else "full"
STEPS, KILLED = 6, 5
OTHERS = '[[tasks]]\nname = "notes"'
ASKED = Query(text="cod and bread. Who sells wine in the town?")


def killed_while_training(name: str) -> Progress:
    def told(done: int, _: int) -> None:
        if done == KILLED:
            raise KeyboardInterrupt

    return told if name.startswith("training") else no_progress


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Files, index and a run that was killed and went on; not to be changed."""
    world = World(tmp_path_factory.mktemp("texts") / "tea")
    shutil.copytree(TEA, world.folder)
    (world.folder / "tiny").mkdir()
    tiny_encoder(world.folder / "tiny")
    world.replace("tea.toml", 'name = "hashing"', 'name = "tiny"')
    world.replace("tea.toml", "[model]\n", f'[model]\ntext = "{TEXT}"\ntext_segments = 1\n')
    world.replace("tea.toml", "[training]\n", "[training]\ntext_rate = 1e-2\ncheckpoint_every = 2\n")
    world.edit("tea.toml", lambda text: text[: text.index(OTHERS)])
    build_index(read_config(world.config), world.index)
    with pytest.raises(KeyboardInterrupt):
        trained(world, world.run, killed_while_training)
    trained(world, world.run)
    return world


def trained(world: World, folder: Path, watch: Callable[[str], Progress] = lambda _: no_progress) -> None:
    config = read_config(world.config)
    train_run(config, open_index(config, world.index), folder, watch)


def test_a_killed_training_goes_on_to_the_same_weights(world: World, tmp_path: Path) -> None:
    trained(world, tmp_path / "straight")
    straight, killed = (load_checkpoint(folder / "best").tensors for folder in (tmp_path / "straight", world.run))
    assert straight.keys() == killed.keys()
    assert all(tensor.equal(killed[name]) for name, tensor in straight.items())


def test_a_run_keeps_what_was_learned_and_nothing_else(world: World) -> None:
    kept = {name: one for name, one in load_checkpoint(world.run / "best").tensors.items() if "encoder." in name}
    assert kept
    assert (TEXT == "full") or all("lora" in name for name in kept)
    run = Run.load(world.run)
    assert run.model.encoder is not None
    frozen = reader_for(
        run.config.model_copy(update={"model": run.config.model.model_copy(update={"text": "frozen"})}), run.index
    )
    assert np.abs(run.reader.encode(WORDS[5:]) - frozen.encode(WORDS[5:])).max() > 1e-3


def test_a_run_reads_vectors_as_its_training_read_tokens(world: World) -> None:
    run = Run.load(world.run)
    learning = reader_for(run.config, run.index)
    tokens, vectors = (
        gather(run.config, run.index, reader, run.loaded, "retrieved", seed=0).assemblies[0].batch(list(range(12)))
        for reader in (learning, run.reader)
    )
    assert len(tokens.tokens)
    assert not len(vectors.tokens)
    with torch.inference_mode():
        one, other = (run.model(batch).heads["kind"] for batch in (tokens, vectors))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_it_is_measured_predicts_and_leaves_no_trace_of_what_is_asked(world: World) -> None:
    assert {row.metric for row in evaluate_run(world.run, "test")} >= {"accuracy", "macro_f1"}
    predictor = Predictor.load(world.run)
    stores = {path: path.read_bytes() for path in world.folder.glob("index-vectors/*/keys.bin")}
    alone, among = predictor(ASKED), predictor.many([Query(text="cod"), ASKED])[1]
    one, other = ([score.value for score in found.answers[0].scores] for found in (alone, among))
    assert one == pytest.approx(other, abs=1e-5)
    assert {path: path.read_bytes() for path in world.folder.glob("index-vectors/*/keys.bin")} == stores


def test_a_run_adapted_from_it_reads_with_its_encoder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragmtl.adapting.adapt.pools_of", lambda _: [])  # starts that are learned are tested elsewhere
    tasks = (TEA / "tea.toml").read_text(encoding="utf-8").split("[[tasks]]\n")
    wanting = tmp_path / "wanting.toml"
    wanting.write_text(world.config.read_text(encoding="utf-8") + "[[tasks]]\n" + tasks[2], encoding="utf-8")
    for name in ("graph.ttl", "passages.jsonl", "tastings.csv"):
        shutil.copy(TEA / name, tmp_path / name)
    config = read_config(wanting)
    adapt_run(world.run, config, tmp_path / "out", budget=Budget(sizes=(8,), seeds=1, rounds=1, stops=(1,)))
    adapted, run = Run.load(tmp_path / "out" / "run"), Run.load(world.run)
    assert adapted.reader.fingerprint == run.reader.fingerprint
    assert [answer.task for answer in Predictor(adapted)(ASKED).answers] == ["notes"]


def test_an_encoder_has_a_learning_rate_of_its_own(world: World) -> None:
    model = Run.load(world.run).model
    assert model.encoder is not None
    groups = parameter_groups(model, [], TrainingSettings(learning_rate=1e-3, text_rate=1e-5))
    assert [group["lr"] for group in groups] == [1e-3, 1e-5]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    assert len(groups[1]["params"]) == len(list(model.encoder.parameters()))
    assert parameter_groups(model, [], TrainingSettings())[1]["lr"] == model.encoder.rate


def test_a_missing_or_another_encoder_is_one_clear_error(world: World, tmp_path: Path) -> None:
    moved = world.copy(tmp_path / "tea")
    run = moved.edit("run/run.json", lambda text: text.replace(str(world.folder), str(moved.folder))).parent
    size = Run.load(run).size.encoder
    moved.edit("run/run.json", lambda text: text.replace(size, "0" * len(size)))
    with pytest.raises(MismatchError, match="which this run has learned additions to"):
        Run.load(run)
    shutil.rmtree(moved.folder / "tiny")
    with pytest.raises(ConfigError, match=r"expected the text encoder 'tiny' .* found neither"):
        Run.load(run)
