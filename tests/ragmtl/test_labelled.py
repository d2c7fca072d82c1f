from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.build import open_index, reader_for
from ragmtl.compare import EvidenceKind
from ragmtl.config import Config, read_config
from ragmtl.fresh import new_model
from ragmtl.gather import gather
from ragmtl.inspector.page import render_prediction
from ragmtl.inspector.words import attention_sentence
from ragmtl.labelled import LabelledSource, answer_rows, asked, labelled_sources
from ragmtl.loaded import Loaded
from ragmtl.models.batch import Reading
from ragmtl.predict import Predictor
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.run import train_run
from ragmtl.tables import load_tasks
from ragmtl.tasks.base import positions
from tests.laws.evidence import evidence_of, random_subgraph
from tests.ragmtl.conftest import World


@pytest.fixture(scope="module")
def loaded(config: Config, index: Index) -> list[Loaded]:
    return load_tasks(config, index.graph)


@pytest.fixture(scope="module")
def sources(loaded: list[Loaded]) -> list[LabelledSource | None]:
    return labelled_sources(loaded, HashingEncoder(), 3)


def readings(count: int) -> list[Reading]:
    evidence = evidence_of(random_subgraph(np.random.default_rng(0), 3, 2), [])
    return [Reading(np.zeros((0, 4), np.float32), evidence, np.zeros(0, np.int64), {})] * count


def given(reading: Reading) -> Evidence:
    assert reading.evidence is not None
    return reading.evidence


def test_logs_have_no_neighbours_and_none_are_made_unasked(
    loaded: list[Loaded], sources: list[LabelledSource | None]
) -> None:
    assert [one.source.name for one, found in zip(loaded, sources, strict=True) if found is None] == ["orders"]
    assert set(labelled_sources(loaded, HashingEncoder(), 0)) == {None}


@pytest.mark.parametrize("kind", ["retrieved", "random-passages"])
def test_neighbours_are_training_examples_of_other_groups(
    kind: EvidenceKind, loaded: list[Loaded], sources: list[LabelledSource | None]
) -> None:
    for one, found in zip(loaded, sources, strict=True):
        if found is None:
            continue
        examples = {example.id: example for example in one.source.examples}
        queries = [asked(example) for example in one.source.examples]
        added = found.add(readings(len(queries)), queries, kind, seed=1)
        assert sum(len(given(reading).neighbours) for reading in added) > 2 * len(queries)
        for example, reading in zip(one.source.examples, added, strict=True):
            neighbours = [examples[beside.example.id] for beside in given(reading).neighbours]
            assert len(neighbours) <= 3
            assert all(beside.split == "train" and beside.group != example.group for beside in neighbours)


def test_there_are_none_without_evidence(sources: list[LabelledSource | None]) -> None:
    found = next(one for one in sources if one is not None)
    (reading,) = found.add(readings(1), [Query("grass")], "none")
    assert not given(reading).neighbours


def test_answers_are_numbered_over_all_tasks(loaded: list[Loaded], sources: list[LabelledSource | None]) -> None:
    tasks = [task for one in loaded for task in one.source.tasks]
    rows = answer_rows(tasks)
    assert [len(numbers) for numbers in rows.values()] == [len(task.answers) for task in tasks]
    assert [number for numbers in rows.values() for number in numbers] == list(range(sum(map(len, rows.values()))))
    found = next(one for one in sources if one is not None)
    train = {example.id: example for one in loaded for example in one.source.examples if example.split == "train"}
    for example, row in found.table.rows.items():
        names = [
            task.answers[at - rows[task.name].start]
            for task in tasks
            for at in found.table.labels[row].tolist()
            if at in rows[task.name]
        ]
        labels = train[example].labels
        assert len(names) == sum(len(positions(label)) for label in labels.values())
        assert tuple(names) == found.finder.examples[row].labels


def test_a_task_alone_does_not_see_the_labels_of_others(sources: list[LabelledSource | None]) -> None:
    found = next(one for one in sources if one is not None)
    kinds = found.table.answers["kind"]
    alone = found.table.only(["kind"])
    assert list(alone.answers) == ["kind"]
    assert all(number in kinds for labels in alone.labels for number in labels.tolist())
    assert any(number not in kinds for labels in found.table.labels for number in labels.tolist())


def test_everything_at_once_trains_and_predicts(files: World, trained: World, tmp_path: Path) -> None:
    """All features, labelled neighbours, and choices other than the defaults: from a file to a prediction."""
    choices = """
features = ["text", "types", "literals", "ids"]
graph = "hgt"
fusion = "concat"
sharing = "ple"
experts = 2
"""
    files.replace("tea.toml", "attention_heads = 2\n", "attention_heads = 2" + choices)
    files.replace("tea.toml", "passages = 3\n", "passages = 3\nneighbours = 2\n")
    config = read_config(files.config)
    index = open_index(read_config(trained.config), trained.index)
    train_run(config, index, tmp_path / "run")
    predictor = Predictor.load(tmp_path / "run")
    assert predictor.run.size.facts.types == ("https://tea.example/Tea",)
    found = predictor(Query("A clear yellow cup that smells of cut grass."))
    assert {answer.task for answer in found.answers} == {"kind", "notes", "requests"}
    assert len(found.examples) == 2
    assert all(example.labels for example in found.examples)
    spent = [piece.attention for kind in (found.passages, found.nodes, found.examples) for piece in kind]
    assert sum(spent) + found.no_evidence == pytest.approx(1, abs=1e-5)
    assert "labelled examples" in render_prediction(found)
    assert "2 labelled examples" in attention_sentence(found)
    assert [answer for answer in predictor(Query("Grass, and peas.")).answers] == [
        answer for answer in Predictor.load(tmp_path / "run")(Query("Grass, and peas.")).answers
    ]


def test_a_single_arm_has_the_size_of_all(config: Config, index: Index) -> None:
    wanting = config.model_copy(update={"retrieval": config.retrieval.model_copy(update={"neighbours": 2})})
    tasks = load_tasks(wanting, index.graph)
    material = gather(wanting, index, reader_for(wanting, index), tasks, "retrieved", seed=0)
    model, size = new_model(wanting, material, ["kind"], 0)
    assert size.labels == sum(len(task.answers) for one in tasks for task in one.source.tasks)
    batch = material.only(["kind"])[0].batch([0, 1])
    assert batch.neighbour_mask.sum() == 4
    labelled = material.assemblies[0].vectors.labelled
    assert labelled is not None
    answers = labelled.answers["kind"]
    assert 0 < len(batch.neighbour_labels[0]) <= 4
    assert all(number in answers for number in batch.neighbour_labels[2].tolist())
    assert model.eval()(batch, ["kind"]).fused.neighbour_weights.shape == (2, 2)
