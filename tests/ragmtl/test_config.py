from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from ragmtl.build import open_index
from ragmtl.config import Config, parse_config, read_config
from ragmtl.config.graph import Rule
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.graphs import vocabulary_of
from ragmtl.kg.changes.infer import RULES
from ragmtl.kg.vocabulary import USUAL
from tests.ragmtl.conftest import World

KITCHEN = Path(__file__).parents[2] / "examples" / "kitchen" / "kitchen.toml"


@pytest.fixture
def fields() -> dict[str, Any]:
    return tomllib.loads(KITCHEN.read_text(encoding="utf-8"))


def test_the_example_reads() -> None:
    config = read_config(KITCHEN)
    assert [task.name for task in config.tasks] == ["cuisine", "diet", "allergens", "missing-ingredient"]
    assert config.resolve("graph") == KITCHEN.parent / "graph"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update(sed=1), "unknown key `sed`; did you mean `seed`?"),
        (lambda f: f["retrieval"].update(node=1), "unknown key `retrieval.node`; did you mean `nodes`?"),
        (lambda f: f["tasks"][0].update(labl="x"), "unknown key `tasks.0.labl`; did you mean `label`?"),
        (lambda f: f["graph"].update(base="kitchen/"), "`graph.base`: expected an absolute IRI"),
        (lambda f: f["graph"].update(on_error="ignore"), "`graph.on_error`: Input should be 'strict' or 'skip'"),
        (lambda f: f["tasks"][3].pop("item"), "missing key `tasks.3.item`"),
        (lambda f: f["training"].update(epochs="many"), "`training.epochs`"),
        (lambda f: f["tasks"][0].update(kind="clas"), "'class', 'labels', "),
        (lambda f: f["tasks"][0].pop("text"), "expected a column for `text`, for `entity`, or both"),
        (lambda f: f["tasks"][1].update(name="cuisine"), "a different name for each task, found twice: cuisine"),
        (lambda f: f["tasks"][3].update(valid_from=1.0), "expected one way to split, found split and valid_from"),
        (lambda f: f["tasks"][3].update(split=None, valid_from=1.0), "valid_from and test_from go together"),
        (lambda f: f.update(model={"dim": 64, "attention_heads": 3}), "attention_heads must divide dim"),
        (lambda f: f.update(encoder={"name": "hashing"}, model={"text": "lora"}), "needs a transformer"),
        (lambda f: f["graph"].update(sources=[]), "`graph`: sources or endpoints are needed, found neither"),
        (lambda f: f["graph"].update(endpoints=[{"url": "ftp://x"}]), "`graph.endpoints.0.url`"),
        (lambda f: f["graph"].update(endpoints=[{"url": "http://x", "clases": []}]), "did you mean `classes`"),
    ],
)
def test_a_mistake_is_named(fields: dict[str, Any], change: Callable[[dict[str, Any]], object], message: str) -> None:
    change(fields)
    with pytest.raises(ConfigError) as caught:
        parse_config(fields, "k.toml")
    assert "k.toml: " in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a configuration file, found none; `ragmtl init` writes one"):
        read_config(tmp_path / "none.toml")
    path = tmp_path / "copy.toml"
    path.write_text(KITCHEN.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"`corpus\.path`: expected a file, found none at .*passages\.jsonl"):
        read_config(path)


def test_what_is_no_toml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("name = [", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected a TOML file"):
        read_config(path)


def test_words_of_the_graph_come_from_the_configuration(fields: dict[str, Any]) -> None:
    fields["graph"] |= {"languages": ["de-AT", "en"], "labels": ["http://x/titel"]}
    config = parse_config(fields, str(KITCHEN))
    assert config.graph.languages == ["de-AT", "en"]
    vocabulary = vocabulary_of(config)
    assert vocabulary.labels[0] == "http://x/titel"
    assert vocabulary.alternatives == USUAL.alternatives


def test_an_index_made_with_other_words_is_refused(config: Config, trained: World) -> None:
    other = config.model_copy(update={"graph": config.graph.model_copy(update={"languages": ["de"]})})
    with pytest.raises(MismatchError, match="languages and labels"):
        open_index(other, trained.index)


def test_every_rule_of_inference_can_be_configured(fields: dict[str, Any]) -> None:
    assert set(get_args(Rule)) == set(RULES)
    fields["graph"]["infer"] = list(RULES)
    assert parse_config(fields, str(KITCHEN)).graph.infer == list(RULES)
    fields["graph"]["infer"] = ["sub_class"]
    with pytest.raises(ConfigError, match="infer"):
        parse_config(fields, str(KITCHEN))
