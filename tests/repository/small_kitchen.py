"""The kitchen example with the dishes of two cuisines only: all labels of its test rows are in train, too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

KITCHEN = Path(__file__).parents[2] / "examples" / "kitchen"


def small_kitchen(folder: Path) -> Path:
    """A copy at `folder`."""
    copy = Path(shutil.copytree(KITCHEN, folder))
    rows = (copy / "dishes.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    some = {row: json.loads(row)["dish"] for row in rows if json.loads(row)["cuisine"] in ("italian", "indian")}
    (copy / "dishes.jsonl").write_text("".join(some), encoding="utf-8")
    header, *eaten = (copy / "dish_ingredients.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in eaten if row.split(",")[0] in some.values()]
    (copy / "dish_ingredients.csv").write_text("".join((header, *kept)), encoding="utf-8")
    return copy
