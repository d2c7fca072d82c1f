"""`python -m benchmarks.serve`: how soon, how fast and how steadily a run is served; on this machine only.

Trains the kitchen example for one epoch with each encoder (speed does not depend on how good a run is), serves it in a
process of its own, and asks it over HTTP. No text is asked twice, so that nothing is answered from memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.result import Row, plain_row, save
from benchmarks.serve.clients import ask, texts

HERE = Path(__file__).parent
KITCHEN = Path("examples/kitchen")
ENCODERS = ("minilm", "hashing")
SINGLE, TOGETHER, CLIENTS, CROWD = 100, 320, 32, 50


def main() -> None:
    """Measure each run, and write `result.json`."""
    options = read_options()
    rows: list[Row] = [plain_row(("none", "command line", "all", "none"), "ragmtl --help", "seconds", _help())]
    with tempfile.TemporaryDirectory() as work:
        for encoder in options.encoders:
            rows += measure(trained(options.work or Path(work), encoder), f"kitchen, {encoder}", options.seconds)
    notes = [
        f"{len(os.sched_getaffinity(0))} cores, load average {os.getloadavg()[0]:.1f} at the end",
        "clients run on the same cores as the server",
        "single: one client; batch: 32 clients; crowd: 50 clients",
    ]
    save(options.out / "result.json", "python -m benchmarks.serve", rows, notes)


def trained(work: Path, encoder: str) -> Path:
    """A run of the kitchen example; one that stands there already is taken."""
    if (work / encoder / "run" / "run.json").is_file():
        return work / encoder / "run"
    (work / encoder).mkdir(parents=True, exist_ok=True)
    config = work / encoder / "kitchen.toml"
    text = (KITCHEN / "kitchen.toml").read_text(encoding="utf-8").replace('name = "minilm"', f'name = "{encoder}"')
    for name in ('"graph"', '"passages.jsonl"', '"dishes.jsonl"', '"dish_ingredients.csv"'):
        text = text.replace(name, json.dumps(str((KITCHEN / name.strip('"')).absolute())))
    config.write_text(text, encoding="utf-8")
    index, run = work / encoder / "index", work / encoder / "run"
    for words in (
        ["index", config, "--out", index],
        ["train", config, "--index", index, "--out", run, "--epochs", "1"],
    ):
        subprocess.run([sys.executable, "-m", "ragmtl", *map(str, words)], check=True, capture_output=True)
    return run


def measure(run: Path, data: str, seconds: float) -> list[Row]:
    """Every figure of one run."""
    dishes = [json.loads(line)["text"] for line in (KITCHEN / "dishes.jsonl").read_text(encoding="utf-8").splitlines()]
    given = texts(dishes)
    figures: list[tuple[str, str, float]] = []
    with served(run, together=32) as (process, port, began):
        ask(port, given, clients=1, seconds=60, most=1)
        figures.append(("start", "seconds to the first prediction", time.perf_counter() - began))
        ask(port, given, clients=CLIENTS, seconds=60, most=CLIENTS)
        single = ask(port, given, clients=1, seconds=60, most=SINGLE)
        figures += _quantiles("single", single.seconds)
        batched = ask(port, given, clients=CLIENTS, seconds=45, most=TOGETHER)
        before = _megabytes(process.pid)
        crowd = ask(port, given, clients=CROWD, seconds=seconds)
        figures += _quantiles("crowd", crowd.seconds)
        figures += [
            ("crowd", "errors", len(single.errors) + len(batched.errors) + len(crowd.errors)),
            ("crowd", "requests", len(crowd.seconds)),
            ("crowd", "megabytes before", before),
            ("crowd", "megabytes after", _megabytes(process.pid)),
            ("crowd", "p95 / p50 of a single request", _quantile(crowd.seconds, 0.95) / _quantile(single.seconds, 0.5)),
        ]
    with served(run, together=1) as (_, port, _began):
        ask(port, given, clients=1, seconds=60, most=10)
        alone = ask(port, given, clients=CLIENTS, seconds=45, most=TOGETHER)
    rates = [len(found.seconds) / found.whole for found in (batched, alone)]
    figures += [("batch", "requests per second", rates[0]), ("batch", "requests per second, one at a time", rates[1])]
    figures.append(("batch", "times as many with batches", rates[0] / rates[1]))
    for figure in figures:
        print(data, *figure)
    return [
        plain_row((data, "/predict", part, "none"), "ragmtl serve", metric, value) for part, metric, value in figures
    ]


@contextmanager
def served(run: Path, *, together: int) -> Iterator[tuple[subprocess.Popen[str], int, float]]:
    """A server in a process of its own; its port, and when it was started."""
    words = [
        sys.executable,
        "-m",
        "ragmtl",
        "serve",
        str(run),
        "--port",
        "0",
        "--together",
        str(together),
        "--files",
        "/",
    ]
    began = time.perf_counter()
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline() if process.stderr else ""
        while "http://" not in line:
            if not line:
                raise RuntimeError("the server ended before it listened")
            line = process.stderr.readline() if process.stderr else ""
        yield process, int(line.split("127.0.0.1:")[1].split("/")[0]), began
    finally:
        process.terminate()
        process.wait(30)


def _quantile(seconds: list[float], share: float) -> float:
    return float(np.quantile(seconds, share))


def _quantiles(part: str, seconds: list[float]) -> list[tuple[str, str, float]]:
    return [(part, name, 1000 * _quantile(seconds, share)) for name, share in (("p50 ms", 0.5), ("p95 ms", 0.95))]


def _megabytes(process: int) -> float:
    """What a process holds in memory."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _help() -> float:
    """Seconds of `ragmtl --help`: the best of five, for the first reads files from the disk."""
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ragmtl", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="where runs are trained, or stand already; a folder that is deleted")
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the crowd asks")
    parser.add_argument("--out", type=Path, default=HERE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
