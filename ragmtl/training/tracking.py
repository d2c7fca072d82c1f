"""Watching a training: a progress bar, and TensorBoard event files."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

from ragmtl.retrieval.progress import Progress
from ragmtl.training.epochs import Epoch


class Tracker:
    """Reports each step to a progress bar, and each epoch to TensorBoard.

    Args:
        folder: Where the event files go.
        progress: The bar.
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._progress = progress
        self._writer = SummaryWriter(str(folder))

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def __call__(self, done: int, total: int, epoch: Epoch | None) -> None:
        """Called after each step."""
        self._progress(done, total)
        if epoch is None:
            return
        for kind, values in (("loss", epoch.loss), ("valid", epoch.metrics), ("conflict", epoch.conflict)):
            for task, value in values.items():
                self._writer.add_scalar(f"{kind}/{task}", value, epoch.step)
        self._writer.add_scalar("valid/aggregate", epoch.aggregate, epoch.step)
