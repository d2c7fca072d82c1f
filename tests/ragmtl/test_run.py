from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ragmtl.build import evidence_index, reader_for
from ragmtl.compare import EvidenceKind
from ragmtl.config import Config
from ragmtl.fit import _steps
from ragmtl.gather import Material, gather
from ragmtl.item_signals import KNOWLEDGE_SIGNALS
from ragmtl.loaded import Loaded
from ragmtl.predict import Predictor
from ragmtl.retrieval.index import Index
from ragmtl.run import Run, train_run
from ragmtl.tables import load_tasks
from tests.ragmtl.conftest import World

TASKS = ("kind", "notes", "orders", "requests")


@pytest.fixture(scope="module")
def loaded(config: Config, index: Index) -> Sequence[Loaded]:
    return load_tasks(config, index.graph)


def material(config: Config, index: Index, loaded: Sequence[Loaded], kind: EvidenceKind, seed: int = 0) -> Material:
    return gather(config, index, reader_for(config, index), loaded, kind, seed=seed)


@pytest.mark.parametrize("steps", [0, 7, 40])
def test_alone_a_task_gets_as_many_steps_as_in_the_mixture(
    config: Config, index: Index, loaded: Sequence[Loaded], steps: int
) -> None:
    config = config.model_copy(update={"training": config.training.model_copy(update={"steps": steps})})
    found = material(config, index, loaded, "none")
    sources = [[task.name for task in assembly.source.tasks] for assembly in found.assemblies]
    assert sources == [["kind", "notes"], ["orders"], ["requests"]]
    assert sum(_steps(config, found, tasks) for tasks in sources) == _steps(config, found, TASKS)
    assert _steps(config, found, ["kind"]) == _steps(config, found, ["notes"]) == _steps(config, found, sources[0])
    assert all(_steps(config, found, [task]) >= 1 for task in TASKS)
    assert steps in (0, _steps(config, found, TASKS))


RANKINGS = ("orders", "requests")


def test_without_retrieval_nothing_is_known(config: Config, index: Index, loaded: Sequence[Loaded]) -> None:
    known, none = (material(config, index, loaded, kind) for kind in ("retrieved", "none"))
    for with_knowledge, without in zip(known.assemblies, none.assemblies, strict=True):
        rows = list(range(len(without.source.examples)))[:12]
        batch, bare = with_knowledge.batch(rows), without.batch(rows)
        assert bare.passages.numel() == 0
        assert bare.node_vectors.shape[0] == bare.edges.shape[1] == 0
        assert len(batch.node_ids) > 0
        for task, signals in bare.signals.items():
            places = -len(KNOWLEDGE_SIGNALS) if task in RANKINGS else -1
            assert not signals[..., places:].any()
            assert batch.signals[task][..., places:].any()
            assert signals[..., :places].equal(batch.signals[task][..., :places]), "what the log says stays"
    assert all(items.neighbours is None for items in none.items.values())
    assert all(items.neighbours is not None for items in known.items.values())


def test_learned_entities_are_met_in_training(
    config: Config, index: Index, loaded: Sequence[Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragmtl.learned.LEAST_KEPT", -1.0)
    found = material(config, index, loaded, "retrieved")
    assert any(map(len, found.entities))
    for assembly, entities in zip(found.assemblies, found.entities, strict=True):
        met = {
            node
            for row in assembly.source.positions("train").tolist()
            if (evidence := assembly.readings[row].evidence) is not None
            for node in [*evidence.subgraph.nodes.tolist(), *assembly.readings[row].history.tolist()]
        }
        assert set(entities.tolist()) <= met
        assert np.flatnonzero(assembly.vectors.node_ids).tolist() == entities.tolist()


def test_random_passages_change_with_the_seed(config: Config, index: Index, loaded: Sequence[Loaded]) -> None:
    def passages(seed: int) -> list[list[int]]:
        found = material(config, index, loaded[:1], "random-passages", seed).assemblies[0].readings
        return [[p.passage for p in one.evidence.passages] for one in found if one.evidence is not None]

    assert passages(1) == passages(1)
    assert passages(1) != passages(2)


def test_the_shuffled_index_is_made_once(config: Config, index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "shuffled"
    assert evidence_index(index, "retrieved", 0, folder) is index
    assert not folder.exists()
    shuffled = evidence_index(index, "shuffled-graph", 0, folder)
    assert shuffled.manifest["graph"] != index.manifest["graph"]
    assert len(shuffled.graph) == len(index.graph)
    assert (np.bincount(shuffled.graph.relation_ids) == np.bincount(index.graph.relation_ids)).all()
    written = (folder / "manifest.json").stat().st_mtime_ns
    assert evidence_index(index, "shuffled-graph", 0, folder).manifest == shuffled.manifest
    assert (folder / "manifest.json").stat().st_mtime_ns == written


def test_a_run_comes_back_as_it_was_trained(trained: World, predictor: Predictor) -> None:
    run, again = predictor.run, Run.load(trained.run)
    assert again.answers == run.answers
    assert set(again.answers) == set(TASKS)
    assert again.thresholds["notes"] is not None
    assert again.thresholds["kind"] is None
    assert not again.model.training
    for name, tensor in run.model.state_dict().items():
        assert tensor.equal(again.model.state_dict()[name])


def test_the_same_seed_trains_the_same_model(trained: World, config: Config, index: Index, tmp_path: Path) -> None:
    train_run(config, index, tmp_path / "again")
    before, again = (Run.load(run).model.state_dict() for run in (trained.run, tmp_path / "again"))
    assert before.keys() == again.keys()
    assert [name for name, tensor in again.items() if not tensor.equal(before[name])] == []
