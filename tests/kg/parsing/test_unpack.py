from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.parsing import unpack
from ragmtl.kg.parsing.unpack import opened, packing_of


def test_the_ending_tells_the_packing_in_any_case() -> None:
    assert [packing_of(name) for name in ("a.nt", "a.nt.GZ", "a.zst", "gz")] == ["", ".gz", ".zst", ""]


def test_up_to_the_bound_any_ratio_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1 << 16)))
    monkeypatch.setattr(unpack, "UNPACKED", 1 << 16)
    with opened(tmp_path / "a.gz", 1) as file:
        assert len(file.read()) == 1 << 16
    monkeypatch.setattr(unpack, "UNPACKED", (1 << 16) - 1)
    with (
        pytest.raises(DataError, match="expected at most 1 times the packed size"),
        opened(tmp_path / "a.gz", 1) as file,
    ):
        file.read()


def test_an_archive_within_another_is_packed_once_less(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(gzip.compress(b"inner")))
    with opened(tmp_path / "a.gz") as file:
        assert gzip.decompress(file.read()) == b"inner"


def test_several_archives_in_one_file_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one ") + gzip.compress(b"two"))
    with opened(tmp_path / "a.gz") as file:
        assert file.read() == b"one two"


@pytest.mark.parametrize("name", ["missing.nt", "missing.nt.gz", "folder"])
def test_what_cannot_be_opened_is_one_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="expected a re"), opened(tmp_path / name):
        pass
