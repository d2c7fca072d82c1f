"""What is seen to between reading the tables and the work: that there is something to learn and to measure.

The user hears what was left out, and which relations state a label (`leaks.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ragmtl.config import Config
from ragmtl.errors import DataError
from ragmtl.fitted import Fitted
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint
from ragmtl.leaks import find_leaks
from ragmtl.loaded import Loaded
from ragmtl.tables import load_tasks
from ragmtl.tasks.base import Split

Tell = Callable[[str], None]
"""Takes a line that the user should read."""


def untold(line: str) -> None:
    """For callers who do not listen."""


def checked_tasks(config: Config, graph: KnowledgeGraph, fitted: Fitted | None = None) -> list[Loaded]:
    """Read the tables of all tasks; `fitted` is what was fitted to them before.

    Raises:
        DataError: A table cannot be used, or there is no task.
    """
    loaded = load_tasks(config, graph, fitted)
    if not loaded:
        raise DataError("expected a task in the configuration, found none; add a [[tasks]] table (docs/your-data.md)")
    return loaded


def inform(loaded: Sequence[Loaded], graph: KnowledgeGraph, tell: Tell) -> tuple[str, ...]:
    """Tell what was left out of the tables, and which relations should be hidden; gives the same, to be kept.

    Args:
        loaded: The tables.
        graph: What evidence is retrieved from.
        tell: Takes one line at a time: `note: …` or `warning: …`.
    """
    notes = [f"{one.source.name}: {note}" for one in loaded for note in one.source.notes]
    leaks = [leak for one in loaded for leak in (*_not_hidden(one, graph), *find_leaks(one.source, graph))]
    for kind, lines in (("note", notes), ("warning", leaks)):
        for line in lines:
            tell(f"{kind}: {line}")
    return (*notes, *leaks)


def _not_hidden(loaded: Loaded, graph: KnowledgeGraph) -> list[str]:
    """A warning for each relation to hide that the graph does not have."""
    hide = loaded.source.examples[0].query.hide if len(loaded.source.examples) else frozenset[str]()
    return [
        f"{loaded.source.name}: the graph has no relation <{iri}> to hide; "
        + iri_hint(iri, graph.relations, "see the graph for its relations")
        for iri in sorted(hide)
        if graph.relations.find(iri) is None
    ]


def refuse_unlabelled(loaded: Sequence[Loaded], split: Split, tasks: Collection[str] | None = None) -> None:
    """See that every task, or some of them, can be measured on a split.

    Raises:
        DataError: A task has no labelled example in it.
    """
    for one in loaded:
        rows = one.source.positions(split).tolist()
        for task in (task for task in one.source.tasks if tasks is None or task.name in tasks):
            if not any(task.name in one.source.examples[row].labels for row in rows):
                raise DataError(
                    f"task {task.name!r}: expected {split} rows to measure, found none; mark some in the split "
                    "column, or leave out `split` to have the rows shared out",
                    one.source.name,
                )
