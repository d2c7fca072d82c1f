from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.curves import Curve, curves_of, load_curves, save_curves
from ragmtl.errors import MismatchError
from ragmtl.training.epochs import Epoch

EPOCHS = [
    Epoch(1, 10, {}, {"sign": 0.5}, {}, 0.5, {}),
    Epoch(2, 20, {}, {"sign": 0.7}, {}, 0.7, {"sign | parts": -0.25}),
]


def test_epochs_become_curves() -> None:
    assert curves_of(EPOCHS, "mtl", 3) == [
        Curve("valid", "sign", "mtl", 3, (10, 20), (0.5, 0.7)),
        Curve("conflict", "sign | parts", "mtl", 3, (20,), (-0.25,)),
    ]


def test_curves_come_back(tmp_path: Path) -> None:
    assert load_curves(tmp_path) == ()
    save_curves(curves_of(EPOCHS, "mtl", 3), tmp_path)
    assert list(load_curves(tmp_path)) == curves_of(EPOCHS, "mtl", 3)


@pytest.mark.parametrize("content", ["[", "[1]", '[{"kind": "valid"}]', '{"a": 1}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "curves.json").write_text(content)
    with pytest.raises(MismatchError, match=r"curves\.json: expected curves of a training"):
        load_curves(tmp_path)
