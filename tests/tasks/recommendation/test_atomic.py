from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.tasks.recommendation.atomic import find_atomic, read_rows, write_atomic
from ragmtl.tasks.recommendation.interactions import HIDDEN, Interactions

GRAPH = KnowledgeGraph.from_triples([("http://x/a", "http://x/r", "http://x/b")])


def _log(*, sequence: bool = True) -> Interactions:
    users, items = np.array([0, 0, 0, 1]), np.array([0, 1, 2, 1])
    times, splits = np.array([1.5, 2.0, 1e9, 4.0]), np.array([0, 1, 2, HIDDEN])
    return Interactions(("u 1", "v"), ("http://x/a", "http://x/b", "http://x/c"), users, items, times, splits, sequence)


def test_a_log_is_written_as_recbole_reads_it(tmp_path: Path) -> None:
    files = write_atomic(_log(), tmp_path, "films", GRAPH)
    assert [file.name for file in files] == [
        *("films.train.inter", "films.valid.inter", "films.test.inter", "films.link", "films.kg")
    ]
    header = "user_id:token\titem_id:token\ttimestamp:float\n"
    assert files[0].read_text() == f"{header}u 1\thttp://x/a\t1.5\n"
    assert files[2].read_text() == f"{header}u 1\thttp://x/c\t1000000000\n"
    assert files[3].read_text() == "item_id:token\tentity_id:token\nhttp://x/a\thttp://x/a\nhttp://x/b\thttp://x/b\n"
    assert files[4].read_text().splitlines()[1] == "http://x/a\thttp://x/r\thttp://x/b"


def test_sets_have_no_times(tmp_path: Path) -> None:
    files = write_atomic(_log(sequence=False), tmp_path, "films")
    assert len(files) == 3
    assert files[1].read_text() == "user_id:token\titem_id:token\nu 1\thttp://x/b\n"


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    write_atomic(_log(), tmp_path, "ml.v2", GRAPH)
    found = find_atomic(tmp_path)
    assert found is not None
    assert (found.name, sorted(found.events), found.kg) == ("ml.v2", ["test", "train", "valid"], tmp_path / "ml.v2.kg")
    assert [*read_rows(found.events["train"])] == [{"user_id": "u 1", "item_id": "http://x/a", "timestamp": "1.5"}]


def test_a_log_that_is_not_split_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "ml.inter").write_text("user_id:token\titem_id:token\n1\t2\n")
    found = find_atomic(tmp_path)
    assert found is not None
    assert [*found.events] == [""]
    assert found.link is None
    assert find_atomic(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user,item\n1,2\n", r"a\.inter:1: expected columns with types, such as user_id:token, found 'user,item'"),
        ("user_id:token\titem_id:token\n1\n", r"a\.inter:2: expected 2 cells, found 1"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.inter").write_text(text)
    with pytest.raises(DataError, match=message):
        list(read_rows(tmp_path / "a.inter"))


def test_files_of_two_data_sets_are_refused(tmp_path: Path) -> None:
    for name in ("a.inter", "b.train.inter"):
        (tmp_path / name).write_text("user_id:token\n")
    with pytest.raises(DataError, match=r"of one data set, found those of a, b"):
        find_atomic(tmp_path)
