"""How commands speak: one JSON document or lines on standard output; on standard error what is no result."""

from __future__ import annotations

import json
import math
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def tell(line: str) -> None:
    """Say something that is no result."""
    if speaks():
        typer.echo(line, err=True)


def speaks() -> bool:
    """Whether this is the process that speaks: the first, where a launcher started several."""
    return os.environ.get("RANK", "0") == "0"


def print_result(facts: object, as_json: bool, *lines: str) -> None:
    """Print what a command did.

    Args:
        facts: What JSON shows; see `plain`.
        as_json: Whether JSON was asked for.
        lines: What people read.
    """
    if not speaks():
        return
    for line in (json.dumps(plain(facts), indent=1, ensure_ascii=False),) if as_json else lines:
        typer.echo(line)


def plain(facts: object) -> object:
    """Facts as JSON has them: dataclasses become objects, paths text, and figures that are not finite null.

    >>> plain({"out": Path("runs/tea"), "metrics": (0.5, float("nan"))})
    {'out': 'runs/tea', 'metrics': [0.5, None]}
    """
    match facts:
        case float():
            return facts if math.isfinite(facts) else None
        case Path():
            return str(facts)
        case Mapping():
            return {str(key): plain(value) for key, value in facts.items()}
        case list() | tuple():
            return [plain(value) for value in facts]
        case _ if is_dataclass(facts) and not isinstance(facts, type):
            return {field.name: plain(getattr(facts, field.name)) for field in fields(facts)}
    return facts


def next_step(*words: str | Path, as_json: bool = False) -> None:
    """Name the command that usually comes next: to people only, which is on a terminal."""
    if sys.stderr.isatty() and not as_json:
        tell(f"next: {shlex.join(map(str, words))}")


def given(option: str, value: Path | None) -> tuple[str, ...]:
    """An option and its value, as words of a command; no words where it was not given."""
    return () if value is None else (option, str(value))
