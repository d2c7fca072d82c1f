"""What commands that read RDF have in common: `--base`, `--on-error`, and what is told of what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ragmtl.config.graph import OnError
    from ragmtl.kg.origins import Report


class Bad(Enum):
    """What a bad statement does."""

    strict = "strict"
    skip = "skip"


Base = Annotated[str | None, typer.Option(help="What relative IRIs are relative to, where a file names no base.")]
BadStatement = Annotated[
    Bad | None, typer.Option("--on-error", help="Whether bad statements end the reading, or are skipped and counted.")
]


def wanted(on_error: Bad | None) -> OnError | None:
    """What was asked for, if anything was."""
    return None if on_error is None else on_error.value


def tell_left_out(report: Report) -> None:
    """Say on the terminal, beside the results, what was read but not kept, and the first places."""
    for line in left_out_lines(report):
        typer.echo(line, err=True)


def left_out_lines(report: Report) -> Iterator[str]:
    """A line for each reason, and one for each example."""
    from ragmtl.inspector.markup import clean

    for reason, count in report.left_out:
        yield f"left out: {count:,} {reason}"
        yield from (f"  {clean(found)}" for why, found in report.examples if why == reason)
