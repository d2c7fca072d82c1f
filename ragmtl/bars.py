"""Progress bars: one for each piece of long work, on a terminal only; elsewhere nothing is printed."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ragmtl.commands.speaking import speaks


class Bars:
    """Named bars. `bars("reading")` gives a function that takes (done, total)."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description:32}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, disable=not (console.is_terminal and speaks()))
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, name: str) -> Bar:
        """The bar of this name."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, note="")
        return Bar(self._progress, self._tasks[name])


class Bar:
    """One bar; called with (done, total), and with a note to show beside it."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show how far it is."""
        self._progress.update(self._task, completed=done, total=total)
        if note:
            self._progress.update(self._task, note=note)
