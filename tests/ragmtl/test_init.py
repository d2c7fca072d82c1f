from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.config import ClassificationConfig, RecommendConfig, read_config
from ragmtl.errors import ConfigError, DataError
from ragmtl.init import write_config

KITCHEN = Path(__file__).parents[2] / "examples" / "kitchen"


def test_it_writes_a_configuration_that_reads(tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    data = [KITCHEN / "dishes.jsonl", KITCHEN / "dish_ingredients.csv"]
    write_config([KITCHEN / "graph"], KITCHEN / "passages.jsonl", data, out)
    config = read_config(out)
    cuisine, diet, allergens, log = config.tasks
    assert isinstance(cuisine, ClassificationConfig)
    assert (cuisine.kind, cuisine.text, cuisine.entity, cuisine.split) == ("class", "text", "dish", "split")
    assert isinstance(diet, ClassificationConfig)
    assert diet.kind == "labels"
    assert isinstance(log, RecommendConfig)
    assert (log.user, log.item, log.split) == ("dish", "ingredient", "split")
    assert allergens.name == "allergens"


def test_a_log_with_times_is_recognised(tmp_path: Path) -> None:
    log = tmp_path / "clicks.csv"
    rows = [f"u{n % 3},https://x.org/i{n % 4},{1000 + n}" for n in range(30)]
    log.write_text("\n".join(["visitor,product,timestamp", *rows]), encoding="utf-8")
    write_config([KITCHEN / "graph"], KITCHEN / "passages.jsonl", [log], tmp_path / "mine.toml")
    task = read_config(tmp_path / "mine.toml").tasks[0]
    assert isinstance(task, RecommendConfig)
    assert (task.user, task.item, task.time) == ("visitor", "product", "timestamp")


def test_how_rdf_is_read_is_written(tmp_path: Path) -> None:
    given = [KITCHEN / "graph"], KITCHEN / "passages.jsonl", [KITCHEN / "dishes.jsonl"], tmp_path / "mine.toml"
    write_config(*given)
    assert '# base = "http://example.org/"' in given[-1].read_text(encoding="utf-8")
    write_config(*given, force=True, base="http://x/", on_error="skip")
    graph = read_config(given[-1]).graph
    assert (graph.base, graph.on_error) == ("http://x/", "skip")
    with pytest.raises(ConfigError, match="expected --base to be an absolute IRI"):
        write_config(*given, force=True, base="x")


def test_it_never_overwrites_unasked(tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    out.write_text("precious", encoding="utf-8")
    with pytest.raises(ConfigError, match="--force"):
        write_config([KITCHEN / "graph"], KITCHEN / "passages.jsonl", [], out)
    assert out.read_text(encoding="utf-8") == "precious"


def test_what_cannot_be_learned_is_said(tmp_path: Path) -> None:
    table = tmp_path / "odd.csv"
    table.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    with pytest.raises(DataError, match="expected a column of labels"):
        write_config([KITCHEN / "graph"], KITCHEN / "passages.jsonl", [table], tmp_path / "mine.toml")
    with pytest.raises(ConfigError, match="expected a file or folder, found none"):
        write_config([tmp_path / "none.ttl"], KITCHEN / "passages.jsonl", [], tmp_path / "mine.toml")
