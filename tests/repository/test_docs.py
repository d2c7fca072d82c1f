"""The documentation names every command, option and key, and nothing that does not exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ragmtl.cli import app
from ragmtl.config import (
    ClassificationConfig,
    Config,
    CorpusConfig,
    EncoderConfig,
    EntityConfig,
    GenerationConfig,
    LinkConfig,
    ModelConfig,
    NumberConfig,
    PairConfig,
    QuestionConfig,
    RankConfig,
    RecommendConfig,
    RetrievalConfig,
    SpansConfig,
    TaskSection,
    TrainingConfig,
)
from ragmtl.config.graph import EndpointConfig, GraphConfig
from ragmtl.config.servers import GraphServerConfig, PassageServerConfig

ROOT = Path(__file__).parents[2]
MADE_WITH_THE_SITE = {"benchmarks.md"}
WITHOUT_A_RESULT = {"serve"}
SHARED = {*TaskSection.model_fields, "kind"}
TABLES: dict[str, tuple[type[BaseModel], set[str]]] = {
    "[graph]": (GraphConfig, set()),
    "[[graph.endpoints]]": (EndpointConfig, set()),
    "[graph.server]": (GraphServerConfig, set()),
    "[corpus]": (CorpusConfig, set()),
    "[corpus.server]": (PassageServerConfig, set()),
    "[encoder]": (EncoderConfig, set()),
    "[retrieval]": (RetrievalConfig, set()),
    "[model]": (ModelConfig, set()),
    "[training]": (TrainingConfig, set()),
    'kind = "class" or "labels"': (ClassificationConfig, SHARED),
    'kind = "entity"': (EntityConfig, SHARED),
    'kind = "number"': (NumberConfig, SHARED),
    'kind = "pair"': (PairConfig, SHARED),
    'kind = "spans"': (SpansConfig, SHARED),
    'kind = "question"': (QuestionConfig, SHARED),
    'kind = "generation"': (GenerationConfig, SHARED),
    'kind = "link"': (LinkConfig, SHARED),
    'kind = "recommend"': (RecommendConfig, SHARED),
    'kind = "rank"': (RankConfig, SHARED),
}


def sections(page: str) -> dict[str, str]:
    """The text below each heading of second rank."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def keys(text: str) -> dict[str, str]:
    """Key and default of each row of the tables in a text."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+\|$", text, flags=re.MULTILINE)
    return {key: default.strip("`").replace("\\|", "|") for key, default in rows}


def default(model: type[BaseModel], key: str) -> str:
    value = model.model_fields[key].default
    if value is PydanticUndefined:
        return "needed"
    return "none" if value is None else json.dumps(value)


def commands() -> dict[str, set[str]]:
    """Every option of every command; those of a group go by the name of both."""
    found: dict[str, Any] = {}
    for name, command in getattr(typer.main.get_command(app), "commands", {}).items():
        inner = getattr(command, "commands", None)
        found |= {name: command} if inner is None else {f"{name} {one}": inner[one] for one in inner}
    return {
        name: {
            word
            for parameter in command.params
            if parameter.param_type_name == "option"
            for word in (*parameter.opts, *parameter.secondary_opts)
        }
        for name, command in found.items()
    }


def test_every_command_has_its_section() -> None:
    assert [f"ragmtl {name}" for name in commands()] == list(sections("commands.md"))


def test_every_command_prints_json_where_it_is_asked_to() -> None:
    assert {name for name, options in commands().items() if "--json" not in options} <= WITHOUT_A_RESULT


@pytest.mark.parametrize("command", commands())
def test_every_option_is_documented(command: str) -> None:
    text = sections("commands.md")[f"ragmtl {command}"]
    table = set(re.findall(r"`(--[\w-]+)`", "\n".join(line for line in text.splitlines() if line.startswith("| `"))))
    assert table == commands()[command] - {"--help"}
    named = set(re.findall(r"--[a-z][a-z-]*", text)) - {"--logdir"}
    assert named <= commands()[command], "an option that does not exist"


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_documented_with_its_default(table: str) -> None:
    model, elsewhere = TABLES[table]
    documented = keys(sections("configuration.md")[table])
    assert documented == {key: default(model, key) for key in model.model_fields if key not in elsewhere}


def test_every_key_at_the_top_is_documented() -> None:
    text = sections("configuration.md")["At the top"]
    tables = {key for key in Config.model_fields if f"`{key}`" in text and key not in keys(text)}
    assert keys(text) == {key: default(Config, key) for key in ("name", "seed")}
    assert tables == set(Config.model_fields) - {"name", "seed", "folder"}
    assert set(keys(sections("configuration.md")["[[tasks]]"])) == SHARED


def test_the_readme_shows_every_folder() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    folders |= {"tests", "benchmarks", "docs", "examples"}
    assert {"kg", "retrieval", "models", "tasks", "ragmtl"} <= folders
    if not re.search(r"^\W*kg/", text, flags=re.MULTILINE):
        pytest.skip("the README has no file tree yet")
    assert not [name for name in folders if not re.search(rf"^\W*{name}/", text, flags=re.MULTILINE)]


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.name} → {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if link not in MADE_WITH_THE_SITE and not (page.parent / link).exists()
    ]
    assert not broken


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    pages = [path.name for path in (ROOT / "docs").glob("*.md")]
    assert len(pages) > 10
    assert [name for name in pages if f"{name}\n" not in menu] == []
