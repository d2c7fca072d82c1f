"""A run that is open for serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmtl.predict import Choices, Predictor
from ragmtl.prediction import Prediction
from ragmtl.retrieval.query import Query
from ragmtl.server.completion import Completion
from ragmtl.showing import show_evidence


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A run, its predictor, and the names of its entities.

    Attributes:
        name: What clients call it.
        folder: Where it was opened; opening it again may find another run there.
        predictor: Answers.
        completion: Finds entities by the beginning of their names.
    """

    name: str
    folder: Path
    predictor: Predictor
    completion: Completion

    @classmethod
    def load(cls, name: str, folder: Path) -> Opened:
        """Open a run and answer one query, so that no client waits for what is compiled and read first.

        Raises:
            MismatchError: The folder holds no run, or one that does not fit its index.
        """
        predictor = Predictor.load(folder)
        predictor(Query(text=predictor.index.graph.label(0)))
        return cls(name, folder, predictor, Completion.of(predictor.index.graph))

    def predict(self, queries: Sequence[Query], choices: Choices) -> list[Prediction]:
        """Answer some queries."""
        return self.predictor.many(queries, choices)

    def retrieve(self, queries: Sequence[Query], choices: Choices) -> list[Prediction]:
        """The evidence for some queries, as no model has read it yet."""
        found = self.predictor.evidence(queries, choices)
        return [show_evidence(one, self.predictor.index) for one in found]
