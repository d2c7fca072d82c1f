from __future__ import annotations

import json
import math
import os
import pty
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragmtl.cli import INTERRUPTED
from ragmtl.commands.speaking import next_step, plain, print_result
from tests.ragmtl.conftest import Called, Ragmtl, World

T = "https://tea.example/"


@dataclass(frozen=True, slots=True)
class Pot:
    litres: float
    place: Path


def test_facts_become_what_json_has() -> None:
    given = {"pots": (Pot(math.nan, Path("a/b")), Pot(0.5, Path())), 3: math.inf, "none": None, "yes": True}
    expected = {"pots": [{"litres": None, "place": "a/b"}, {"litres": 0.5, "place": "."}], "3": None}
    assert plain(given) == expected | {"none": None, "yes": True}


def test_a_result_is_json_or_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"tea": "茶"}, True, "a line")
    assert json.loads(capsys.readouterr().out) == {"tea": "茶"}
    print_result({"tea": "茶"}, False, "a line", "another")
    assert capsys.readouterr().out == "a line\nanother\n"


@pytest.mark.parametrize(("terminal", "as_json", "shown"), [(True, False, True), (True, True, False), (False,) * 3])
def test_the_next_step_is_named_on_a_terminal(
    terminal: bool, as_json: bool, shown: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    next_step("ragmtl", "train", Path("my tea.toml"), as_json=as_json)
    assert capsys.readouterr() == ("", "next: ragmtl train 'my tea.toml'\n" if shown else "")


def document(called: Called) -> Any:  # noqa: ANN401 -- any JSON
    assert called.code == 0, called.err
    return json.loads(called.out)


def test_every_command_of_the_whole_path_prints_one_document(
    trained: World, files: World, ragmtl: Ragmtl, tmp_path: Path
) -> None:
    begun = ragmtl("init", files.folder / "graph.ttl", "--corpus", files.folder / "passages.jsonl", "--json")
    assert document(begun) == {"out": "ragmtl.toml"}
    built = document(ragmtl("index", files.config, "--json"))
    assert (built["out"], built["graph"]["triples"], built["corpus"]["passages"]) == ("runs/tea/index", 56, 10)
    assert document(ragmtl("update", "runs/tea/index", "--delete-entity", T + "sencha", "--json"))["removed"] > 0

    world = trained.copy(tmp_path / "copy")
    again = document(ragmtl("train", world.config, "--index", world.index, "--out", world.run, "--json"))
    assert again["out"] == str(world.run)
    assert set(again["best"]["metrics"]) == {"kind", "notes", "orders", "requests"}
    page = document(ragmtl("inspect", world.run, T + "lapsang", "--turtle", "seen.ttl", "--json"))
    assert page == {"out": "inspect.html", "turtle": "seen.ttl"}
    words = ("compare", world.config, "--index", world.index, "--epochs", 1, "--arm", "mtl", "--json")
    assert {row["arm"] for row in document(ragmtl(*words))["rows"]} == {"mtl"}


def test_a_pipe_that_is_closed_is_no_mistake(trained: World) -> None:
    words = [sys.executable, "-m", "ragmtl", "kg", "info", str(trained.folder / "graph.ttl"), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_bars_are_drawn_on_a_terminal_only(files: World) -> None:
    words = [sys.executable, "-m", "ragmtl", "kg", "info", str(files.folder / "graph.ttl")]
    piped = subprocess.run(words, capture_output=True, check=True)
    assert piped.stderr == b""
    assert b"\x1b" not in piped.stdout
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=theirs, env=os.environ | {"TERM": "xterm"}) as shown:
        os.close(theirs)
        assert b"reading" in everything(ours)
    assert shown.returncode == 0


def everything(terminal: int) -> bytes:
    """What is written to a terminal until nobody has it open."""
    seen = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says so that the other end was closed
            break
        if not part:
            break
        seen += part
    os.close(terminal)
    return seen


def test_ctrl_c_ends_with_a_line_that_says_how_to_go_on(ragmtl: Ragmtl, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ragmtl.config.read_config", interrupted)
    called = ragmtl("train", "any.toml")
    assert called.code == INTERRUPTED
    assert called.err == "interrupted; the same command goes on from the last checkpoint\n"


def test_a_wrong_option_ends_with_two(ragmtl: Ragmtl) -> None:
    called = ragmtl("train", "any.toml", "--epoch", 3)
    assert called.code == 2
    assert "--epochs" in called.err


@pytest.mark.parametrize(("shell", "typed"), [("bash", "ragmtl pre"), ("zsh", "ragmtl pre"), ("fish", "ragmtl pre")])
def test_the_shell_completes_commands(shell: str, typed: str) -> None:
    settings = {"_RAGMTL_COMPLETE": f"complete_{shell}", "COMP_WORDS": typed, "COMP_CWORD": "1"}
    settings |= {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    code = "import sys; sys.argv = ['ragmtl']; from ragmtl.cli import app; app(prog_name='ragmtl')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | settings)
    assert "predict" in found.stdout
    assert "evaluate" not in found.stdout
