"""The first sentence of a film's Wikipedia lead, from DBpedia triples about the film.

Targets are sentences that people wrote: they say things that the graph does not know, and leave out much that it does.
Leads of the data are cut; a lead without a whole first sentence is left out. A film never retrieves its own lead. Films
have the split of `genre`, and every arm reads the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generation.settings import settings_for
from benchmarks.movies import prepare
from ragmtl.config import Config

_SENTENCE = re.compile(r".{40,}?[a-z0-9)]\.(?= [A-Z])", re.DOTALL)
"""A sentence ends at a full stop after a word or a number, before a capital: not at that of an initial."""

LONGEST = 260


def prepared(data: Path, work: Path) -> Config:
    """Write graph, passages and the table of sentences into a folder, and give its configuration."""
    source = data / "movies"
    work.mkdir(parents=True, exist_ok=True)
    (work / "kg.nt.gz").write_bytes((source / "kg.nt.gz").read_bytes())
    prepare.write_lines(work / "corpus.jsonl", prepare.corpus(source))
    prepare.write_lines(work / "sentences.jsonl", sentences(source))
    return _config(work)


def sentences(source: Path) -> Iterator[dict[str, object]]:
    """Rows of film, title, sentence, split, and the passage that must not be retrieved."""
    split = {str(film["film"]): film["split"] for film in prepare.genres(source)}
    seen = set()
    for passage in prepare.read_lines(source / "corpus.jsonl"):
        film = passage["entities"][0] if passage["entities"] else ""
        sentence = _SENTENCE.match(" ".join(passage["text"].split()))
        known = passage["id"].startswith("wp-") and film in split and film not in seen
        if known and sentence and len(sentence[0]) <= LONGEST:
            seen.add(film)
            title = passage["title"]
            yield {"film": film, "title": title, "sentence": sentence[0], "split": split[film], "own": passage["id"]}


def _config(work: Path) -> Config:
    task = {"name": "lead", "text": "title", "entity": "film", "exclude": "own"}
    sizes = {"reads": 192, "longest": 128, "vocabulary": 1500}
    return settings_for(work, "movies", ("kg.nt.gz", "corpus.jsonl"), 24, task | sizes)
