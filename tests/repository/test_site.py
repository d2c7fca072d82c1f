"""The documentation is a site that builds without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name.split("-")[0] for path in (DOCS / "decisions").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))


def test_the_picture_of_the_data_flow_is_well_formed_and_loads_nothing() -> None:
    source = (DOCS / "dataflow.svg").read_text(encoding="utf-8")
    names = {"".join(text.itertext()) for text in ET.fromstring(source).iter("{http://www.w3.org/2000/svg}text")}
    assert {"RDF", "Passages", "Index", "Query", "Evidence", "Model"} <= names
    assert "href" not in source
    assert "url(http" not in source


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings", reason="needs ragmtl[docs]")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    page = (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    assert "ragmtl.kg.graph.KnowledgeGraph.from_triples" in page
    assert "benchmarks/movies/result.json" in (tmp_path / "site" / "benchmarks" / "index.html").read_text("utf-8")
    assert "fonts.googleapis" not in page
