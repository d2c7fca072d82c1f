"""One file on its way into a graph: what every lane hands its statements to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ragmtl.kg.encode import GraphBuilder

Progress = Callable[[str, int], None]
"""Called with a file and how many of its statements were read, now and then and at the end of the file."""

Value = tuple[str, str, str]
"""A literal: text, datatype, language."""

_STEP = 20_000


class Reading:
    """One file being read: gives its blank nodes names of their own, and hands its statements on."""

    def __init__(
        self, builder: GraphBuilder, path: Path, number: int, left_out: Counter[str], progress: Progress | None
    ) -> None:
        self.path = path
        self.count = 0
        self.left_out = left_out
        self._builder = builder
        self._number = number
        self._progress = progress
        self._blank: dict[str, str] = {}
        self._origins: dict[str, int] = {}

    def blank(self, name: str) -> str:
        """The name, in the whole graph, of a blank node of this file."""
        return self._blank.setdefault(name, f"_:f{self._number}b{len(self._blank)}")

    def statement(self, head: str, relation: str, tail: str | Value, graph: str = "") -> None:
        """Add one statement."""
        origin = self._origins.get(graph)
        if origin is None:
            origin = self._origins[graph] = self._builder.origin(str(self.path), graph)
        if isinstance(tail, str):
            self._builder.triple(head, relation, tail, origin)
        else:
            self._builder.value(head, relation, *tail, origin)
        self.count += 1
        if self._progress is not None and self.count % _STEP == 0:
            self._progress(str(self.path), self.count)

    def finish(self) -> None:
        """Report the last count."""
        if self._progress is not None:
            self._progress(str(self.path), self.count)
