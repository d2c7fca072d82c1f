"""How few labels are learned from, and how a start for that is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SIZES = (8, 16, 32, 64, 128, 256)
Method = Literal["maml", "reptile"]


@dataclass(frozen=True, slots=True)
class FewSettings:
    """Learning from few labels; the same for every arm.

    Attributes:
        batch_size: Most examples of a step.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        stops: After how many steps the model is asked on validation; the best of these is kept.
    """

    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    stops: tuple[int, ...] = (10, 20, 40, 80, 160)


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """Learning a start over many small tasks.

    Attributes:
        rounds: Steps of the start.
        episodes: Small tasks for each of them.
        steps: Steps from the start on the labels of a small task.
        support: Fewest and most labels of a small task.
        asked: Examples that MAML asks the adapted model.
        answers: Most answers of a small task.
        learning_rate: Of the steps on a small task.
        pace: Of the start: AdamW's learning rate (MAML), or the share of the way to what was adapted (Reptile). It
            falls to zero in a straight line.
        checkpoint_every: Rounds between checkpoints.
    """

    rounds: int = 100
    episodes: int = 4
    steps: int = 8
    support: tuple[int, int] = (8, 64)
    asked: int = 32
    answers: int = 5
    learning_rate: float = 2e-3
    pace: float = 1e-3
    checkpoint_every: int = 20

    @classmethod
    def of(cls, method: Method, rounds: int) -> MetaSettings:
        """The usual ones."""
        return cls(rounds=rounds, pace=1e-3 if method == "maml" else 0.5)
