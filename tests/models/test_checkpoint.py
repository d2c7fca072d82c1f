from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ragmtl.errors import MismatchError
from ragmtl.models.checkpoint import load_checkpoint, restore, save_checkpoint

TENSORS = {"weight": torch.randn(3, 4), "step": torch.tensor(7), "random state": torch.randint(0, 255, (16,)).byte()}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "run" / "last", TENSORS, {"epoch": 3, "best": float("-inf"), "tasks": ["é"]})
    return tmp_path / "run" / "last"


def tensor_file(directory: Path) -> Path:
    (path,) = directory.glob("*.safetensors")
    return path


def test_round_trip_is_exact(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    assert checkpoint.metadata == {"epoch": 3, "best": float("-inf"), "tasks": ["é"]}
    assert checkpoint.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(checkpoint.tensors[name], tensor)
        assert checkpoint.tensors[name].dtype == tensor.dtype


def test_views_shared_tensors_and_none_at_all_can_be_saved(tmp_path: Path) -> None:
    whole = torch.arange(6.0).view(2, 3)
    save_checkpoint(tmp_path, {"a": whole, "b": whole, "c": whole.T, "d": whole[1]}, {})
    assert torch.equal(load_checkpoint(tmp_path).tensors["c"], whole.T)
    save_checkpoint(tmp_path, {}, {})
    assert load_checkpoint(tmp_path).tensors == {}


def test_a_new_checkpoint_replaces_the_old(saved: Path) -> None:
    save_checkpoint(saved, {"weight": torch.ones(2)}, {"epoch": 4})
    assert load_checkpoint(saved).metadata == {"epoch": 4}
    assert len(list(saved.iterdir())) == 2


def test_killed_while_saving_the_old_one_stays(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def killed(source: Path, target: Path) -> None:
        if target.name == "checkpoint.json":
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(saved, {"weight": torch.ones(2)}, {"epoch": 4})
    assert load_checkpoint(saved).metadata["epoch"] == 3
    monkeypatch.undo()
    save_checkpoint(saved, {"weight": torch.ones(2)}, {"epoch": 5})
    assert load_checkpoint(saved).metadata["epoch"] == 5
    assert len(list(saved.iterdir())) == 2


def test_metadata_that_is_no_json_leaves_nothing_behind(saved: Path) -> None:
    before = sorted(saved.iterdir())
    with pytest.raises(TypeError):
        save_checkpoint(saved, {"weight": torch.ones(2)}, {"path": Path()})
    assert sorted(saved.iterdir()) == before


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match=r"checkpoint\.json: expected a checkpoint, found no file"):
        load_checkpoint(tmp_path / "nowhere")


def test_tensors_missing(saved: Path) -> None:
    tensor_file(saved).unlink()
    with pytest.raises(MismatchError, match="found none that can be read"):
        load_checkpoint(saved)


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_truncated_tensors(saved: Path, cut: int) -> None:
    path = tensor_file(saved)
    path.write_bytes(path.read_bytes()[: cut or -1])
    with pytest.raises(MismatchError, match=r"bytes, found \d+: it is truncated"):
        load_checkpoint(saved)


def test_changed_tensors(saved: Path) -> None:
    content = bytearray(tensor_file(saved).read_bytes())
    content[-1] ^= 1
    tensor_file(saved).write_bytes(content)
    with pytest.raises(MismatchError, match="sha256"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "truncated"),
        ('{"format": "ragmtl check', "truncated"),
        ("\x00\x80", "expected JSON"),
        ('{"epoch": 3}', "another program"),
        ("[1]", "another program"),
        ('{"format": "ragmtl checkpoint", "version": 99}', "version 1, found 99"),
        ('{"format": "ragmtl checkpoint", "version": 1}', "found only format, version"),
    ],
)
def test_foreign_or_truncated_index(saved: Path, text: str, message: str) -> None:
    (saved / "checkpoint.json").write_text(text, encoding="latin-1")
    with pytest.raises(MismatchError, match=message):
        load_checkpoint(saved)


def test_an_index_cannot_point_out_of_its_directory(saved: Path) -> None:
    index = json.loads((saved / "checkpoint.json").read_text())
    tensor_file(saved).rename(saved.parent / "elsewhere.safetensors")
    (saved / "checkpoint.json").write_text(json.dumps({**index, "file": "../elsewhere.safetensors"}))
    with pytest.raises(MismatchError, match="a file name in this directory"):
        load_checkpoint(saved)


def test_restore_sets_a_module(tmp_path: Path) -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    save_checkpoint(tmp_path, source.state_dict(), {})
    restore(target, load_checkpoint(tmp_path).tensors)
    assert torch.equal(source.weight, target.weight)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": torch.ones(2, 3)}, "expected also bias; found also nothing"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2), "x": torch.ones(1)}, "nothing; found also x"),
        ({"weight": torch.ones(2, 4), "bias": torch.ones(2)}, r"weight expected \(2, 3\), found \(2, 4\)"),
    ],
)
def test_restore_refuses_another_model(tensors: dict[str, Tensor], message: str) -> None:
    module = nn.Linear(3, 2)
    before = module.weight.clone()
    with pytest.raises(MismatchError, match=message):
        restore(module, tensors)
    assert torch.equal(module.weight, before)
