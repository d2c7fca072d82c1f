"""The page of results in the documentation, made from the committed result files whenever the site is built.

So it cannot say anything else than they do. `docs/hooks.py` puts it into the site; nothing of it is kept in git.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILES = "*/result*.json"

INTRODUCTION = """# Results

Every figure that this project claims, with the command that makes it again. This page is made from the result files in
`benchmarks/` when the site is built; nobody writes figures into it by hand.

How to read it: each row is one metric of one arm. `low` and `high` bound the 95 % bootstrap interval; they equal the
value where there is no interval, as with sizes and times. `mtl` is without retrieval, `rag-mtl` with it;
`random-passages` and `shuffled-graph` are controls with false knowledge: a gain that stays in them does not come from
the knowledge. Splits named `test` were looked at to report, `valid` was used to choose. Times depend on the machine
that each file names.
"""


def results_page(root: Path) -> str:
    """All result files below `root/benchmarks`, as Markdown."""
    files = sorted((root / "benchmarks").glob(FILES))
    return "\n".join([INTRODUCTION, *(_section(path.relative_to(root), _read(path)) for path in files)])


def _read(path: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _section(path: Path, result: Mapping[str, Any]) -> str:
    made = [f"Command: `{result['command']}`"]
    made += [f"{name}: {result[name]}" for name in ("commit", "machine", "cores") if result.get(name)]
    notes = "".join(f"\n* {_cell(note)}" for note in result.get("notes", ()))
    return f"## {path}\n\n{'; '.join(made)}.\n{notes}\n\n{_table(result['rows'])}\n"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row if name != "seeds"))
    lines = [columns, ["---"] * len(columns), *([_cell(row.get(name, "")) for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return figure(value)
    return str(value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def figure(value: float) -> str:
    """Three places; thousands whole.

    >>> figure(0.5015365), figure(10250.3)
    ('0.502', '10,250')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
