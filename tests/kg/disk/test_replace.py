from __future__ import annotations

import errno
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.disk import replace
from ragmtl.kg.disk.replace import put_back, replacing, watching, writing


def write(directory: Path, text: str) -> None:
    with replacing(directory) as building:
        (building / "text").write_text(text)


def check(folder: Path) -> None:
    if not (folder / "text").is_file():
        raise MismatchError("expected a text, found none")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write(tmp_path / "new" / "place", "one")
    return tmp_path / "new" / "place"


def test_a_directory_is_written_and_replaced_and_nothing_stays_beside_it(directory: Path) -> None:
    assert (directory / "text").read_text() == "one"
    write(directory, "two")
    assert (directory / "text").read_text() == "two"
    assert [path.name for path in directory.parent.iterdir()] == ["place"]


def test_an_error_leaves_the_old_one(directory: Path) -> None:
    with pytest.raises(TypeError):
        write(directory, 2)  # type: ignore[arg-type] # it fails half way
    assert (directory / "text").read_text() == "one"
    assert [path.name for path in directory.parent.iterdir()] == ["place"]


def test_killed_between_its_two_steps_a_writer_leaves_the_old_one_aside(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(source: Path, target: Path) -> None:
        source.rename(target)
        monkeypatch.setattr("ragmtl.kg.disk.replace.os.replace", lambda *_: sys.exit("killed"))

    monkeypatch.setattr("ragmtl.kg.disk.replace.os.replace", once)
    with pytest.raises(SystemExit, match="killed"):
        write(directory, "two")
    assert not directory.exists()
    monkeypatch.undo()
    put_back(directory, check)
    assert (directory / "text").read_text() == "one"


def test_what_a_killed_writer_left_does_not_matter(directory: Path) -> None:
    left = directory.with_name(".place.building")
    left.mkdir()
    (left / "half").write_text("written")
    write(directory, "two")
    assert [path.name for path in directory.iterdir()] == ["text"]


def test_the_old_one_is_put_back_where_no_other_came(directory: Path) -> None:
    directory.rename(directory.with_name(".place.old"))
    put_back(directory, check)
    assert (directory / "text").read_text() == "one"


def test_only_a_whole_one_is_put_back_and_never_over_another(directory: Path) -> None:
    old = directory.with_name(".place.old")
    old.mkdir()
    (old / "text").write_text("old")
    put_back(directory, check)
    assert (directory / "text").read_text() == "one"
    (old / "text").unlink()
    directory.rename(directory.with_name("away"))
    put_back(directory, check)
    assert not directory.exists()


def test_who_comes_second_waits_and_nothing_is_mixed(directory: Path) -> None:
    def fill(text: str) -> None:
        with replacing(directory) as building:
            assert list(building.iterdir()) == []
            for part in range(20):
                (building / f"{part}").write_text(text)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, map(str, range(12))))
    assert len({path.read_text() for path in directory.iterdir()}) == 1
    assert [path.name for path in directory.parent.iterdir()] == ["place"]


def test_a_writer_waits_until_the_other_has_left(directory: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with writing(directory):
            order.append("second")

    with writing(directory):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_reader_that_puts_the_old_one_back_meanwhile_does_no_harm(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = os.replace

    def disturbed(source: Path, target: Path) -> None:
        moved(source, target)
        if target.name == ".place.old":
            monkeypatch.undo()
            put_back(directory, check)

    monkeypatch.setattr(os, "replace", disturbed)
    write(directory, "two")
    assert (directory / "text").read_text() == "two"
    assert [path.name for path in directory.parent.iterdir()] == ["place"]


def test_a_place_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "place", Path("/proc/none/place")):
        with pytest.raises(DataError, match="expected to write this directory"):
            write(place, "one")


def test_a_writer_waits_for_a_reader_that_holds_the_directory(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replace, "_PATIENCE", 60.0)
    with ThreadPoolExecutor(1) as pool:
        with watching(directory, hold=True):
            writer = pool.submit(write, directory, "two")
            wait([writer], timeout=0.05)
            assert (directory / "text").read_text() == "one"
        writer.result()
    assert (directory / "text").read_text() == "two"


def test_a_reader_that_never_leaves_does_not_stop_a_writer(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replace, "_PATIENCE", 0.02)
    with watching(directory, hold=True) as is_same:
        assert is_same()
        write(directory, "two")
        assert not is_same()
    assert (directory / "text").read_text() == "two"


def test_what_is_not_there_can_be_held_too(tmp_path: Path) -> None:
    with watching(tmp_path / "none", hold=True):
        write(tmp_path / "none", "one")
    assert (tmp_path / "none" / "text").read_text() == "one"


def test_a_lock_ends_with_its_writer_though_a_fork_has_its_handle(directory: Path) -> None:
    with replacing(directory) as building:
        handles = [int(name) for name in os.listdir("/proc/self/fd") if _opens(int(name), building)]
        inherited = os.dup(handles[0])
        (building / "text").write_text("two")
    handle = os.open(directory, os.O_RDONLY)
    flock(handle, LOCK_EX | LOCK_NB)
    os.close(handle)
    os.close(inherited)


def _opens(handle: int, folder: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(handle), folder.stat())
    return False


@pytest.mark.parametrize("reason", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_file_systems_without_locks_are_written_too(
    directory: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(replace, "flock", refuse)
    write(directory, "two")
    with watching(directory, hold=True):
        assert (directory / "text").read_text() == "two"
    assert [path.name for path in directory.parent.iterdir()] == ["place"]
