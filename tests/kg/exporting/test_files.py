from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.exporting.files import written


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "text"
    with written(target) as file:
        file.write("é\n")
        assert not target.exists()
    assert target.read_bytes() == "é\n".encode()
    with written(tmp_path / "text.gz") as file:
        file.write("é\n")
    assert gzip.decompress((tmp_path / "text.gz").read_bytes()) == "é\n".encode()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError("x")]
)
def test_what_goes_wrong_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "text").write_text("old")

    def fill() -> None:
        with written(tmp_path / "text") as file:
            file.write("new")
            raise error

    with pytest.raises(DataError if isinstance(error, OSError) else type(error)) as caught:
        fill()
    assert (tmp_path / "text").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
    assert not isinstance(error, OSError) or "found: No space left on device; make room" in str(caught.value)


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    def fill() -> None:
        with written(tmp_path / "folder"):
            pass

    with pytest.raises(DataError, match="folder: expected to write this file"):
        fill()


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with written(tmp_path / "pipe") as file:
        file.write("text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no device that is full")
def test_a_full_device_is_an_error() -> None:
    def fill() -> None:
        with written("/dev/full") as file:
            file.write("text")

    with pytest.raises(DataError, match="found: No space left on device"):
        fill()
    assert Path("/dev/full").is_char_device()
