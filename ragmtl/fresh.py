"""A new model for what was gathered, with the head that each task needs."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ragmtl.assembly import Assembly
from ragmtl.config import Config
from ragmtl.gather import Material
from ragmtl.models.model import Model
from ragmtl.sizes import HeadSize, MakeHead, ModelSize, build_model, ranking_size
from ragmtl.tasks.base import CHOICES, Task
from ragmtl.texts import fingerprint_for, tuned_encoder
from ragmtl.training.seed import seed_everything

GATE_START = 0.15


def new_model(config: Config, material: Material, tasks: Sequence[str], seed: int) -> tuple[Model, ModelSize]:
    """A model for some tasks, with fresh weights, and its size."""
    seed_everything(seed)
    found = [task for assembly in material.only(tasks) for task in assembly.source.tasks]
    heads = {
        task.name: head_size(task, material, assembly)
        for assembly in material.only(tasks)
        for task in assembly.source.tasks
    }
    size = ModelSize(
        text_dim=material.assemblies[0].vectors.nodes.shape[1],
        segment_dim=len(material.scale[0]),
        relations=len(material.index.graph.relations),
        ids=sum(map(len, material.entities)),
        settings=config.model,
        heads=heads,
        groups={task.name: n for n, one in enumerate(material.only(tasks)) for task in one.source.tasks},
        facts=material.facts,
        labels=sum(len(task.answers) for one in material.assemblies for task in one.source.tasks)
        if any(one.vectors.labelled for one in material.assemblies)
        else 0,
        encoder=fingerprint_for(config),
    )
    model = build_model(size, material.items, heads_of(found), tuned_encoder(config))
    model.text.standardise(*(torch.from_numpy(numbers) for numbers in material.scale))
    return model, size


def head_size(task: Task, material: Material, assembly: Assembly) -> HeadSize:
    """The size of a task's head."""
    if task.head != "ranking":
        votes = task.head in CHOICES and bool(assembly.vectors.node_ids.any())
        wide = assembly.signals[task.name].starts if task.name in assembly.signals else ()
        return HeadSize(kind=task.head, answers=len(task.answers), signals=wide, votes=votes)
    batch = assembly.batch([0])
    known = assembly.signals[task.name].starts
    starts = [*known, *[GATE_START] * (batch.signals[task.name].shape[2] - len(known))]
    return ranking_size(material.items[task.name], starts, batch.contexts[task.name].shape[1])


def heads_of(tasks: Sequence[Task]) -> dict[str, MakeHead]:
    """What makes the heads of tasks that make their own: of all but rankings."""
    return {task.name: task.new_head for task in tasks if task.head != "ranking"}
