"""What was not kept while files were read: how often for each reason, and the first examples with their places.

3 lines that are no statement, such as films.nt:17: column 30: expected a full stop after the statement …
"""

from __future__ import annotations

import threading
from collections import Counter

EXAMPLES = 3
"""How many examples of each reason are kept."""

_LONGEST = 400

Example = tuple[int, str]
"""A line (0 where it is not known), and what stands there, with its file."""


class LeftOut:
    """Reasons, how often each one counted, and where; several threads may count at once."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[Example]] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> tuple[Counter[str], dict[str, list[Example]]]:
        """What another process is told."""
        return self._counts, self._examples

    def __setstate__(self, state: tuple[Counter[str], dict[str, list[Example]]]) -> None:
        """Take up what another process told."""
        self._counts, self._examples = state
        self._lock = threading.Lock()

    def count(self, reason: str) -> int:
        """How often a reason counted."""
        return self._counts[reason]

    def add(self, reason: str, count: int = 1, example: Example | None = None) -> None:
        """Count something that is not kept.

        Args:
            reason: Why, in words that follow a number.
            count: How often.
            example: Where, and what; those of the first lines are kept, in whatever order they come.
        """
        if not count:
            return
        with self._lock:
            self._counts[reason] += count
            if example is not None:
                line, found = example
                known = [*self._examples.get(reason, []), (line, found[:_LONGEST])]
                self._examples[reason] = sorted(known, key=lambda one: one[0])[:EXAMPLES]

    def wants(self, reason: str) -> bool:
        """Whether there are fewer examples of a reason than are kept."""
        return len(self._examples.get(reason, ())) < EXAMPLES

    def update(self, other: LeftOut) -> None:
        """Count also what was left out of another file, after what was left out of those before."""
        for reason, count in other._counts.items():
            self._counts[reason] += count
            self._examples[reason] = [*self._examples.get(reason, []), *other._examples.get(reason, [])][:EXAMPLES]

    def at_least(self, other: LeftOut) -> None:
        """Count no reason less often than another reading of the same file did."""
        for reason, count in other._counts.items():
            if count > self._counts[reason]:
                self._counts[reason], self._examples[reason] = count, list(other._examples.get(reason, []))

    def copy(self) -> LeftOut:
        """The same, to stay as it is."""
        copied = LeftOut()
        copied.update(self)
        return copied

    def clear(self) -> None:
        """Forget all."""
        self._counts.clear()
        self._examples.clear()

    def counts(self) -> tuple[tuple[str, int], ...]:
        """Each reason and how often it counted."""
        return tuple(self._counts.items())

    def examples(self) -> tuple[tuple[str, str], ...]:
        """Reason and example: `("lines that are no statement", "films.nt:17: expected …")`."""
        return tuple((reason, found) for reason, places in self._examples.items() for _, found in places)
