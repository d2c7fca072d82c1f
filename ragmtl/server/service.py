"""What a server does, whoever asks: answers in batches, in time, from runs that can be exchanged while it answers."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from ragmtl.errors import DataError, Error
from ragmtl.predict import Choices, check_entities
from ragmtl.prediction import Prediction, Score
from ragmtl.retrieval.query import Query
from ragmtl.server.access import Limits
from ragmtl.server.batching import Batcher
from ragmtl.server.memory import EVERY, give_back
from ragmtl.server.metrics import Metrics
from ragmtl.server.opened import Opened
from ragmtl.trust.why import Why, why

log = logging.getLogger("ragmtl.server")
Open = Callable[[str, Path], Opened]
Kind = Literal["predict", "retrieve", "why"]
_Key = tuple[Opened, Kind, Choices]
_Item = tuple[Query, str]
"""A query, and the answer that is asked about."""
_Found = Prediction | Why
Result = TypeVar("Result")


class Service:
    """Serves some runs.

    Args:
        folders: Where each run is, by name; the first is the one that is meant where none is named.
        limits: How much may be asked.
        metrics: Told what happens.
        opener: Opens a run.
    """

    def __init__(
        self, folders: Mapping[str, Path], limits: Limits, metrics: Metrics, opener: Open = Opened.load
    ) -> None:
        self.folders = dict(folders)
        self.limits = limits
        self.metrics = metrics
        self._open = opener
        self._opened: dict[str, Opened] = {}
        self._reloading = asyncio.Lock()
        self._done = itertools.count(1)
        self._batcher = Batcher[_Key, _Item, _Found](
            self._work, together=limits.together, waiting=limits.waiting, watch=metrics.batches.observe
        )

    @property
    def ready(self) -> bool:
        """Whether every run is open."""
        return len(self._opened) == len(self.folders)

    @property
    def opened(self) -> list[Opened]:
        """The runs, in order."""
        return [self._opened[name] for name in self.folders if name in self._opened]

    def open(self) -> None:
        """Open every run.

        Raises:
            MismatchError: A folder holds no run, or one that does not fit its index.
        """
        self._opened = {name: self._open(name, folder) for name, folder in self.folders.items()}

    async def reload(self) -> list[str]:
        """Open every run again and exchange it; requests that are under way end with the old one.

        Gives:
            What is wrong with runs that could not be opened; these are served as before.
        """
        problems = []
        async with self._reloading:
            for name, folder in self.folders.items():
                try:
                    self._opened[name] = await asyncio.to_thread(self._open, name, folder)
                except (Error, OSError) as error:
                    log.warning("%s is served as before: %s", name, error)
                    problems.append(str(error))
        self.metrics.reloads.inc()
        return problems

    async def close(self) -> None:
        """Answer what waits, and end."""
        await self._batcher.close()

    def run(self, name: str | None) -> Opened:
        """A run by its name, or the first.

        Raises:
            DataError: There is none.
        """
        wanted = name or next(iter(self.folders))
        if wanted not in self._opened:
            raise DataError(f"expected a run, one of: {', '.join(self._opened)}; found {wanted!r}")
        return self._opened[wanted]

    async def predict(self, run: str | None, query: Query, choices: Choices) -> Prediction:
        """What a run answers.

        Raises:
            DataError: The query names what there is not, or nothing.
            BusyError, TimeoutError: There is no answer in time.
        """
        opened = self.run(run)
        opened.predictor.check_tasks(choices.tasks)
        _check(opened, query)
        return await self._asked((opened, "predict", choices), query, Prediction)

    async def retrieve(self, run: str | None, query: Query, choices: Choices) -> Prediction:
        """What is retrieved for a query; raises as `predict` does."""
        opened = self.run(run)
        _check(opened, query)
        return await self._asked((opened, "retrieve", choices), query, Prediction)

    async def recommend(
        self, run: str | None, asked: tuple[Sequence[str], str, str | None], top: int
    ) -> tuple[Score, ...]:
        """The best items for items met, a text, and the name of a ranking; raises as `predict` does."""
        opened = self.run(run)
        query, task = opened.predictor.wanted(*asked)
        choices = Choices(tasks=frozenset({task}), shown=top, evidence=False)
        found = await self._asked((opened, "predict", choices), query, Prediction)
        return found.answers[0].scores

    async def why(self, run: str | None, query: Query, choices: Choices, answer: str) -> Why:
        """What speaks for an answer of the one task that is chosen; raises as `predict` does."""
        opened = self.run(run)
        opened.predictor.check_tasks(choices.tasks)
        _check(opened, query)
        return await self._asked((opened, "why", choices), query, Why, answer)

    def _work(self, key: _Key, items: Sequence[_Item]) -> Sequence[_Found]:
        if next(self._done) % EVERY == 0:
            give_back()
        return _work(key, items)

    async def _asked(self, key: _Key, query: Query, kind: type[Result], answer: str = "") -> Result:
        async with asyncio.timeout(self.limits.seconds):
            found = await self._batcher.ask(key, (query, answer))
        if not isinstance(found, kind):
            raise TypeError(f"expected {kind.__name__}, found {type(found).__name__}")
        return found


def _check(opened: Opened, query: Query) -> None:
    """Refuse queries that name nothing, or what the graph does not have."""
    if not (query.text.strip() or query.entities or query.history):
        raise DataError("expected a text, the IRI of an entity or of an item met before; found nothing")
    check_entities((*query.entities, *query.history), opened.predictor.index.graph)


def _work(key: _Key, items: Sequence[_Item]) -> Sequence[_Found]:
    """Answer a batch, in the thread of the model."""
    opened, kind, choices = key
    queries = [query for query, _ in items]
    match kind:
        case "predict":
            return opened.predict(queries, choices)
        case "retrieve":
            return opened.retrieve(queries, choices)
        case "why":
            tasks = sorted(choices.tasks or ())
            return [why(opened.predictor, query, tasks[0], answer, choices) for query, answer in items]
