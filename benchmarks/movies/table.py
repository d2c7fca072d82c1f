"""`python -m benchmarks.movies.table` writes the table of `result.json` into the README, between its two markers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
BEGIN, END = "<!-- movies -->", "<!-- end of movies -->"

SHOWN = (
    ("genre", "all", "micro_f1", "≥ .58"),
    ("genre", "all", "macro_f1", ""),
    ("sentiment", "all", "accuracy", "≥ .84"),
    ("ratings", "all", "hr@10", "≥ .265"),
    ("ratings", "not hot", "hr@10", "≥ .025"),
    ("dialogues", "all", "recall@10", "≥ .181"),
    ("dialogues", "new only", "recall@10", "≥ .115"),
)
"""Task, slice, metric, and what the project expects of `rag-mtl`."""

ARMS = ("mtl", "rag-mtl", "shuffled-graph")


def main() -> None:
    """Bring the README up to date."""
    text = README.read_text(encoding="utf-8")
    README.write_text(with_table(text, json.loads((HERE / "result.json").read_text(encoding="utf-8"))), "utf-8")


def with_table(text: str, result: Mapping[str, Any]) -> str:
    """A text whose table, between the two markers, is that of a result."""
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{markdown(result)}\n{END}{after}"


def markdown(result: Mapping[str, Any]) -> str:
    """One line per task and slice: the arms, and how far they are apart."""
    values = {(row["task"], row["slice"], row["metric"], row["arm"]): row["value"] for row in result["rows"]}
    apart = {
        (row["task"], row["slice"], row["metric"], row["arm"]): row
        for row in result["differences"]
        if row["against"] == "mtl"
    }
    head = [
        "task (test)",
        "metric",
        "expected",
        "`mtl`, no retrieval",
        "`rag-mtl`",
        "`shuffled-graph`",
        "`rag-mtl` − `mtl`",
        "`shuffled-graph` − `mtl`",
    ]
    lines = [head, ["---"] * len(head)]
    for task, part, metric, expected in SHOWN:
        cells = [task if part == "all" else f"{task}, {part}", metric.replace("_", "-"), expected]
        cells += [_short(values[task, part, metric, arm]) for arm in ARMS]
        cells += [_interval(apart[task, part, metric, arm]) for arm in ARMS[1:]]
        lines.append(cells)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def _interval(row: Mapping[str, float]) -> str:
    figures = [f"{row[name]:+.3f}".replace("0.", ".", 1).replace("-", "−") for name in ("value", "low", "high")]
    return f"{figures[0]} [{figures[1]}, {figures[2]}]"


if __name__ == "__main__":
    main()
