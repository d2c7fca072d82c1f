"""Runs are exchanged while requests are under way; what takes too long is given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ragmtl.errors import MismatchError
from ragmtl.predict import Choices, Predictor
from ragmtl.prediction import Prediction
from ragmtl.retrieval.query import Query
from ragmtl.server.access import Limits
from ragmtl.server.metrics import Metrics
from ragmtl.server.opened import Opened
from ragmtl.server.service import Service
from tests.ragmtl.conftest import Ragmtl, World
from tests.ragmtl.server.conftest import TEXT

QUERY = Query(TEXT)


class Waiting(Predictor):
    """Answers when it is let; says which generation it is."""

    def __init__(self, predictor: Predictor, generation: str) -> None:
        self.__dict__.update(predictor.__dict__)
        self.generation = generation
        self.free, self.asked = threading.Event(), threading.Event()

    def many(self, queries: Sequence[Query], choices: Choices = Choices()) -> list[Prediction]:  # noqa: B008
        self.asked.set()
        self.free.wait(30)
        return [replace(found, run=self.generation) for found in super().many(queries, choices)]


def test_a_run_is_exchanged_and_no_request_is_dropped(opened: Opened) -> None:
    generations = [Waiting(opened.predictor, name) for name in ("old", "new")]
    generations[1].free.set()
    left = iter(generations)

    def opener(name: str, folder: Path) -> Opened:
        return replace(opened, predictor=next(left))

    async def scene() -> list[str]:
        service = Service({"tea": opened.folder}, Limits(), Metrics.new(), opener)
        service.open()
        under_way = asyncio.create_task(service.predict(None, QUERY, Choices()))
        await asyncio.to_thread(generations[0].asked.wait, 30)
        assert await service.reload() == []
        after = asyncio.create_task(service.predict(None, QUERY, Choices()))
        await asyncio.sleep(0)
        generations[0].free.set()
        found = [(await under_way).run, (await after).run]
        await service.close()
        return found

    assert asyncio.run(scene()) == ["old", "new"]


def test_a_run_that_cannot_be_opened_leaves_the_old_one(opened: Opened) -> None:
    runs = iter([opened])

    def opener(name: str, folder: Path) -> Opened:
        try:
            return next(runs)
        except StopIteration:
            raise MismatchError("expected a run, found none") from None

    async def scene() -> None:
        service = Service({"tea": opened.folder}, Limits(), Metrics.new(), opener)
        assert not service.ready
        service.open()
        assert await service.reload() == ["expected a run, found none"]
        assert service.ready
        assert (await service.predict(None, QUERY, Choices())).answers
        await service.close()

    asyncio.run(scene())


def test_what_takes_too_long_is_given_up(opened: Opened) -> None:
    slow = Waiting(opened.predictor, "slow")

    async def scene() -> None:
        limits = Limits(seconds=0.05)
        service = Service({"tea": opened.folder}, limits, Metrics.new(), lambda *_: replace(opened, predictor=slow))
        service.open()
        with pytest.raises(TimeoutError):
            await service.predict(None, QUERY, Choices())
        slow.free.set()
        await service.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "expected a token where others can reach the server (0.0.0.0), found none"),
        (["--token-file", "none"], "none: expected a file with a token"),
        (["--host", "203.0.113.9", "--token-file", "token"], "expected to listen on 203.0.113.9"),
    ],
)
def test_what_cannot_be_served_is_told(ragmtl: Ragmtl, trained: World, words: list[str], said: str) -> None:
    Path("token").write_text("a-token-of-twenty-letters")
    found = ragmtl("serve", trained.run, "--port", "0", *words)
    assert found.code == 1
    assert said in found.err


def test_no_run_is_told(ragmtl: Ragmtl, tmp_path: Path) -> None:
    found = ragmtl("serve", tmp_path / "none", "--port", "0")
    assert found.code == 1
    assert "expected a run, found no run.json" in found.err
