"""A fuzzer over all readers, for long runs outside CI: an error of ours or a graph, the same in every lane.

    pip install atheris
    python -m benchmarks.kg.fuzz -max_total_time=300 [CORPUS]

Arguments are those of libFuzzer. The first byte of an input chooses the format. Where atheris does not install, plain
random damage to the files of `tests/kg/test_lanes.py` is used: `python -m benchmarks.kg.fuzz --random SECONDS`.
"""

from __future__ import annotations

import importlib
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.kg.test_lanes import FILES, check

PIECES = (
    b"<",
    b">",
    b'"',
    b"'",
    b"\\",
    b".",
    b" ",
    b"\n",
    b"\r",
    b"_:",
    b"@",
    b"^^",
    b"#",
    b"[",
    b"]",
    b"(",
    b")",
    b"{",
    b"}",
)


def one(content: bytes) -> None:
    """Read one input in every lane."""
    if not content:
        return
    name = sorted(FILES)[content[0] % len(FILES)]
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), name, content[1:])


def damage(seconds: float, seed: int = 0) -> int:
    """Damage files at random for some time; gives how many were tried."""
    chance, began, tried = random.Random(seed), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        place = chance.randrange(len(FILES))
        content = bytearray(FILES[sorted(FILES)[place]].encode())
        for _ in range(chance.randint(1, 6)):
            start = chance.randrange(len(content) + 1)
            content[start : start + chance.randrange(12)] = chance.choice(PIECES) + chance.randbytes(
                chance.randrange(3)
            )
        one(bytes([place]) + bytes(content))
        tried += 1
    return tried


def main() -> None:
    """Fuzz until something is found, or as long as asked."""
    if sys.argv[1:2] == ["--random"]:
        print(damage(float(sys.argv[2])), "files, each an error or the same graph")
        return
    atheris = importlib.import_module("atheris")
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
