"""`python -m benchmarks.retrieval --data ../shared/data`: the figures of retrieval, written to `result.json`."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks.retrieval import passages


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "result.json")
    parser.add_argument("--work", type=Path, help="where indexes and vectors are kept; a temporary folder if not given")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        rows = passages.rows(options.data, work)
    minutes = (time.monotonic() - began) / 60
    command = "python -m benchmarks.retrieval"
    found = {"name": "retrieval", "command": command, "notes": [f"{minutes:.1f} minutes"], "rows": rows}
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['data']:12} {row['split']:6} {row['arm']:24} {row['metric']:10} {row['value']:.3f}")


if __name__ == "__main__":
    main()
