"""Runs of strangers: a run names the files that it is made of, and must not name others.

Nothing in a run is executed: it is JSON, safetensors, numpy arrays without objects, and a FAISS index. But `run.json`
says where index and tables are; without this check a stranger's run could have any file of this machine read as a table
and its cells shown as labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ragmtl.config import Config, RecommendConfig, parse_config
from ragmtl.errors import MismatchError
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.passages.learned_fusion import fusion_file
from ragmtl.retrieval.routes.scorer import learned_folder


def refuse_outside(folder: Path, roots: Sequence[Path]) -> None:
    """See that a run reads only from below some folders, and from the folder that holds it.

    Raises:
        MismatchError: It names, or links to, a file elsewhere.
    """
    allowed = [root.resolve() for root in (folder.absolute().parent, *roots)]
    for path in _files(folder):
        found = path.resolve()
        if not any(found.is_relative_to(root) for root in allowed):
            places = ", ".join(map(str, dict.fromkeys(allowed)))
            raise MismatchError(
                f"{folder}: expected a run that reads files below {places}, found one that names {path}; if you trust "
                "it, name the folder with --files"
            )


def _files(folder: Path) -> Iterator[Path]:
    """Every file that a run is made of, and every file and folder that it names."""
    yield from _below(folder)
    saved = _saved(folder)
    if not {"config", "index"} <= set(saved):
        return  # opening the run says what is wrong with it
    config = parse_config(saved["config"], str(folder / "run.json"))
    index = Path(str(saved["index"]))
    yield from _below(index)
    yield from _below(vectors_beside(index))
    yield from _named(config)
    for part in (*_parts(index), learned_folder(index), fusion_file(index)):
        if part.exists():
            yield from _below(part)


def _saved(folder: Path) -> dict[str, Any]:
    try:
        saved = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return saved if isinstance(saved, dict) else {}


def _below(folder: Path) -> Iterator[Path]:
    """A folder and all that is in it, links too."""
    yield folder
    if folder.is_dir():
        yield from folder.rglob("*")


def _named(config: Config) -> Iterator[Path]:
    """The files of a configuration that are read when its run is served."""
    yield from (config.resolve(task.data) for task in config.tasks)
    tables = (task.entities for task in config.tasks if isinstance(task, RecommendConfig))
    yield from (config.resolve(table) for table in tables if table)
    for model in (config.encoder.name, config.retrieval.rerank):
        if model and config.resolve(model).exists():
            yield from _below(config.resolve(model))


def _parts(index: Path) -> Iterator[Path]:
    """What the manifest of an index names: where its parts are, and the files that it was made from."""
    try:
        manifest = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
        yield from (index / str(place) for place in manifest.get("places", {}).values())
        yield from (Path(str(source["path"])) for source in manifest["sources"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
