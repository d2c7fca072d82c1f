from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ragmtl import __version__
from ragmtl.compare import ARMS
from ragmtl.config import read_config
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.index import Index
from tests.ragmtl.conftest import Called, Ragmtl, World

T = "https://tea.example/"
HEAVY = ("torch", "rdflib", "transformers", "pydantic", "numpy", "rich.console")


def ok(called: Called) -> str:
    """The output of a command that went well."""
    assert called.code == 0, called.err
    return called.out


def test_the_whole_path_of_a_user(files: World, ragmtl: Ragmtl) -> None:
    """init, index, retrieve, train, evaluate, predict, recommend, inspect: each as the documentation says it."""
    data = [word for name in ("tastings.csv", "orders.csv") for word in ("--data", files.folder / name)]
    graph, corpus = files.folder / "graph.ttl", files.folder / "passages.jsonl"
    assert "ragmtl index mine.toml" in ok(ragmtl("init", graph, "--corpus", corpus, *data, "--out", "mine.toml"))
    assert [task.name for task in read_config("mine.toml").tasks] == ["kind", "notes", "orders"]
    text = Path("mine.toml").read_text(encoding="utf-8").replace('"minilm"', '"hashing"')
    Path("mine.toml").write_text(text + "\n[model]\ndim = 16\nattention_heads = 2\n", encoding="utf-8")

    built = ok(ragmtl("index", "mine.toml"))
    assert "graph: 56 triples" in built
    assert "corpus: 10 passages" in built
    assert "wrote runs/mine/index" in built
    found = ok(ragmtl("retrieve", "runs/mine/index", "smoky tea dried over wood"))
    assert "Pine smoke" in found
    assert "attention" not in found, "no model has read it"
    trained = ragmtl("train", "mine.toml", "--epochs", 1, "--seed", 3)
    assert "wrote runs/mine/run (best epoch: 1)" in ok(trained)
    assert "kind: 0." in trained.out
    assert f"warning: task 'kind': the graph states the label: <{T}kind>" in trained.err
    assert "macro_f1" in ok(ragmtl("evaluate", "runs/mine/run"))
    assert "Whisked" in ok(ragmtl("predict", "runs/mine/run", "Whisked to a green foam"))
    assert f"<{T}sencha>" in ok(ragmtl("recommend", "runs/mine/run", T + "matcha", T + "gyokuro"))
    assert "wrote inspect.html" in ok(ragmtl("inspect", "runs/mine/run", "Whisked to a green foam"))


def test_retrieve_gives_as_much_as_asked(trained: World, ragmtl: Ragmtl) -> None:
    words = ("retrieve", trained.index, T + "sencha", "--passages", 2, "--nodes", 5, "--json")
    found = json.loads(ok(ragmtl(*words)))
    assert len(found["passages"]) == 2
    assert len(found["nodes"]) == 5
    assert found["query"]["entities"] == [T + "sencha"]
    assert found["nodes"][0]["label"] == "sencha"
    assert {"iri", "label", "description", "score", "seed", "reason", "attention"} == set(found["nodes"][0])
    assert {triple["source"].rsplit("/", 1)[-1] for triple in found["triples"]} == {"graph.ttl"}


def test_retrieve_goes_by_a_configuration_and_shows_labelled_neighbours(
    trained: World, ragmtl: Ragmtl, tmp_path: Path
) -> None:
    world = trained.copy(tmp_path / "copy")
    shutil.copytree(world.index, Path("runs") / "tea" / "index")
    text = "sencha: a yellow cup of cut grass"
    assert not json.loads(ok(ragmtl("retrieve", world.index, text, "--json")))["examples"]
    assert not json.loads(ok(ragmtl("retrieve", world.config, text, "--json")))["examples"]
    world.replace("tea.toml", "[retrieval]", "[retrieval]\nneighbours = 2")
    found = json.loads(ok(ragmtl("retrieve", world.config, text, "--json")))
    assert found["query"]["hide"], "relations that state a label are hidden"
    best = found["examples"][0]
    assert best["text"].startswith("A clear yellow cup")
    assert "green" in best["labels"]
    others = json.loads(ok(ragmtl("retrieve", world.config, best["text"], "--json")))["examples"]
    assert best["text"] not in {one["text"] for one in others}, "the same text is the example itself"


def test_train_goes_on_where_it_stopped(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "copy")
    before = (world.run / "run.json").read_text(encoding="utf-8")
    assert "best epoch" in ok(ragmtl("train", world.config, "--index", world.index, "--out", world.run))
    after = json.loads((world.run / "run.json").read_text(encoding="utf-8"))
    assert after["best"] == json.loads(before)["best"]
    report = (world.run / "report.html").read_text(encoding="utf-8")
    assert "tea: 4 tasks in one model" in report
    assert "requests" in report


@pytest.mark.parametrize("split", ["valid", "test"])
def test_evaluate_measures_every_task(trained: World, ragmtl: Ragmtl, split: str) -> None:
    rows = json.loads(ok(ragmtl("evaluate", trained.run, "--split", split, "--json")))
    assert {row["task"] for row in rows} == {"kind", "notes", "orders", "requests"}
    assert {row["split"] for row in rows} == {split}
    shares = [row for row in rows if not row["metric"].startswith("novelty")]
    assert all(0 <= row["low"] <= row["value"] <= row["high"] <= 1 for row in shares)
    lists = {row["task"] for row in rows if row["metric"].startswith("coverage")}
    assert lists == {"orders", "requests"}
    assert {row["slice"] for row in rows if row["task"] == "requests"} >= {"all", "new only"}


def test_predict_answers_every_task_that_it_can(trained: World, ragmtl: Ragmtl) -> None:
    found = json.loads(ok(ragmtl("predict", trained.run, "Orchids, from Fujian", "--json")))
    assert [answer["task"] for answer in found["answers"]] == ["kind", "notes", "requests"]
    kind = found["answers"][0]
    assert [score["name"] for score in kind["scores"][:1]] == kind["chosen"]
    assert sum(score["value"] for score in kind["scores"]) == pytest.approx(1)
    assert found["mentions"][0]["label"] == "Fujian"
    assert found["run"] == str(trained.run)


def test_recommend_ranks_items_and_leaves_out_the_history(trained: World, ragmtl: Ragmtl) -> None:
    words = ("recommend", trained.run, T + "sencha", T + "matcha", "--task", "orders", "--top", 4, "--json")
    items = json.loads(ok(ragmtl(*words)))
    assert len(items) == 4
    assert not {T + "sencha", T + "matcha"} & {item["iri"] for item in items}
    values = [item["value"] for item in items]
    assert values == sorted(values, reverse=True)
    asked = ("recommend", trained.run, T + "keemun", "--task", "requests", "--text", "over pine", "--top", 1)
    assert ok(ragmtl(*asked)).startswith("  1 ")
    assert ok(ragmtl("recommend", trained.run, "--task", "requests", "--text", "over pine", "--top", 2)).count("<") == 2


def test_signals_are_listed_with_their_weights(trained: World, ragmtl: Ragmtl) -> None:
    found = json.loads(ok(ragmtl("signals", trained.run, "--json")))
    assert set(found) == {"orders", "requests"}
    assert {"ease", "in the passages"} <= {one["signal"] for one in found["orders"]}
    sizes = [abs(one["weight"]) for one in found["orders"]]
    assert sizes == sorted(sizes, reverse=True)
    assert "ease" in ok(ragmtl("signals", trained.run))


def test_vectors_of_items_are_exported(trained: World, ragmtl: Ragmtl) -> None:
    import faiss

    asked = ("export", trained.run, "--out", "items")
    called = ragmtl(*asked)
    assert called.code == 1
    assert "expected a ranking task, one of: orders, requests; none was named" in called.err
    found = json.loads(ok(ragmtl(*asked, "--task", "requests", "--json")))
    index = faiss.read_index(str(Path("items") / "items.faiss"))
    rows = (Path("items") / "items.tsv").read_text(encoding="utf-8").splitlines()
    assert (index.ntotal, index.d) == (found["items"], found["dim"])
    assert len(rows) == 1 + index.ntotal
    assert rows[1].split("\t")[1].startswith(T)


def test_recommend_says_what_carried_each_item_for_a_user_of_the_log(trained: World, ragmtl: Ragmtl) -> None:
    asked = ("recommend", trained.run, "ana", "--task", "orders", "--top", 2)
    plain, found = json.loads(ok(ragmtl(*asked, "--json"))), json.loads(ok(ragmtl(*asked, "--why", "--json")))
    assert [one["item"] for one in found] == plain
    orders = (trained.folder / "orders.csv").read_text(encoding="utf-8").splitlines()
    met = {line.split(",")[1] for line in orders if line.startswith("ana,")}
    carried = {piece["id"] for one in found for piece in one["why"]["pieces"] if piece["kind"] == "item"}
    assert carried <= met
    assert not met & {item["iri"] for item in plain}
    assert "signal" in ok(ragmtl(*asked, "--why"))


def test_inspect_writes_a_page_and_the_subgraph(trained: World, ragmtl: Ragmtl) -> None:
    words = ("inspect", trained.run, T + "lapsang", "--out", "page.html", "--turtle", "seen.ttl")
    assert ok(ragmtl(*words)).split() == ["wrote", "page.html", "wrote", "seen.ttl"]
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "lapsang souchong" in page
    assert "graph.ttl" in page
    seen = read_rdf("seen.ttl")
    assert seen.nodes.find(T + "lapsang") is not None
    assert seen.relations.find(T + "tastes") is None, "hidden"


def compared(trained: World, ragmtl: Ragmtl, *more: object) -> tuple[Called, dict[str, Any]]:
    called = ragmtl("compare", trained.config, "--index", trained.index, "--out", "proof", "--epochs", 1, *more)
    ok(called)
    return called, json.loads(Path("proof/result.json").read_text(encoding="utf-8"))


def test_compare_trains_all_arms_once(trained: World, ragmtl: Ragmtl, monkeypatch: pytest.MonkeyPatch) -> None:
    called, result = compared(trained, ragmtl)
    assert "wrote proof/result.json and proof/report.html" in called.out
    assert {row["arm"] for row in result["rows"]} == {arm.name for arm in ARMS}
    assert {row["task"] for row in result["rows"]} == {"kind", "notes", "orders", "requests"}
    keys = {"data", "task", "slice", "split", "arm", "metric", "value", "low", "high", "seeds"}
    assert all(set(row) == keys for row in result["rows"])
    assert {(row["data"], row["split"], *row["seeds"]) for row in result["rows"]} == {("tea", "test", 0)}
    assert {"command", "commit", "machine", "versions", "seeds", "rows"} <= set(result)
    assert result["command"].startswith("ragmtl compare ")
    assert Path("proof/report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    monkeypatch.setattr("ragmtl.arms.fit", None)  # nothing is trained again
    _, again = compared(trained, ragmtl)
    assert again["rows"] == result["rows"]
    assert again["differences"] == result["differences"]


def test_compare_takes_some_arms_and_seeds(trained: World, ragmtl: Ragmtl) -> None:
    _, alone = compared(trained, ragmtl, "--arm", "mtl", "--seed", 1)
    assert alone["seeds"] == [1]
    _, result = compared(trained, ragmtl, "--arm", "mtl", "--arm", "rag-mtl", "--seeds", 2)
    assert {row["arm"] for row in result["rows"]} == {"mtl", "rag-mtl"}
    assert result["seeds"] == [0, 1]
    curves = [curve["values"] for curve in result["curves"] if (curve["arm"], curve["seed"]) == ("mtl", 1)]
    assert curves == [curve["values"] for curve in alone["curves"]]
    assert {(difference["arm"], difference["against"]) for difference in result["differences"]} == {("rag-mtl", "mtl")}


def test_what_was_left_out_is_told(files: World, ragmtl: Ragmtl) -> None:
    files.replace("tastings.csv", "green,grassy,test", ",,test")
    files.replace("tea.toml", 'label = "notes"', 'label = "notes"\nmin_count = 3')
    files.replace("tea.toml", "https://tea.example/tastes", "https://tea.example/taste")
    files.replace("requests.jsonl", f'"{T}gyokuro"', f'"{T}coffee"')
    ok(ragmtl("index", files.config))
    for words in (("train", files.config), ("compare", files.config, "--arm", "mtl")):
        called = ragmtl(*words, "--epochs", 1)
        ok(called)
        assert "note: kind+notes: 1 rows carry no label and were left out" in called.err
        assert f"are of entities that the graph lacks and were not read ({T}coffee)" in called.err
        assert f"the graph has no relation <{T}taste> to hide; did you mean '{T}tastes'?" in called.err
        assert f"task 'notes': the graph states the label: <{T}tastes>" in called.err
    assert "1 rows carry no label" in Path("runs/tea/compare/result.json").read_text(encoding="utf-8")


def test_what_the_reading_leaves_out_is_told_with_its_place(files: World, ragmtl: Ragmtl) -> None:
    graph = files.edit("graph.ttl", lambda text: text + "<green> <http://x/p> <http://x/%> , <http://x/o> .\n")
    number = len(graph.read_text(encoding="utf-8").splitlines())
    assert "found the relative 'green' and no base" in ragmtl("index", files.config).err
    called = ragmtl("index", files.config, "--base", T, "--on-error", "skip")
    assert "1 left out: statements with a bad IRI or language tag" in ok(called)
    assert f"left out: 1 statements with a bad IRI or language tag\n  {graph}:{number}: 'http://x/%'" in called.err
    files.replace("tea.toml", "[graph]", f'[graph]\nbase = "{T}"\non_error = "skip"')
    assert "1 left out" in ok(ragmtl("index", files.config))
    assert Index.load("runs/tea/index").graph.nodes.find(T + "green") is not None


def test_the_command_line_opens_without_heavy_packages() -> None:
    code = f"import sys, ragmtl.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert run(sys.executable, "-c", code).strip() == "[]"


def test_it_runs_as_a_module() -> None:
    assert run(sys.executable, "-m", "ragmtl", "--version") == f"ragmtl {__version__}\n"


def test_help_names_every_command(ragmtl: Ragmtl) -> None:
    shown = ok(ragmtl("--help"))
    for command in (
        "init",
        "index",
        "retrieve",
        "train",
        "evaluate",
        "compare",
        "tune",
        "predict",
        "recommend",
        "inspect",
    ):
        assert f"  {command} " in shown


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
