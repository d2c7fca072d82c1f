from __future__ import annotations

from ragmtl.config import read_config
from ragmtl.graphs import read_otherwise
from tests.ragmtl.conftest import World


def test_a_configuration_is_read_as_asked(files: World) -> None:
    config = read_config(files.config)
    graph = read_otherwise(config, "http://x/", "skip").graph
    assert (graph.base, graph.on_error, graph.sources) == ("http://x/", "skip", config.graph.sources)
    assert read_otherwise(config, None, None) == config
