from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Event, Lock

import pytest

from ragmtl.errors import ConfigError, DataError
from ragmtl.retrieval.servers.asking import Asker, Patience, TroubleError, of_status, within


def asker(waited: list[float], **patience: float) -> Asker:
    return Asker("http://me:word@x/y?key=1", Patience(sleep=waited.append, **patience), ["Bearer abcdefgh"])  # type: ignore[arg-type]


def failing(*troubles: TroubleError) -> tuple[list[int], Callable[[], str]]:
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if len(calls) <= len(troubles):
            raise troubles[len(calls) - 1]
        return "answer"

    return calls, call


def test_what_passes_is_waited_for_twice_as_long_each_time() -> None:
    waited: list[float] = []
    calls, call = failing(*[TroubleError("noise", passes=True)] * 4)
    assert asker(waited, attempts=5, pause=0.5, longest=3.0)(call, "peace") == "answer"
    assert waited == [0.5, 1.0, 2.0, 3.0]


def test_the_server_says_how_long_but_not_for_ever() -> None:
    waited: list[float] = []
    calls, call = failing(TroubleError("a", passes=True, wait=2.0), TroubleError("b", passes=True, wait=9999.0))
    asker(waited, longest=20.0)(call, "peace")
    assert waited == [2.0, 20.0]


def test_the_error_says_what_was_expected_what_came_and_how_often() -> None:
    calls, call = failing(*[TroubleError("noise", passes=True)] * 9)
    with pytest.raises(DataError) as caught:
        asker([], attempts=3)(call, "peace")
    assert str(caught.value) == "http://x/y: expected peace, found noise 3 times; ask later, or allow more time"


def test_no_part_of_a_secret_is_shown() -> None:
    calls, call = failing(TroubleError("you sent abcdefgh and Bearer abcdefgh", passes=False))
    with pytest.raises(DataError) as caught:
        asker([])(call, "peace")
    assert "abcdefgh" not in str(caught.value)
    assert "word" not in str(caught.value)


def test_an_error_that_nobody_explains_is_a_mistake_of_ours() -> None:
    def call() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asker([])(call, "peace")


def test_as_many_at_once_as_allowed_and_no_more() -> None:
    lock, three, now, most = Lock(), Barrier(3), [0], [0]

    def call() -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        three.wait(60)  # until three are under way
        with lock:
            now[0] -= 1
        return 1

    assert sum(asker([], at_once=3, timeout=60.0).each([call] * 12, "numbers")) == 12
    assert most[0] == 3


def test_one_of_several_that_fails_fails_all() -> None:
    calls, call = failing(TroubleError("noise", passes=False))
    with pytest.raises(DataError, match="noise"):
        asker([]).each([call, lambda: "answer"], "peace")


def test_a_call_that_takes_too_long_is_left() -> None:
    told, ended = Event(), Event()

    def waits() -> None:
        told.wait(60)
        ended.set()

    with pytest.raises(TimeoutError):
        within(0.05, waits)
    assert not ended.is_set()
    told.set()
    assert ended.wait(60), "it ends by itself"
    assert within(60.0, lambda: None) is None


@pytest.mark.parametrize(("status", "passes"), [(400, False), (401, False), (404, False), (429, True), (503, True)])
def test_statuses(status: int, passes: bool) -> None:
    assert of_status(status, "x").passes == passes


@pytest.mark.parametrize("bad", [{"timeout": 0.0}, {"attempts": 0}, {"at_once": 0}])
def test_patience_has_limits(bad: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="expected a timeout above 0"):
        Patience(**bad)  # type: ignore[arg-type]
