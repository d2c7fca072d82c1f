"""Requests that arrive together become one batch.

While the model works on a batch, requests wait; when it is done, it takes all that wait and ask for the same kind of
thing, up to a limit. Clients that got their answers from one batch ask again at about the same time: after a batch of
several, at most a quarter of the time that it took is waited for as many. A request that comes alone waits for nothing.
One thread does all the work, for a predictor serves one thread at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from ragmtl.server.problems import BusyError

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Job(Generic[Key, Item, Result]):
    key: Key
    item: Item
    answer: asyncio.Future[Result]


@dataclass(frozen=True, slots=True)
class _Batch:
    """How many items it had, how long it took, and when it ended."""

    size: int
    seconds: float
    ended: float


class Batcher(Generic[Key, Item, Result]):
    """Puts items together that have the same key.

    Args:
        work: Answers some items of one key, in their order.
        together: The most items of a batch.
        waiting: The most items that wait.
        watch: Told the size of each batch.
    """

    def __init__(
        self,
        work: Callable[[Key, Sequence[Item]], Sequence[Result]],
        *,
        together: int = 32,
        waiting: int = 256,
        watch: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._work = work
        self._together = together
        self._most = waiting
        self._watch = watch
        self._jobs: list[_Job[Key, Item, Result]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ragmtl-model")
        self._running: asyncio.Task[None] | None = None
        self._last = _Batch(0, 0.0, 0.0)
        self._enough = asyncio.Event()

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._jobs)

    async def ask(self, key: Key, item: Item) -> Result:
        """The answer to an item.

        Raises:
            BusyError: Too many items wait.
        """
        if len(self._jobs) >= self._most:
            raise BusyError
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        job = _Job(key, item, answer)
        self._jobs.append(job)
        if len(self._jobs) >= self._last.size:
            self._enough.set()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await job.answer

    async def close(self) -> None:
        """Answer what waits, and end."""
        if self._running is not None:
            await self._running
        self._pool.shutdown()

    async def _run(self) -> None:
        await asyncio.sleep(0)  # others of the same turn of the loop
        while self._jobs:
            await self._others()
            if jobs := self._next():
                began = time.perf_counter()
                await self._answer(jobs)
                self._last = _Batch(len(jobs), time.perf_counter() - began, time.perf_counter())

    async def _others(self) -> None:
        """Wait a little for as many as were in the last batch, where that was just now."""
        last = self._last
        if last.size < 2 or len(self._jobs) >= last.size or time.perf_counter() - last.ended > last.seconds:
            return
        self._enough.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._enough.wait(), last.seconds / 4)

    def _next(self) -> list[_Job[Key, Item, Result]]:
        """The first that waits and others of its key; those whose asker has gone are dropped."""
        self._jobs = [job for job in self._jobs if not job.answer.done()]
        taken = [job for job in self._jobs if job.key == self._jobs[0].key][: self._together]
        self._jobs = [job for job in self._jobs if job not in taken]
        return taken

    async def _answer(self, jobs: list[_Job[Key, Item, Result]]) -> None:
        """Answer a batch; if it fails, each by itself, so that one item spoils no other."""
        self._watch(len(jobs))
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._pool, self._work, jobs[0].key, [job.item for job in jobs])
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    await self._answer([job])
            elif not jobs[0].answer.done():
                jobs[0].answer.set_exception(error)
            return
        for job, one in zip(jobs, found, strict=True):
            if not job.answer.done():
                job.answer.set_result(one)
