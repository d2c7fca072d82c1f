from __future__ import annotations

import subprocess
import sys

WITHOUT_CACHE = """
from numba.core.caching import CacheImpl
CacheImpl._locator_classes = []  # as where neither the package nor the home can be written
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.walk import pagerank
graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")])
print(pagerank(graph, [0], [1.0])[0].tolist())
"""


def test_it_works_without_warnings_where_no_cache_can_be_written() -> None:
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_CACHE], capture_output=True, text=True, check=False
    )
    assert (shown.stdout.strip(), shown.stderr) == ("[0, 1]", "")
