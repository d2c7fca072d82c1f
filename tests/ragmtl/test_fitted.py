from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ragmtl.fitted import Fitted, fitted_to
from ragmtl.run import Run
from tests.ragmtl.conftest import World


def test_what_is_kept_is_not_fitted_again(tmp_path: Path) -> None:
    fitted = Fitted.load(tmp_path)
    assert fitted.array("a", (2,), lambda: np.arange(2.0)).tolist() == [0, 1]
    fitted.save(tmp_path)
    again = Fitted.load(tmp_path)
    assert again.array("a", (2,), lambda: pytest.fail("fitted again")).tolist() == [0, 1]
    assert again.array("a", (3,), lambda: np.ones(3)).tolist() == [1, 1, 1]  # of another shape
    assert again.array("b", (1,), lambda: np.zeros(1)).tolist() == [0]


def test_names_change_with_everything_that_is_fitted_to() -> None:
    data = np.arange(3)
    names = {fitted_to("x", data), fitted_to("y", data), fitted_to("x", data + 1), fitted_to("x", data, data)}
    assert len(names) == 4


def test_a_run_is_opened_without_fitting(trained: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []

    def kept(self: Fitted, name: str, shape: tuple[int, ...], fit: Callable[[], np.ndarray]) -> np.ndarray:
        found.append(name)
        return self._arrays[name]

    monkeypatch.setattr(Fitted, "array", kept)
    Run.load(trained.run)
    assert found
