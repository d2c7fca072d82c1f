"""The command `ragmtl learn`: train the scorer that chooses triples for questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def learn(
    folder: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of an index.", show_default=False)],
    questions: Annotated[Path, typer.Argument(help="Questions with answers or triples (JSONL).", show_default=False)],
    hops: Annotated[int, typer.Option(help="Most steps from an entity to an answer.", min=1, max=6)] = 3,
    seed: Annotated[int, typer.Option(help="Seed of training.", min=0)] = 0,
) -> None:
    """Learn from questions which triples answer them, for `walk = "learned"`."""
    from ragmtl.bars import Bars
    from ragmtl.retrieval.index import Index
    from ragmtl.retrieval.routes.learning import learn_triples, read_examples
    from ragmtl.retrieval.routes.scorer import learned_folder
    from ragmtl.retrieval.routes.training import RouteTraining

    opened = Index.load(folder)
    train, valid = read_examples(questions, opened)
    with Bars() as bar:
        training, watch = RouteTraining(seed=seed), bar("learning routes")
        scorer, report = learn_triples(
            opened.graph, opened.linker, train, valid, training, longest=hops, progress=watch
        )
    scorer.save(learned_folder(opened.directory))
    typer.echo(str(report))
    typer.echo(f"wrote {learned_folder(opened.directory)}")
