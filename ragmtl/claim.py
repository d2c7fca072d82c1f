"""A folder belongs to one piece of work: what that is, is written down there, and another one is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragmtl.config import Config
from ragmtl.errors import MismatchError
from ragmtl.fit import tables_of
from ragmtl.retrieval.index import Index


def stated(config: Config, index: Index) -> dict[str, Any]:
    """What figures follow from: a configuration, its index, and its tables."""
    return {
        "config": json.loads(config.model_dump_json(exclude={"folder"})),
        "graph": index.manifest["graph"],
        "corpus": index.manifest["corpus"],
        "tables": tables_of(config),
    }


def claim(folder: Path, what: str, content: Mapping[str, Any]) -> None:
    """Write down what a folder is for, or see that it is the same as before.

    Args:
        folder: Made if it does not exist.
        what: As "comparison": the name of the file, and of the work in the error.
        content: Anything that JSON can hold.

    Raises:
        MismatchError: It is for something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{what}.json"
    if not path.exists():
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    elif _json(path) != content:
        raise MismatchError(
            f"{folder}: expected the {what} of this configuration, index and tables, found one of others; choose "
            "another folder with --out, or delete that one"
        )


def _json(path: Path) -> object:
    """What a file holds; None where it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
