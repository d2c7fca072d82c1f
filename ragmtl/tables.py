"""From the tasks of a configuration to examples: tables are read once, whatever number of tasks they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ragmtl.config import (
    Config,
    EntityConfig,
    GenerationConfig,
    LinkConfig,
    QuestionConfig,
    RankConfig,
    RecommendConfig,
    TableSection,
)
from ragmtl.fitted import Fitted
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.loaded import Loaded
from ragmtl.rankings import columns_of, load_links, load_log, load_ranking
from ragmtl.retrieving import named_model
from ragmtl.tasks.entities import read_entities
from ragmtl.tasks.examples import read_examples
from ragmtl.tasks.splits import Fractions
from ragmtl.tasks.targets import Target


def load_tasks(config: Config, graph: KnowledgeGraph, fitted: Fitted | None = None) -> list[Loaded]:
    """Read the tables of all tasks.

    Args:
        config: Says where they are.
        graph: What they are about.
        fitted: What was fitted to them before; takes what is fitted to them here.

    Raises:
        DataError: A table cannot be used as meant; the message says where and why.
    """
    known, loaded = graph.nodes, list[Loaded]()
    tables: dict[tuple[object, ...], list[TableSection]] = {}
    for task in config.tasks:
        match task:
            case TableSection():
                tables.setdefault(_inputs(task), []).append(task)
            case RecommendConfig():
                loaded.append(load_log(config, task, known, fitted))
            case RankConfig():
                loaded.append(load_ranking(config, task, known))
            case EntityConfig():
                loaded.append(_entities(config, task, graph))
            case LinkConfig():
                loaded.append(load_links(config, task, graph))
    return [_labels(config, tasks, known) for tasks in tables.values()] + loaded


def _inputs(task: TableSection) -> tuple[object, ...]:
    """What two tasks must have in common to be read from a table together."""
    shared = TableSection.model_fields.keys() - {"name", "hide", "weight"}
    return tuple(str(value) for name, value in task if name in shared)


def _labels(config: Config, tasks: Sequence[TableSection], known: Collection[str]) -> Loaded:
    first = tasks[0]
    columns = columns_of(first)
    targets = [_target(config, task) for task in tasks]
    hide = {iri for task in tasks for iri in task.hide}
    name = "+".join(task.name for task in tasks)
    fractions = Fractions(*first.fractions, seed=config.seed)
    path = config.resolve(first.data)
    return Loaded(read_examples(path, columns, targets, fractions=fractions, hide=hide, known=known, name=name))


def _entities(config: Config, task: EntityConfig, graph: KnowledgeGraph) -> Loaded:
    fractions = Fractions(*task.fractions, seed=config.seed)
    return Loaded(read_entities(graph, task.stated, task.target(), fractions=fractions, hide=task.hide))


def _target(config: Config, task: TableSection) -> Target:
    """Which column a task learns; questions are answered with one of the nodes that are retrieved."""
    if isinstance(task, QuestionConfig):
        return task.target_within(config.retrieval.nodes)
    if isinstance(task, GenerationConfig):  # whose checkpoint may be a folder beside the configuration
        return task.model_copy(update={"checkpoint": named_model(config, task.checkpoint)}).target()
    return task.target()
