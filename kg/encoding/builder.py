"""Collects the statements of files as numbers: what every way of reading feeds, and what graphs are built of.

Statements come one at a time as texts (`triple`, `value`), or many at once as lines of N-Quads (`encode`, `add`). Each
part of a file has a key, so that several collections, filled by several threads, come together in the order of the
files.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64, UInt8

from ragmtl.errors import DataError
from ragmtl.kg.encoding.intern import Interned
from ragmtl.kg.encoding.memory import PADDING
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal
from ragmtl.kg.origins import Source
from ragmtl.kg.parsing.lines import Settings, Tables, scan
from ragmtl.kg.terms import Strings, encoded, narrow
from ragmtl.kg.vocabulary import USUAL, Vocabulary

Key = tuple[int, int]
"""Number of a file, and number of a part of it."""

Rows = Int32[np.ndarray, "rows 5"]
"""Head, relation, tail (~ the number of a literal), graph (0 for none) and line of each statement."""

Unsure = Int64[np.ndarray, "unsure 3"]
"""Where each line that the scanner is not sure of begins and ends, and its number."""

Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Head, relation, tail (~ the number of a literal) and origin of each statement."""


class GraphBuilder:
    """Collects statements, in the order in which they are read, and builds a `KnowledgeGraph` of them."""

    def __init__(self) -> None:
        self.nodes, self.relations, self.texts = Interned(), Interned(), Interned()
        self.kinds, self.graphs = Interned(), Interned()
        self.blocks: list[tuple[Key, Columns]] = []
        self.origins: dict[tuple[str, str | int], int] = {}
        self._given = _Given()

    def __len__(self) -> int:
        """How many statements were collected."""
        return len(self._given) + sum(len(columns[0]) for _, columns in self.blocks)

    def origin(self, source: str, graph: str | int = "") -> int:
        """The number of a file and a named graph in it (its name, or its number among `graphs`)."""
        return self.origins.setdefault((source, graph), len(self.origins))

    def triple(self, head: str, relation: str, tail: str, origin: int) -> None:
        """Add a triple between two nodes."""
        given = self._given
        given.rows.extend((given.node(head), given.relation(relation), given.node(tail), origin))

    def literal(self, node: str, relation: str, literal: Literal, origin: int) -> None:
        """Hang a literal on a node."""
        self.value(node, relation, literal.text, literal.datatype, literal.language, origin)

    def value(self, node: str, relation: str, text: str, datatype: str, language: str, origin: int) -> None:
        """Hang a literal, given in parts, on a node."""
        given = self._given
        suffix = f"@{language}" if language else f"^^<{datatype}>" if datatype else ""
        given.rows.extend((given.node(node), given.relation(relation), ~given.text(text, suffix), origin))

    def flush(self, key: Key = (0, 0)) -> None:
        """Turn what was added one at a time into a part of a file.

        Raises:
            DataError: A term holds half of a surrogate pair.
        """
        if len(self._given):
            self.blocks.append((key, self._given.columns(self)))
            self._given = _Given()

    def encode(self, lines: bytes | memoryview, settings: Settings) -> tuple[Rows, Unsure, int]:
        """Number the statements of whole lines of N-Quads, without keeping them.

        Args:
            lines: The lines.
            settings: The mark of blank nodes, whether graphs may be named, and whether the lines are known to be right.

        Returns:
            The statements; the lines that are not sure: where each begins and ends, and its number; how many lines.
        """
        block = np.empty(len(lines) + 1 + PADDING, np.uint8)
        block[0], block[-PADDING:] = 0, 0
        block[1:-PADDING] = np.frombuffer(lines, np.uint8)
        count = int(np.count_nonzero(block == ord("\n"))) + 1
        self._reserve(count, len(lines))
        rows, unsure = np.empty((count, 5), np.int32), np.empty((count, 3), np.int64)
        scratch: UInt8[np.ndarray, " bytes"] = np.empty(len(block), np.uint8)
        start = block.ctypes.data + 1
        tables = Tables(*(table.table for table in self._tables))
        found = scan(start, start + len(lines), tables, rows, unsure, scratch.ctypes.data, settings)
        odd = unsure[: found[1]].copy()
        odd[:, :2] -= start
        return rows[: found[0]], odd, found[2]

    def add(self, key: Key, source: str, rows: Rows) -> None:
        """Keep statements of a part of a file, as `encode` gave them."""
        if not len(rows):
            return
        origins = self._origins(source, rows[:, 3])
        columns = (rows[:, 0].copy(), narrow(rows[:, 1]), rows[:, 2].copy(), origins)
        self.blocks.append((key, columns))

    def mark(self) -> tuple[int, ...]:
        """How much was collected so far, for `undo`."""
        return len(self.blocks), *self._given.mark()

    def undo(self, mark: tuple[int, ...]) -> None:
        """Forget everything since `mark`."""
        del self.blocks[mark[0] :]
        self._given.undo(mark[1:])

    def absorb(self, other: GraphBuilder) -> None:
        """Add what another one has collected; it must not be used any more."""
        nodes, relations, texts = (self._merged(other, name) for name in ("nodes", "relations", "texts"))
        graphs = self.graphs.add_all(other.graphs)
        places = [
            self.origin(source, graph if isinstance(graph, str) else int(graphs[graph]))
            for source, graph in other.origins
        ]
        origins = narrow(np.array(places or [0], np.int64))
        for key, (heads, links, tails, origin) in other.blocks:
            ends = np.where(tails < 0, ~texts[np.where(tails < 0, ~tails, 0)], nodes[np.where(tails < 0, 0, tails)])
            columns = (nodes[heads], narrow(relations[links]), ends.astype(np.int32), origins[origin])
            self.blocks.append((key, columns))

    def release(self) -> None:
        """Give back what is needed to find terms only; no more can be added, but another one can absorb this one."""
        for table in self._tables:
            table.release()

    def build(
        self,
        *,
        languages: Sequence[str] = ("en",),
        vocabulary: Vocabulary = USUAL,
        sources: tuple[Source, ...] = (),
        left_out: tuple[tuple[str, int], ...] = (),
        spend: bool = False,
        threads: int = 1,
    ) -> KnowledgeGraph:
        """The graph of all statements collected.

        Args:
            languages: Preferred languages of labels and descriptions.
            vocabulary: Relations that name, describe and class things.
            sources: The files that were read.
            left_out: What was not kept, and how often.
            spend: Whether the collection may be emptied on the way, which saves memory.
            threads: Whether a second thread may help; the graph is the same.

        Raises:
            DataError: There are none, or a term holds half of a surrogate pair.
        """
        from ragmtl.kg.encoding.encode import build

        if not len(self):
            raise DataError("expected at least one triple, found none; the graph would be empty")
        self.flush()
        return build(self if spend else self._copy(), (tuple(languages), vocabulary), sources, left_out, threads)

    def _origins(self, source: str, graphs: Int32[np.ndarray, " rows"]) -> np.ndarray:
        if not graphs.any():
            return narrow(np.full(len(graphs), self.origin(source)))
        numbers, places = np.unique(graphs, return_inverse=True)
        origins = [self.origin(source, number - 1 if number else "") for number in numbers.tolist()]
        return narrow(np.array(origins)[places])

    def _copy(self) -> GraphBuilder:
        other = GraphBuilder()
        other.nodes, other.relations, other.texts = self.nodes.copy(), self.relations.copy(), self.texts.copy()
        other.kinds, other.graphs = self.kinds.copy(), self.graphs.copy()
        other.blocks, other.origins = list(self.blocks), dict(self.origins)
        return other

    @property
    def _tables(self) -> tuple[Interned, ...]:
        return self.nodes, self.relations, self.texts, self.kinds, self.graphs

    def _reserve(self, lines: int, size: int) -> None:
        self.nodes.reserve(2 * lines, size)
        for table in (self.relations, self.texts, self.kinds, self.graphs):
            table.reserve(lines, size)

    def _merged(self, other: GraphBuilder, name: str) -> Int32[np.ndarray, " terms"]:
        table: Interned = getattr(other, name)
        if name == "texts":
            kinds = self.kinds.add_all(other.kinds)
            table.marks[: len(table)] = kinds[table.marks[: len(table)]]
        numbers = getattr(self, name).add_all(table)
        return numbers if len(numbers) else np.zeros(1, np.int32)


class _Given:
    """Statements that come one at a time, their terms numbered among themselves."""

    def __init__(self) -> None:
        self.rows = array("i")  # head, relation, tail, origin of one statement after the other
        self._nodes: dict[str, int] = {}
        self._relations: dict[str, int] = {}
        self._texts: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self.rows) // 4

    def node(self, name: str) -> int:
        return self._nodes.setdefault(name, len(self._nodes))

    def relation(self, name: str) -> int:
        return self._relations.setdefault(name, len(self._relations))

    def text(self, text: str, suffix: str) -> int:
        return self._texts.setdefault((text, suffix), len(self._texts))

    def mark(self) -> tuple[int, ...]:
        return tuple(len(part) for part in (self.rows, self._nodes, self._relations, self._texts))

    def undo(self, mark: tuple[int, ...]) -> None:
        del self.rows[mark[0] :]
        tables: tuple[dict[Any, int], ...] = (self._nodes, self._relations, self._texts)
        for table, length in zip(tables, mark[1:], strict=True):
            while len(table) > length:
                table.popitem()

    def columns(self, builder: GraphBuilder) -> Columns:
        """The statements, with the numbers that a builder gives to the terms."""
        kinds = {suffix: builder.kinds.add(encoded(suffix)) for suffix in dict.fromkeys(key[1] for key in self._texts)}
        marks = np.array([kinds[suffix] for _, suffix in self._texts], np.int32)
        texts = builder.texts.add_strings(Strings.of(text for text, _ in self._texts), marks)
        nodes, relations = (
            table.add_strings(Strings.of(names), np.zeros(len(names), np.int32))
            for table, names in ((builder.nodes, self._nodes), (builder.relations, self._relations))
        )
        rows: Int32[np.ndarray, "rows 4"] = np.array(self.rows, np.int32).reshape(-1, 4)
        ends = rows[:, 2].copy()
        ends[ends >= 0] = nodes[ends[ends >= 0]]
        ends[rows[:, 2] < 0] = ~texts[~rows[rows[:, 2] < 0, 2]]
        return nodes[rows[:, 0]], narrow(relations[rows[:, 1]]), ends, narrow(rows[:, 3])
