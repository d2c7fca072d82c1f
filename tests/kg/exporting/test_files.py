from __future__ import annotations

import errno
import gzip
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
