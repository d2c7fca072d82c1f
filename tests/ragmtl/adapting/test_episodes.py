from __future__ import annotations

import numpy as np
import pytest

from ragmtl.adapting.adapt import Newcomer
from ragmtl.adapting.episodes import Pool, draw_episode, pools_of
from ragmtl.adapting.settings import MetaSettings

SETTINGS = MetaSettings(support=(4, 8), asked=4, answers=3)


@pytest.fixture
def pools(newcomer: Newcomer) -> list[Pool]:
    return pools_of(newcomer.material.only(["kind", "notes"]))


def test_only_classes_and_labels_are_cut_up(pools: list[Pool]) -> None:
    assert {pool.task.name for pool in pools} == {"kind", "notes"}
    assert not pools_of([])


@pytest.mark.parametrize("name", ["kind", "notes"])
def test_an_episode_is_a_task_with_a_few_answers_and_examples(pools: list[Pool], name: str) -> None:
    (pool,) = [pool for pool in pools if pool.task.name == name]
    for seed in range(20):
        episode = draw_episode([pool], SETTINGS, np.random.default_rng(seed))
        answers = episode.task.answers
        assert set(answers) <= set(pool.task.answers)
        assert len(answers) <= 3
        ids = [example.id for example in episode.assembly.source.examples]
        assert len(set(ids)) == len(ids) == len(episode.learned) + len(episode.asked)
        assert episode.learned
        assert episode.asked
        for example in episode.assembly.source.examples:
            whole = next(one for one in pool.assembly.source.examples if one.id == example.id)
            assert whole.split == "train"
            label, before = example.labels[name], whole.labels[name]
            if isinstance(label, tuple) and isinstance(before, tuple):
                kept = {pool.task.answers[place] for place in before} & set(answers)
                assert {answers[place] for place in label} == kept
            elif isinstance(label, int) and isinstance(before, int):
                assert answers[label] == pool.task.answers[before]
            else:
                pytest.fail("the label changed its kind")


def test_classes_are_told_apart_and_half_of_the_examples_have_a_label(pools: list[Pool]) -> None:
    for pool in pools:
        episode = draw_episode([pool], SETTINGS, np.random.default_rng(0))
        labels = [example.labels[pool.task.name] for example in episode.assembly.source.examples]
        if pool.task.head == "class":
            assert len(episode.task.answers) >= 2
        else:
            assert any(label == () for label in labels)
            assert sum(label != () for label in labels) >= len(labels) // 2


def test_a_draw_follows_from_its_generator(pools: list[Pool]) -> None:
    first, again = (draw_episode(pools, SETTINGS, np.random.default_rng(3)) for _ in range(2))
    assert first.task == again.task
    assert [one.id for one in first.assembly.source.examples] == [one.id for one in again.assembly.source.examples]
