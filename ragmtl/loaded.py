"""What was read of a table: its examples, and what a ranking needs beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmtl.tasks.base import Source
from ragmtl.tasks.link import Links
from ragmtl.tasks.recommendation.interactions import Interactions
from ragmtl.tasks.recommendation.signals import Signals


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A source, and the collaborative signals of the rankings in it.

    Attributes:
        source: Examples and tasks.
        signals: By ranking task.
        seen: By ranking task, which items are the answer of a training example.
        links: By task that predicts links, the relation.
        logs: By task that is learned from a log, the log.
    """

    source: Source
    signals: Mapping[str, Signals] = field(default_factory=dict)
    seen: Mapping[str, Sequence[bool]] = field(default_factory=dict)
    links: Mapping[str, Links] = field(default_factory=dict)
    logs: Mapping[str, Interactions] = field(default_factory=dict)
