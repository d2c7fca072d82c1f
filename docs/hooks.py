"""What mkdocs calls while it builds the site: the page of results is made from the committed result files."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the page of results among the others."""
    sys.path.insert(0, str(ROOT))
    try:
        from benchmarks.page import results_page
    finally:
        sys.path.remove(str(ROOT))
    files.append(File.generated(config, "benchmarks.md", content=results_page(ROOT)))
    return files
