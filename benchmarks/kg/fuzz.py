"""A fuzzer over all readers, for long runs outside CI: an error of ours or a graph, the same in every lane.

    pip install atheris
    python -m benchmarks.kg.fuzz -max_total_time=300 [CORPUS]

Arguments are those of libFuzzer; CORPUS is a folder, into which real files are put to begin with. The first byte of an
input chooses the format. Where atheris does not install: `python -m benchmarks.kg.fuzz --random SECONDS`.
"""

from __future__ import annotations

import importlib
import random
import sys
import tempfile
import time
from pathlib import Path

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


# What is watched for new paths; what numba compiles cannot be.
WATCHED = ["batches", "faults", "guard", "iri", "ntriples", "oxigraph", "rdflib_reader", "sniff", "unpack"]

# Those; they are imported before anything is watched.
COMPILED = ["encoding.intern", "encoding.memory", "encoding.names", "encoding.order", "jsonld.form", "parsing.escapes"]
COMPILED += ["parsing.lines", "parsing.nesting", "parsing.valid", "walks.connected", "walks.hops", "walks.push"]


def one(content: bytes) -> None:
    """Read one input in every lane."""
    from tests.kg.parsing.test_lanes import FILES, check

    if not content:
        return
    name = sorted(FILES)[content[0] % len(FILES)]
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), name, content[1:])


def seed(corpus: Path) -> None:
    """Put the files that tests damage into a corpus."""
    from tests.kg.parsing.test_lanes import FILES

    corpus.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(sorted(FILES)):
        (corpus / f"seed-{name}").write_bytes(bytes([place]) + FILES[name].encode())


def damage(seconds: float, number: int = 0) -> int:
    """Damage files at random for some time; gives how many were tried."""
    from tests.kg.parsing.test_lanes import FILES

    chance, began, tried = random.Random(number), time.monotonic(), 0
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
    for name in COMPILED:
        importlib.import_module(f"ragmtl.kg.{name}")
    with atheris.instrument_imports(
        include=[*(f"ragmtl.kg.parsing.{name}" for name in WATCHED), "rdflib.plugins.parsers"]
    ):
        importlib.import_module("tests.kg.parsing.test_lanes")
    for corpus in (Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")):
        seed(corpus)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
