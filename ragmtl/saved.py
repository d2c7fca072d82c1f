"""What `run.json` holds: read, and checked for what every run has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragmtl.errors import MismatchError
from ragmtl.sizes import ModelSize

FORMAT = "ragmtl run"
VERSION = 1
PARTS = ("config", "index", "graph", "corpus", "size", "entities", "thresholds", "answers")


def read_saved(folder: Path) -> dict[str, Any]:
    """What `ragmtl.run.write_run` wrote.

    Raises:
        MismatchError: The folder holds no run, or one of another version.
    """
    path = folder / "run.json"
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise MismatchError(f"{folder}: expected a run, found no run.json; `ragmtl train` makes one") from None
    except ValueError as error:
        raise MismatchError(f"{path}: expected JSON, found something else ({error}); train again") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT or saved.get("version") != VERSION:
        raise MismatchError(f"{path}: expected a run of version {VERSION}, found something else; train again")
    if missing := [part for part in PARTS if part not in saved]:
        raise MismatchError(f"{path}: expected a whole run, found it without {', '.join(missing)}; train again")
    return saved


def saved_size(saved: object, folder: Path) -> ModelSize:
    """The sizes of the model of a run.

    Raises:
        MismatchError: They are none.
    """
    try:
        return ModelSize.model_validate(saved)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise MismatchError(
            f"{folder / 'run.json'}: expected the sizes of a model, found a wrong `{place}` ({problem['msg']}); "
            "train again"
        ) from None
