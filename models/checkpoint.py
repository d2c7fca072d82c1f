"""Checkpoints: named tensors (safetensors) and metadata (JSON) in one directory; nothing is ever unpickled.

    DIR/checkpoint.json             metadata; names the file of tensors, with its size and sha256
    DIR/tensors-3f9c….safetensors   the tensors

`checkpoint.json` is replaced in one step after the tensors are on disk, so that a directory always holds one whole
checkpoint, the old one or the new one, whenever the process is killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Shaped
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from ragmtl.errors import MismatchError

_FORMAT = "ragmtl checkpoint"
_VERSION = 1
_INDEX = "checkpoint.json"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What was saved.

    Attributes:
        tensors: By name.
        metadata: As given, after a round trip through JSON.
    """

    tensors: Mapping[str, Shaped[Tensor, "..."]]
    metadata: Mapping[str, Any]


def save_checkpoint(
    directory: str | Path, tensors: Mapping[str, Shaped[Tensor, "..."]], metadata: Mapping[str, Any]
) -> None:
    """Saves tensors and metadata, in place of what the directory held before.

    Args:
        directory: Made if it does not exist.
        tensors: From any device.
        metadata: Anything that JSON can hold; numbers keep all their digits.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    blob = save({name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()})
    digest = hashlib.sha256(blob).hexdigest()
    name = f"tensors-{digest[:16]}.safetensors"
    index = {"format": _FORMAT, "version": _VERSION, "file": name, "size": len(blob), "sha256": digest}
    text = json.dumps({**index, "metadata": dict(metadata)}, indent=1)
    _replace(folder / name, blob)
    _replace(folder / _INDEX, text.encode())
    for old in folder.glob("tensors-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_checkpoint(directory: str | Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Loads what `save_checkpoint` saved.

    Args:
        directory: Of the checkpoint.
        device: Where the tensors go.

    Raises:
        MismatchError: There is no checkpoint, it is not one of ragmtl, of another version, truncated or changed.
    """
    folder = Path(directory)
    index = _read_index(folder / _INDEX)
    path = folder / str(index["file"])
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise _broken(path, f"the file that {_INDEX} names, found none that can be read ({error.strerror})") from error
    if len(blob) != index["size"]:
        raise _broken(path, f"{index['size']} bytes, found {len(blob)}: it is truncated or was replaced")
    if hashlib.sha256(blob).hexdigest() != index["sha256"]:
        raise _broken(path, f"the sha256 that {_INDEX} names, found another: the file was changed")
    try:
        tensors = load(blob)
    except SafetensorError as error:
        raise _broken(path, f"safetensors, found something else ({error})") from error
    return Checkpoint({name: tensor.to(device) for name, tensor in tensors.items()}, index["metadata"])


def restore(module: nn.Module, tensors: Mapping[str, Shaped[Tensor, "..."]]) -> None:
    """Sets all parameters and buffers of a module.

    Args:
        module: Of the same sizes as the one that was saved.
        tensors: As from `module.state_dict()`.

    Raises:
        MismatchError: A tensor is missing, left over, or of another shape; the module is then unchanged.
    """
    expected = module.state_dict()
    missing, left = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or left:
        raise MismatchError(
            f"the checkpoint is of another model: expected also {_some(missing)}; found also {_some(left)}; "
            "build the model from the settings that were saved with the checkpoint"
        )
    for name, tensor in expected.items():
        if tensor.shape != tensors[name].shape:
            raise MismatchError(
                f"the checkpoint is of another model: {name} expected {tuple(tensor.shape)}, found "
                f"{tuple(tensors[name].shape)}; build the model from the settings that were saved with the checkpoint"
            )
    module.load_state_dict(dict(tensors))


def _read_index(path: Path) -> dict[str, Any]:
    try:
        index = json.loads(path.read_bytes())
    except OSError as error:
        raise _broken(path, f"a checkpoint, found no file that can be read ({error.strerror})") from error
    except ValueError as error:
        raise _broken(path, f"JSON, found something else or a truncated file ({error})") from error
    if not isinstance(index, dict) or index.get("format") != _FORMAT:
        raise _broken(path, f'"format": "{_FORMAT}", found none: another program wrote it')
    if index.get("version") != _VERSION:
        raise _broken(path, f"version {_VERSION}, found {index.get('version')}: another version of ragmtl wrote it")
    if not index.keys() >= {"file", "size", "sha256", "metadata"}:
        raise _broken(path, "file, size, sha256 and metadata, found only " + ", ".join(index))
    if Path(str(index["file"])).name != index["file"]:
        raise _broken(path, f"a file name in this directory, found {index['file']!r}")
    return index


def _broken(path: Path, expected: str) -> MismatchError:
    return MismatchError(f"{path}: expected {expected}; train again or point to another run")


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:4]) or "nothing"
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _replace(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all."""
    handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
