from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.parsing.files import FOREIGN, OUTSIDE, find_files, format_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.nt", "a.ttl", "deep/c.rdf.gz", "notes.txt", ".hidden.nt", ".git/d.nt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_gives_all_rdf_below_it_in_order(folder: Path) -> None:
    files, passed_over = find_files(folder)
    assert [file.relative_to(folder).as_posix() for file in files] == ["a.ttl", "b.nt", "deep/c.rdf.gz"]
    assert passed_over.counts() == ((FOREIGN, 1),)
    assert passed_over.examples() == ((FOREIGN, str(folder / "notes.txt")),)


def test_a_glob_gives_what_matches(folder: Path) -> None:
    assert find_files(str(folder / "*.nt"))[0] == [folder / "b.nt"]
    assert find_files(str(folder / "**" / "*.gz"))[0] == [folder / "deep/c.rdf.gz"]
    assert find_files(str(folder / "d*"))[0] == [folder / "deep/c.rdf.gz"]


def test_each_file_comes_once_and_in_the_order_given(folder: Path) -> None:
    files, _ = find_files([folder / "b.nt", folder, str(folder / "*.ttl")])
    assert [file.name for file in files] == ["b.nt", "a.ttl", "c.rdf.gz"]


def test_a_file_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].nt").touch()
    assert find_files(str(tmp_path / "a[1].nt"))[0] == [tmp_path / "a[1].nt"]


def test_links_are_followed_only_within_their_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.nt").touch()
    (folder / "out.nt").symlink_to(elsewhere / "secret.nt")
    (folder / "folder").symlink_to(elsewhere)
    (folder / "within.nt").symlink_to(folder / "b.nt")
    files, passed_over = find_files(folder)
    assert {file.resolve().name for file in files} == {"a.ttl", "b.nt", "c.rdf.gz"}
    assert passed_over.counts() == ((FOREIGN, 1), (OUTSIDE, 2))
    assert find_files(folder / "out.nt")[0] == [folder / "out.nt"]


@pytest.mark.parametrize(
    ("source", "message"),
    [("missing.nt", "found nothing there"), ("*.owl", "match this pattern"), ("empty", "found 0 files")],
)
def test_nothing_to_read_is_refused(folder: Path, source: str, message: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=message) as caught:
        find_files(folder / source)
    assert str(folder / source) in str(caught.value)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(DataError, match="empty list"):
        find_files([])


@pytest.mark.parametrize(
    ("name", "rdf_format", "expected"),
    [
        ("a.ttl", None, "turtle"),
        ("a.NT.GZ", None, "nt"),
        ("a.nq", None, "nquads"),
        ("a.trig.gz", None, "trig"),
        ("a.owl", None, "xml"),
        ("a.jsonld", None, "json-ld"),
        ("a.n3", None, "n3"),
        ("a.txt", "ttl", "turtle"),
        ("a.nt", "TriG", "trig"),
    ],
)
def test_the_format_is_asked_for_or_read_off_the_name(name: str, rdf_format: str | None, expected: str) -> None:
    assert format_of(Path(name), rdf_format) == expected


def test_unknown_formats_are_refused_with_those_known() -> None:
    with pytest.raises(DataError, match=r"a\.csv: expected an RDF file \(\.ttl"):
        format_of(Path("a.csv"))
    with pytest.raises(DataError, match="of turtle, nt, .* found 'hdt'"):
        format_of(Path("a.ttl"), "hdt")
