"""Folders of models that were learned here: what says so, what may be replaced, and what others read beside them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ragmtl.errors import ConfigError, MismatchError

OWN = "ragmtl.json"
"""What says that a folder was written here, and may be replaced."""


def fingerprint_of(settings: Mapping[str, Any], *examples: Sequence[Any]) -> str:
    """What tells one course of learning from another."""
    kept = {name: value for name, value in settings.items() if name != "keep_every"}
    said = json.dumps([kept, [[asdict(one) for one in part] for part in examples]], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def refuse_folder(place: Path, source: Path | None = None) -> None:
    """Refuse to write over the model to start from, or over what was not learned here.

    Raises:
        ConfigError: It is the folder of the model to start from.
        MismatchError: It holds something else.
    """
    if source is not None and source.resolve() == place.resolve():
        raise ConfigError(f"expected another folder than that of the model to start from, found {place}; choose one")
    if place.exists() and not (place / OWN).is_file() and (not place.is_dir() or any(place.iterdir())):
        raise MismatchError(
            f"expected a learned model, an empty folder or nothing in {place}, found other files; choose another"
        )


def write_model(
    model: Any,  # noqa: ANN401 - of transformers
    tokenizer: Any,  # noqa: ANN401 - of transformers
    folder: Path,
    source: Path | None = None,
) -> None:
    """Write a model, its tokenizer, and what sentence-transformers reads beside them, if the source has it."""
    from ragmtl.retrieval.encoders.transformer import silence

    with silence():
        model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)
    if source is None or not (modules := source / "modules.json").is_file():
        return
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        if (source / name).is_file():
            shutil.copy(source / name, folder / name)
    for name in {str(module.get("path") or "") for module in json.loads(modules.read_text(encoding="utf-8"))} - {""}:
        (folder / name).mkdir(exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, dirs_exist_ok=True)
