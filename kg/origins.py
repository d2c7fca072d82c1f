"""Where the triples of a graph come from, and what was read, merged and left out on the way."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import SupportsIndex

import numpy as np
from jaxtyping import Int64, Integer

from ragmtl.kg.terms import frozen

INFERRED = "inferred: "
"""What the sources of inferred statements begin with: "inferred: subclass"."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a triple was read: the file, and the named graph in it (empty for the default graph)."""

    source: str
    graph: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """The origins, beyond the first one, of statements that several origins state.

    Attributes:
        rows: Row of the statement, ascending; a row comes once for each further origin.
        origin_ids: The further origin, ascending within a row.
    """

    rows: Integer[np.ndarray, " further"]
    origin_ids: Integer[np.ndarray, " further"]

    @classmethod
    def none(cls) -> Further:
        """No statement has more than one origin."""
        return cls(frozen(np.zeros(0, np.int32)), frozen(np.zeros(0, np.int32)))

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, row: SupportsIndex) -> list[int]:
        """The further origins of one statement."""
        start, end = np.searchsorted(self.rows, [index(row), index(row) + 1])
        return [int(origin) for origin in self.origin_ids[start:end]]


def stated(
    origin_ids: Integer[np.ndarray, " rows"], further: Further
) -> tuple[Int64[np.ndarray, " statements"], Int64[np.ndarray, " statements"]]:
    """Every pair of a statement and an origin that states it: rows, ascending, and origins, the first one first.

    >>> stated(np.array([2, 0]), Further(np.array([0]), np.array([5])))
    (array([0, 0, 1]), array([2, 5, 0]))
    """
    rows = np.concatenate((np.arange(len(origin_ids)), further.rows))
    order = np.argsort(rows, kind="stable")
    return rows[order], np.concatenate((origin_ids, further.origin_ids))[order].astype(np.int64)


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
        merged: Statements that repeat another one; all their origins are kept.
        left_out: Reason and number of each kind of thing that was not kept.
        inferred: Each rule of inference that was asked for, and how many statements it added; of "same_as", how many
            entities it merged into others.
        examples: Reason and example of what was not kept, with its file and line: of each reason the first ones.
    """

    statements: int
    triples: int
    literals: int
    merged: int
    left_out: tuple[tuple[str, int], ...] = ()
    inferred: tuple[tuple[str, int], ...] = ()
    examples: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [
            f"{self.triples:,} triples",
            f"{self.literals:,} literals",
            f"{self.merged:,} repeated statements merged",
        ]
        parts += [f"{count:,} inferred: {rule}" for rule, count in self.inferred]
        return ", ".join(parts + [f"{count:,} left out: {reason}" for reason, count in self.left_out])
