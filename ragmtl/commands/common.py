"""What commands share: the arguments that many take, and how they speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragmtl.commands.speaking import print_result

if TYPE_CHECKING:
    from rich.console import Console

    from ragmtl.bars import Bars
    from ragmtl.config import Config
    from ragmtl.prediction import Prediction
    from ragmtl.retrieval.index import Index
    from ragmtl.retrieval.query import Query


class SplitName(Enum):
    """Splits that can be measured."""

    valid = "valid"
    test = "test"


ConfigPath = Annotated[Path, typer.Argument(help="Configuration file (TOML).", show_default=False)]
RunPath = Annotated[Path, typer.Argument(help="Folder of a trained run.", show_default=False)]
QueryText = Annotated[str, typer.Argument(help="A text, or the IRI of an entity of the graph.", show_default=False)]
IndexPath = Annotated[Path | None, typer.Option("--index", help="Folder of the index.")]
Epochs = Annotated[int | None, typer.Option(help="Most epochs, instead of what the configuration says.", min=1)]


def refuse(given: dict[str, Path | None], needs: str) -> None:
    """Refuse options that would be passed over in silence."""
    for option, value in given.items():
        if value is not None:
            raise typer.BadParameter(f"expected {option} together with {needs} only")


def settings_of(config: Path, epochs: int | None, seed: int | None) -> Config:
    """The configuration, with what the command line says in its place."""
    from ragmtl.config import read_config

    settings = read_config(config)
    training = settings.training.model_copy(update={} if epochs is None else {"epochs": epochs})
    return settings.model_copy(update={"training": training} | ({} if seed is None else {"seed": seed}))


def place_of(settings: Config, what: str) -> Path:
    """Where something of a configuration is, unless told otherwise."""
    return Path("runs") / settings.name / what


def index_of(settings: Config, folder: Path | None) -> Index:
    """Open the index of a configuration; it must be of the files that are there now."""
    from ragmtl.build import open_index

    return open_index(settings, folder or place_of(settings, "index"))


def query_of(index: Index, asked: str) -> Query:
    """What was asked: a text, or the IRI of an entity."""
    from ragmtl.predict import as_query

    return as_query(asked, index.graph)


def print_as(prediction: Prediction, as_json: bool, show: Callable[[Console, Prediction], None]) -> None:
    """Print a prediction, as JSON or for people."""
    if as_json:
        print_result(prediction.to_dict(), as_json)
    else:
        show(console(), prediction)


def console() -> Console:
    """The terminal."""
    from rich.console import Console

    return Console()


@contextmanager
def bars() -> Iterator[Bars]:
    """Progress bars, as long as something is done."""
    from ragmtl.bars import Bars

    with Bars() as bars:
        yield bars
