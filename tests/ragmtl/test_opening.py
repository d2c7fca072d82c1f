from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.kg.disk.journal import record
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.opening import is_saved, open_graph
from ragmtl.retrieval.index import Index
from ragmtl.update import update_from_files
from tests.ragmtl.conftest import World

T = "https://tea.example/"
LOOK = """
import sys
from ragmtl.cli import main
try:
    main()
finally:
    print(sorted({*sys.modules} & {"torch"}))
"""


def test_the_graph_of_an_index_is_that_of_its_last_update(trained: World, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "world")
    (tmp_path / "new.nt").write_text(f"<{T}rooibos> <{T}kind> <{T}herbal> .\n")
    update_from_files(world.index, graph_add=[tmp_path / "new.nt"])
    graph = open_graph(world.index)
    assert graph.digest == Index.load(world.index).graph.digest
    assert graph.nodes.find(T + "rooibos") is not None


def test_recorded_changes_are_in_a_saved_graph_and_an_index_that_has_them_is_refused(
    trained: World, tmp_path: Path
) -> None:
    world = trained.copy(tmp_path / "world")
    read_rdf(world.folder / "graph.ttl").save(tmp_path / "saved")
    for folder in (tmp_path / "saved", world.index / "graph"):
        record(folder, add=[(T + "rooibos", T + "kind", T + "herbal")])
    assert open_graph(tmp_path / "saved").nodes.find(T + "rooibos") is not None
    with pytest.raises(MismatchError):
        Index.load(world.index)


def test_what_was_read_already_cannot_be_read_otherwise(trained: World, tmp_path: Path) -> None:
    KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")]).save(tmp_path / "saved")
    for place in (tmp_path / "saved", trained.index):
        assert is_saved(place)
        with pytest.raises(ConfigError, match="expected RDF for --base and --on-error"):
            open_graph(place, on_error="skip")
    assert not is_saved(trained.config)


def test_looking_at_a_graph_loads_no_deep_learning(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text("<http://x/a> <http://x/p> <http://x/b> .\n")
    command = [sys.executable, "-c", LOOK, "kg", "neighbours", str(tmp_path / "a.nt"), "http://x/a"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[]\n")
