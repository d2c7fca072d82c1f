"""The README's example runs as written: with a small encoder in place of the large one, and some of the dishes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.repository.small_kitchen import small_kitchen

ROOT = Path(__file__).parents[2]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    quicker(small_kitchen(tmp_path / "examples" / "kitchen"))
    monkeypatch.chdir(tmp_path)
    exec(compile(code[1], "README.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "cuisine" in shown
    assert "missing-ingredient" not in shown, "a text without ingredients cannot ask which one is missing"


def quicker(kitchen: Path) -> None:
    """Less to train."""
    settings = (kitchen / "kitchen.toml").read_text(encoding="utf-8")
    for usual, quick in (('"minilm"', '"hashing"'), ("epochs = 16", "epochs = 1"), ("steps = 40", "steps = 4")):
        assert usual in settings
        settings = settings.replace(usual, quick)
    (kitchen / "kitchen.toml").write_text(settings, encoding="utf-8")
