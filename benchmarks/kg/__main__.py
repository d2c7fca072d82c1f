"""`python -m benchmarks.kg --data ../shared/data`: the figures of kg, written to `result.json`, beside their targets.

All parts take about a quarter of an hour on two cores; `--only PART` runs one, and writes its rows where `--out` says.
The W3C's tests need their suites (`--suites`, see `benchmarks/kg/w3c.py`), the endpoint an Oxigraph server.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from rich.console import Console

from benchmarks.kg import endpoint, loading, schema, sparql, w3c, walk
from benchmarks.kg.row import Row, lexicon_file
from benchmarks.kg.targets import table
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.report import commit, machine, versions

HERE = Path(__file__).parent
PARTS = ("loading", "walk", "schema", "sparql", "endpoint", "w3c")
MEASURED = ("pyoxigraph", "numba", "scipy", "networkx", "oxigraph")


def main() -> None:
    """Run the benchmark."""
    options, console = read_options(), Console(width=140)
    began, loaded = time.monotonic(), os.getloadavg()[0]
    rows: list[Row] = []
    notes = [f"load of the machine before: {loaded:.1f}"]
    for part in options.only or PARTS:
        start = time.monotonic()
        found = rows_of(part, options.data, options.suites)
        minutes = (time.monotonic() - start) / 60
        missing = f"{part}: not measured, {MISSING[part]}" if not found else ""
        notes += [missing] if missing else []
        console.print(missing or f"{part}: {len(found)} rows, {minutes:.1f} minutes")
        rows += found
    notes += [f"load after: {os.getloadavg()[0]:.1f}", f"{(time.monotonic() - began) / 60:.1f} minutes"]
    console.print(table(rows))
    if options.out is not None:
        options.out.write_text(json.dumps(result(rows, notes), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


MISSING = {
    "endpoint": "no Oxigraph server is here: pip install oxigraph",
    "w3c": "no suites were given: --suites FOLDER",
}
"""Why a part may give no rows."""


def rows_of(part: str, data: Path, suites: Path | None) -> list[Row]:
    """The rows of one part."""
    match part:
        case "loading":
            return loading.rows(data)
        case "walk":
            return walk.rows(data)
        case "schema":
            return schema.rows(lexicon=read_rdf(lexicon_file(data)))
        case "sparql":
            return sparql.rows(data)
        case "endpoint":
            return endpoint.rows(data)
        case _:
            return [] if suites is None else w3c.rows(suites)


def result(rows: list[Row], notes: list[str]) -> dict[str, object]:
    """What is written: the rows, and what is needed to measure them again."""
    from importlib.metadata import version

    return {
        "name": "kg",
        "rows": rows,
        "command": "python -m benchmarks.kg",
        "commit": commit(HERE),
        "machine": machine(),
        "versions": versions() | {name: version(name) for name in MEASURED},
        "seeds": [0],
        "notes": notes,
    }


def read_options() -> argparse.Namespace:
    """Where the data is, which parts, and where to write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kg", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--only", choices=PARTS, action="append", help="one part (may come again); all if not given")
    parser.add_argument("--suites", type=Path, help="folder with the W3C's tests")
    parser.add_argument("--out", type=Path, help="where the rows go; result.json beside this file if all parts run")
    options = parser.parse_args()
    if options.out is None and options.only is None:
        options.out = HERE / "result.json"
    return options


if __name__ == "__main__":
    main()
