from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.config import read_config
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.graphs import is_saved, open_graph, read_otherwise
from ragmtl.kg.disk.journal import record
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.index import Index
from ragmtl.update import update_from_files
from tests.ragmtl.conftest import World

T = "https://tea.example/"


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


def test_a_configuration_is_read_as_asked(files: World) -> None:
    config = read_config(files.config)
    graph = read_otherwise(config, "http://x/", "skip").graph
    assert (graph.base, graph.on_error, graph.sources) == ("http://x/", "skip", config.graph.sources)
    assert read_otherwise(config, None, None) == config
