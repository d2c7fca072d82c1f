"""The command `ragmtl learn`: learn for retrieval from questions, and say whether it helped."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.speaking import AsJson, print_result


class What(Enum):
    """What can be learned."""

    triples = "triples"
    fusion = "fusion"
    two_tower = "two-tower"
    encoder = "encoder"
    reranker = "reranker"
    tagger = "tagger"


def learn(  # noqa: PLR0913
    folder: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of an index.", show_default=False)],
    questions: Annotated[
        Path, typer.Argument(help="Questions with what should be found for them (JSONL).", show_default=False)
    ],
    what: Annotated[What, typer.Option(help="What to learn.")] = What.triples,
    config: Annotated[Path | None, typer.Option(help="Configuration whose [retrieval] counts.")] = None,
    start: Annotated[str, typer.Option(help="Model to start from. [default: that of the index]")] = "",
    lora: Annotated[bool, typer.Option("--lora", help="Fine-tune low-rank additions only.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of a learned model. [default: beside the index]")] = None,
    epochs: Annotated[int | None, typer.Option(help="Most passes over the questions.", min=1)] = None,
    hops: Annotated[int, typer.Option(help="Most steps from an entity to an answer.", min=1, max=6)] = 3,
    seed: Annotated[int, typer.Option(help="Seed of training.", min=0)] = 0,
    anyway: Annotated[bool, typer.Option("--anyway", help="Keep what was learned even if it did not help.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from questions what retrieval can learn, measure it on validation questions, and keep it if it helped."""
    from ragmtl.bars import Bars
    from ragmtl.tag import learn_tagger
    from ragmtl.teach import prepare, teach

    refuse_what_does_not_count(what, start=start, lora=lora, out=out)
    if what is What.tagger:
        with Bars() as bar:
            learned = learn_tagger(folder, questions, bar, seed=seed, epochs=epochs, anyway=anyway)
        print_result(learned.stated(), as_json, str(learned))
        return
    with Bars() as bar:
        lesson = replace(
            prepare(folder, questions, config, bar),
            start=start, out=out, lora=lora, epochs=epochs, hops=hops, seed=seed,
        )  # fmt: skip
        verdict = teach(what.value, lesson, anyway=anyway)
    print_result(verdict.stated(), as_json, str(verdict))


def refuse_what_does_not_count(what: What, *, start: str, lora: bool, out: Path | None) -> None:
    """Refuse options that would be passed over in silence."""
    models = {What.two_tower, What.encoder, What.reranker}
    for option, given, kinds in (
        ("--start", bool(start), models - {What.two_tower}),
        ("--lora", lora, {What.encoder}),
        ("--out", out is not None, models),
    ):
        if given and what not in kinds:
            names = " or ".join(sorted(kind.value for kind in kinds))
            raise typer.BadParameter(f"expected {option} together with --what {names} only")
