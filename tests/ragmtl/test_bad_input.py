"""What users get wrong, through the command line: one message, exit code 1, and never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ragmtl.conftest import Called, Ragmtl, World

T = "https://tea.example/"
Change = Callable[[World], object]


def refused(called: Called, *parts: str) -> None:
    """A command that was refused with one message, which says all this."""
    assert called.code == 1, called
    assert called.err.startswith("error: "), called.err
    assert called.err.count("error: ") == 1
    assert "Traceback" not in called.err
    for part in parts:
        assert part in called.err, called.err


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    """Files, index and run, for breaking; the run still names the index of the original."""
    return trained.copy(tmp_path / "copy")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            lambda files: files.replace("graph.ttl", "t:grownIn t:uji ; t:tastes t:marine .", "t:grownIn ; ."),
            ["graph.ttl:6: column 71: expected Turtle"],
        ),
        (lambda files: files.edit("graph.ttl", lambda _: "# nothing yet\n"), ["graph", "expected", "triple", "none"]),
        (
            lambda files: files.replace("passages.jsonl", '"text": "Gyokuro and', '"body": "Gyokuro and'),
            ["passages.jsonl:2: expected a passage with 'text'", "found only 'id', 'title', 'body'", "fill it in"],
        ),
        (
            lambda files: files.replace("passages.jsonl", '"p-pan"', '"p-shade"'),
            ["passages.jsonl:3: expected every id once, found 'p-shade' here and in line 2"],
        ),
        (
            lambda files: files.replace("tea.toml", "nodes = 12", "node = 12"),
            ["tea.toml: unknown key `retrieval.node`; did you mean `nodes`?"],
        ),
        (
            lambda files: files.replace("tea.toml", '"passages.jsonl"', '"texts.jsonl"'),
            ["tea.toml: `corpus.path`: expected a file, found none at", "texts.jsonl"],
        ),
        (lambda files: files.replace("tea.toml", '"graph.ttl"', '"grpah.ttl"'), ["grpah.ttl", "expected"]),
        (lambda files: files.replace("tea.toml", '"hashing"', '"./no-model"'), ["no-model", "expected"]),
    ],
    ids=["triple", "no triple", "no text", "ids", "key", "no corpus", "no graph", "no encoder"],
)
def test_what_cannot_be_indexed(files: World, ragmtl: Ragmtl, change: Change, parts: list[str]) -> None:
    change(files)
    refused(ragmtl("index", files.config), *parts)
    assert not Path("runs/tea/index").exists()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            lambda world: world.replace("tastings.csv", f"{T}keemun", f"{T}kemun"),
            ["tastings.csv:3: expected an entity of the graph in 'tea'", "kemun", f"did you mean '{T}keemun'?"],
        ),
        (lambda world: world.replace("orders.csv", f"{T}sencha", f"{T}coffee"), ["orders.csv:2: ", "coffee", "add it"]),
        (
            lambda world: world.replace("requests.jsonl", f'"tea": "{T}lapsang"', f'"tea": "{T}lapsnag"'),
            ["requests.jsonl:2: ", f"did you mean '{T}lapsang'?"],
        ),
        (
            lambda world: world.replace("tastings.csv", "n03,", "n01,"),
            ["tastings.csv:5: expected different ids, found 'n01' as in line 3"],
        ),
        (
            lambda world: world.replace("tastings.csv", "green,grassy,test", "white,grassy,test"),
            ["tastings.csv:", "expected labels that train has too, found 'white' in test only", "move a row"],
        ),
        (
            lambda world: world.edit("tastings.csv", lambda text: text.replace(",valid\n", ",train\n")),
            ["tastings.csv: task 'kind': expected valid rows to choose the best epoch by, found none"],
        ),
        (
            lambda world: world.replace("tastings.csv", ",train\n", ",training set\n"),
            ["tastings.csv:2: expected", "training set"],
        ),
        (
            lambda world: world.replace("tea.toml", 'label = "kind"', 'label = "knd"'),
            ["tastings.csv:1: expected a column 'knd', found none; did you mean 'kind'?"],
        ),
        (lambda world: world.replace("orders.csv", "1700000000", "yesterday"), ["orders.csv:2: ", "yesterday"]),
        (
            lambda world: world.edit("tea.toml", lambda text: text.split("[[tasks]]")[0]),
            ["expected a task in the configuration, found none"],
        ),
        (lambda world: (world.folder / "orders.csv").unlink(), ["tea.toml: `tasks.orders.data`: expected a file"]),
        (
            lambda world: world.replace("tea.toml", 'data = "orders.csv"', 'data = "tea.toml"'),
            ["tea.toml: expected a table (.jsonl,"],
        ),
    ],
    ids=[
        "entity", "item", "wanted item", "ids", "label", "no validation", "split", "column", "time", "no task",
        "no table", "no kind of table",
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["train", "compare"])
def test_what_cannot_be_learned(world: World, ragmtl: Ragmtl, command: str, change: Change, parts: list[str]) -> None:
    change(world)
    refused(ragmtl(command, world.config, "--index", world.index, "--out", "new"), *parts)
    assert not Path("new").exists(), "refused before anything is written"


def test_what_cannot_be_measured(world: World, ragmtl: Ragmtl) -> None:
    world.edit("tastings.csv", lambda text: text.replace(",test\n", ",train\n"))
    called = ragmtl("compare", world.config, "--index", world.index, "--out", "new")
    refused(called, "task 'kind': expected test rows to measure, found none")


def test_an_unknown_arm_is_refused(world: World, ragmtl: Ragmtl) -> None:
    called = ragmtl("compare", world.config, "--index", world.index, "--arm", "rag")
    refused(called, "expected arms among single, mtl,", "found rag")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda world: world.replace("graph.ttl", '"sencha"', '"Sencha"'), ["graph.ttl has changed", "ragmtl index"]),
        (lambda world: world.replace("passages.jsonl", "pine", "fir"), ["passages.jsonl has changed", "ragmtl index"]),
        (lambda world: (world.index / "manifest.json").write_text("{"), ["manifest.json", "ragmtl index"]),
        (
            lambda world: (world.index / "manifest.json").write_text('{"format": "cake"}'),
            ["expected an index in", "found 'cake'"],
        ),
        (lambda world: (world.index / "manifest.json").unlink(), ["expected an index in", "found no manifest.json"]),
        (lambda world: shrink(largest(world.index)), ["expected", "bytes in", "the index is damaged", "ragmtl index"]),
        (lambda world: shutil.rmtree(world.index), ["expected an index in", "make one with `ragmtl index`"]),
    ],
    ids=["graph changed", "corpus changed", "truncated manifest", "foreign", "no manifest", "truncated", "none"],
)
def test_an_index_that_does_not_fit(world: World, ragmtl: Ragmtl, change: Change, parts: list[str]) -> None:
    built = ragmtl("index", world.config, "--out", world.index)  # its sources are those of this copy
    assert built.code == 0, built.err
    change(world)
    for command in ("train", "compare"):
        refused(ragmtl(command, world.config, "--index", world.index, "--out", "new"), *parts)


def test_an_index_of_another_encoder(world: World, ragmtl: Ragmtl) -> None:
    manifest = world.index / "manifest.json"
    stated = json.loads(manifest.read_text(encoding="utf-8"))
    stated["encoder"] |= {"name": "minilm", "fingerprint": "0" * 64}
    manifest.write_text(json.dumps(stated), encoding="utf-8")
    called = ragmtl("train", world.config, "--index", world.index, "--out", "new")
    refused(called, "expected the text encoder 'minilm'", "found 'hashing'", "ragmtl index")


def largest(folder: Path) -> Path:
    return max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


def shrink(path: Path) -> None:
    """Cut a file off in its middle, as a full disk does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without(path: Path, part: str) -> None:
    saved = json.loads(path.read_text(encoding="utf-8"))
    del saved[part]
    path.write_text(json.dumps(saved), encoding="utf-8")


def with_size(path: Path) -> None:
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["size"]["heads"]["kind"]["kind"] = "guess"
    path.write_text(json.dumps(saved), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda world: (world.run / "run.json").unlink(), ["expected a run, found no run.json; `ragmtl train`"]),
        (lambda world: shrink(world.run / "run.json"), ["run.json: expected JSON, found something else"]),
        (lambda world: (world.run / "run.json").write_text("[1]"), ["run.json: expected a run of version 1"]),
        (lambda world: without(world.run / "run.json", "size"), ["run.json: expected a whole run", "without size"]),
        (lambda world: with_size(world.run / "run.json"), ["run.json: expected the sizes of a model", "`heads.kind"]),
        (lambda world: shrink(largest(world.run / "best")), ["best", "bytes, found", "truncated", "train again"]),
        (lambda world: (world.run / "best" / "checkpoint.json").write_text("{}"), ["another program wrote it"]),
        (lambda world: shutil.rmtree(world.run / "best"), ["best", "expected a checkpoint", "train again"]),
        (lambda world: shutil.rmtree(world.run), ["expected a run, found no run.json"]),
    ],
    ids=["no run.json", "truncated", "foreign", "a part gone", "sizes", "weights", "checkpoint", "no best", "no run"],
)
def test_a_run_that_is_none(world: World, ragmtl: Ragmtl, change: Change, parts: list[str]) -> None:
    change(world)
    for words in (("evaluate",), ("predict", "green tea"), ("recommend", T + "sencha"), ("inspect", "green tea")):
        refused(ragmtl(words[0], world.run, *words[1:]), *parts)


def test_a_run_whose_index_was_made_anew(world: World, ragmtl: Ragmtl) -> None:
    world.replace("graph.ttl", "t:nutty .", "t:nutty, t:smoky .")
    ragmtl("index", world.config, "--out", world.index)
    path = world.run / "run.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(saved | {"index": str(world.index)}), encoding="utf-8")
    refused(
        ragmtl("predict", world.run, "green tea"), "expected the index that this run was trained with", "train again"
    )


def test_a_run_whose_tables_have_other_answers(world: World, ragmtl: Ragmtl) -> None:
    path = world.run / "run.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["config"]["folder"] = str(world.folder)
    path.write_text(json.dumps(saved), encoding="utf-8")
    world.edit("tastings.csv", lambda text: text.replace(",oolong,", ",wulong,"))
    for words in (("evaluate",), ("predict", "green tea")):
        called = ragmtl(words[0], world.run, *words[1:])
        refused(called, "task 'kind': expected the 3 answers that the run in", "train again")


@pytest.mark.parametrize("part", ["epochs = 2", "batch_size = 8"])
def test_a_run_of_other_settings_is_not_gone_on_with(world: World, ragmtl: Ragmtl, part: str) -> None:
    world.replace("tea.toml", part, part.replace("2", "3").replace("8", "9"))
    called = ragmtl("train", world.config, "--index", world.index, "--out", world.run)
    refused(called, "expected a checkpoint of the same data and settings", "choose another folder")


def test_a_comparison_of_other_tables_is_not_gone_on_with(world: World, ragmtl: Ragmtl) -> None:
    words = ("compare", world.config, "--index", world.index, "--out", "proof", "--arm", "mtl", "--epochs", 1)
    assert ragmtl(*words).code == 0
    world.replace("tastings.csv", "black,malty,train", "black,smoky,train")
    refused(ragmtl(*words), "proof: expected the comparison of this configuration, index and tables", "--out")
    Path("proof/comparison.json").write_text("{", encoding="utf-8")
    refused(ragmtl(*words), "proof: expected the comparison")


def test_damaged_figures_of_a_comparison(world: World, ragmtl: Ragmtl) -> None:
    words = ("compare", world.config, "--index", world.index, "--out", "proof", "--arm", "mtl", "--epochs", 1)
    assert ragmtl(*words).code == 0
    shrink(Path("proof/arms/mtl/all/seed-0/kind.npz"))
    refused(ragmtl(*words), "kind.npz: expected figures of the task 'kind'", "delete that file to measure again")


def test_a_query_in_which_nothing_links(trained: World, ragmtl: Ragmtl) -> None:
    note = "nothing in the query links to the graph; answered from text alone"
    shown = ragmtl("predict", trained.run, "zzz qqq")
    assert shown.code == 0
    assert note in shown.out
    found = json.loads(ragmtl("predict", trained.run, "zzz qqq", "--json").out)
    assert found["notes"] == [note]
    assert found["nodes"] == []
    assert [answer["task"] for answer in found["answers"]] == ["kind", "notes", "requests"]
    assert ragmtl("inspect", trained.run, "zzz qqq").code == 0
    assert note in Path("inspect.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query(trained: World, ragmtl: Ragmtl, query: str) -> None:
    for command, place in (("predict", trained.run), ("inspect", trained.run), ("retrieve", trained.index)):
        refused(ragmtl(command, place, query), "expected a text or the IRI of an entity, found nothing")


def test_an_unknown_iri_as_query(trained: World, ragmtl: Ragmtl) -> None:
    for command, place in (("predict", trained.run), ("inspect", trained.run), ("retrieve", trained.index)):
        called = ragmtl(command, place, T + "darjeling")
        refused(called, "expected the IRI of an entity of the graph", f"did you mean '{T}darjeeling'?")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ((T + "sencha",), ["expected a ranking task, one of: orders, requests; none was named"]),
        ((T + "sencha", "--task", "kind"), ["expected a ranking task, one of: orders, requests; found 'kind'"]),
        ((T + "senca", "--task", "orders"), ["expected the IRI of an entity", f"did you mean '{T}sencha'?"]),
        (("sencha", "--task", "orders"), ["expected a user of the log or the IRI of an item, found 'sencha'"]),
        (("sencha", "--task", "requests"), ["expected the IRI of an entity", "found 'sencha'"]),
        (("--task", "orders"), ["expected the IRIs of some items, a text, or both; found neither"]),
        (("--task", "orders", "--text", "green"), ["for 'orders' learned from a log of them; found only a text"]),
    ],
)
def test_what_cannot_be_recommended(trained: World, ragmtl: Ragmtl, words: tuple[str, ...], parts: list[str]) -> None:
    refused(ragmtl("recommend", trained.run, *words), *parts)


def test_folders_that_cannot_be_written(trained: World, ragmtl: Ragmtl) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    refused(ragmtl("train", trained.config, "--index", trained.index, "--out", "taken/run"), "taken")
    refused(ragmtl("compare", trained.config, "--index", trained.index, "--out", "taken"), "taken")
    refused(ragmtl("index", trained.config, "--out", "taken"), "taken")
    refused(ragmtl("index", trained.config, "--out", "taken/index"), "taken")
    refused(ragmtl("inspect", trained.run, "green", "--out", "taken/a.html"), "taken", "choose another path")
    refused(ragmtl("inspect", trained.run, "green", "--turtle", "taken/seen.ttl"), "taken")
    assert Path("taken").read_text(encoding="utf-8") == "a file"


def test_a_folder_of_other_things_is_not_replaced_by_an_index(trained: World, ragmtl: Ragmtl) -> None:
    Path("photos").mkdir()
    Path("photos/cat.jpg").write_bytes(b"cat")
    refused(ragmtl("index", trained.config, "--out", "photos"), "found other files")
    assert Path("photos/cat.jpg").read_bytes() == b"cat"


@pytest.mark.parametrize("words", [("train", "none.toml"), ("index", "none.toml"), ("compare", "none.toml")])
def test_no_configuration(ragmtl: Ragmtl, words: tuple[str, ...]) -> None:
    refused(ragmtl(*words), "none.toml: expected a configuration file, found none; `ragmtl init` writes one")
