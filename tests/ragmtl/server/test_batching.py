from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from ragmtl.server.batching import Batcher
from ragmtl.server.problems import BusyError


class Worker:
    """Remembers its batches; holds the first until it is let go."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.free = threading.Event()

    def __call__(self, key: str, items: Sequence[int]) -> list[int]:
        self.batches.append((key, list(items)))
        self.free.wait(30)
        if 13 in items:
            raise ValueError("thirteen")
        return [item * 10 for item in items]


def test_what_waits_becomes_one_batch_of_its_key() -> None:
    worker = Worker()

    async def scene() -> list[int]:
        batcher = Batcher[str, int, int](worker, together=3)
        first = asyncio.create_task(batcher.ask("a", 0))
        while not worker.batches:
            await asyncio.sleep(0)
        others = [asyncio.create_task(batcher.ask("ab"[item % 2], item)) for item in range(1, 9)]
        await asyncio.sleep(0)
        worker.free.set()
        found = list(await asyncio.gather(first, *others))
        await batcher.close()
        return found

    assert asyncio.run(scene()) == [item * 10 for item in range(9)]
    assert worker.batches == [("a", [0]), ("b", [1, 3, 5]), ("a", [2, 4, 6]), ("b", [7]), ("a", [8])]


def test_one_that_fails_spoils_no_other() -> None:
    worker = Worker()
    worker.free.set()

    async def scene() -> list[int | BaseException]:
        batcher = Batcher[str, int, int](worker)
        return await asyncio.gather(*(batcher.ask("a", item) for item in (1, 13, 2)), return_exceptions=True)

    one, thirteen, two = asyncio.run(scene())
    assert (one, two) == (10, 20)
    assert isinstance(thirteen, ValueError)
    assert worker.batches == [("a", [1, 13, 2]), ("a", [1]), ("a", [13]), ("a", [2])]


def test_those_who_have_gone_are_not_answered_and_too_many_are_turned_away() -> None:
    worker = Worker()

    async def scene() -> None:
        batcher = Batcher[str, int, int](worker, waiting=2)
        first = asyncio.create_task(batcher.ask("a", 0))
        while not worker.batches:
            await asyncio.sleep(0)
        gone, stays = asyncio.create_task(batcher.ask("a", 1)), asyncio.create_task(batcher.ask("a", 2))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await batcher.ask("a", 3)
        gone.cancel()
        worker.free.set()
        assert (await first, await stays) == (0, 20)
        assert len(batcher) == 0

    asyncio.run(scene())
    assert worker.batches == [("a", [0]), ("a", [2])]


def test_those_who_ask_again_are_waited_for() -> None:
    worker = Worker()
    worker.free.set()

    def slow(key: str, items: Sequence[int]) -> list[int]:
        time.sleep(0.4)
        return worker(key, items)

    async def scene() -> None:
        batcher = Batcher[str, int, int](slow)

        async def client(number: int) -> None:
            await batcher.ask("a", number)
            for _ in range(5 * number):  # not all at once
                await asyncio.sleep(0)
            await batcher.ask("a", 10 + number)

        await asyncio.gather(*map(client, range(3)))
        await batcher.close()

    asyncio.run(scene())
    assert [sorted(items) for _, items in worker.batches] == [[0, 1, 2], [10, 11, 12]]
