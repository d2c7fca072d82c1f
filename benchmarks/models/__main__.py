"""`python -m benchmarks.models`: what each choice of `[model]` costs, and write `result.json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from pathlib import Path

import torch

from benchmarks.models import steps

HERE = Path(__file__).parent


def main() -> None:
    """Run the benchmark on one thread."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--turns", type=int, default=25, help="how often each choice is measured")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = steps.rows(options.turns)
    for found in rows:
        print(f"{found['slice']:10} {found['arm']:22} {found['metric']:18} {found['value']:8} (middle {found['high']})")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, cwd=HERE)
    result = {
        "name": "models",
        "command": f"python -m benchmarks.models --turns {options.turns}",
        "commit": commit.stdout.strip(),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "threads": 1, "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seeds": [0],
        "targets": {"times the default": "at most 3"},
        "rows": rows,
    }
    (options.out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
