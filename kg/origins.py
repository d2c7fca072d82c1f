"""Where the triples of a graph come from, and what was read, merged and left out on the way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a triple was read: the file, and the named graph in it (empty for the default graph)."""

    source: str
    graph: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its path, the sha256 of its bytes, and how many statements it holds."""

    path: str
    sha256: str
    statements: int


@dataclass(frozen=True, slots=True)
class Report:
    """What became of everything that was read.

    Attributes:
        statements: Statements read, triples between nodes and literals together.
        triples: Triples kept.
        literals: Literals kept.
        merged: Statements that repeat another one; the first stays, with its origin.
        left_out: Reason and number of each kind of thing that was not kept.
    """

    statements: int
    triples: int
    literals: int
    merged: int
    left_out: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        parts = [
            f"{self.triples:,} triples",
            f"{self.literals:,} literals",
            f"{self.merged:,} repeated statements merged",
        ]
        return ", ".join(parts + [f"{count:,} left out: {reason}" for reason, count in self.left_out])
