"""Entity linking: names with a typing error, and names of several entities.

*Typing errors*: in the entity of each validation question of pathquestion, one letter of one word is left out, doubled
by another, changed, or swapped with the next. *Names of several*: Wikipedia leads of films whose title several entities
bear; right is the film that the lead is given for (nothing was fitted to these).
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable
from pathlib import Path

from benchmarks.result import Row, mean_row
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.files.tables import read_rows
from ragmtl.retrieval.linking.context import mentions_in
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.settings import Linking

TASK = "linking"
WAYS: tuple[Linking, ...] = ("exact", "fuzzy", "full")
LEAD = 500


def rows(data: Path) -> list[Row]:
    """All figures.

    Args:
        data: The folder that holds `pathquestion/` and `movies/`.
    """
    return [*_typing_errors(data / "pathquestion"), *_names_of_several(data / "movies")]


def _typing_errors(folder: Path) -> list[Row]:
    found: list[Row] = []
    for hop in (2, 3):
        graph = read_rdf(folder / f"{hop}h.nt")
        linker, generator = Linker.build(graph), random.Random(0)
        asked = [row.values for row in read_rows(folder / f"{hop}h.questions.jsonl") if row.text("split") == "valid"]
        pairs = [(str(one["question"]), str(one["path"][0][0])) for one in asked]
        broken = [(_misspelt(text, iri, generator), graph.nodes.find(iri)) for text, iri in pairs]
        kept = [(text, node) for text, node in broken if text and node is not None]
        for way in WAYS:
            best = [_best(mentions_in(text, graph, linker, way)) == node for text, node in kept]
            name = f"typing errors, {hop}H"
            found.append(mean_row(("pathquestion", TASK, name, "valid"), way, "right", best, ()))
    return found


def _misspelt(text: str, iri: str, generator: random.Random) -> str:
    """A question with one letter of its entity wrong; empty where no word of its name is long enough."""
    name = iri.rsplit("/", 1)[-1]
    words = name.split("_")
    long = [place for place, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not long:
        return ""
    place = generator.choice(long)
    word, at, other = (
        words[place],
        generator.randrange(1, len(words[place]) - 1),
        generator.choice(string.ascii_lowercase),
    )
    kinds = (word[:at] + word[at + 1 :], word[:at] + other + word[at:], word[:at] + other + word[at + 1 :])
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    words[place] = generator.choice((*kinds, swapped))
    return text.replace(name, " ".join(words))


def _names_of_several(folder: Path) -> list[Row]:
    graph = read_rdf(folder / "kg.nt.gz")
    passages = [
        (row.text("title"), row.text("text"), row.list("entities")) for row in read_rows(folder / "corpus.jsonl")
    ]
    linker = Linker.build(graph, [f"{title} {text}" for title, text, _ in passages])
    given = [(title.split(" (")[0], text, entities[0]) for title, text, entities in passages if title and entities]
    right: dict[Linking, list[bool]] = {way: [] for way in WAYS}
    for title, text, iri in given:
        lead = f"{title}. {text[:LEAD]}"
        bearers = {mention.node for mention in linker.link(lead) if mention.start == 0}
        if len(bearers) < 2 or graph.nodes.find(iri) not in bearers:
            continue
        for way in WAYS:
            first = [mention for mention in _named(graph, lead, linker, way) if mention.start == 0]
            right[way].append(_best(first) == graph.nodes.find(iri))
    name = "names of several films"
    return [mean_row(("movies", TASK, name, "all"), way, "right", best, ()) for way, best in right.items()]


def _named(graph: KnowledgeGraph, text: str, linker: Linker, way: Linking) -> list[Mention]:
    """What is named itself, without what triples lead to."""
    return [mention for mention in mentions_in(text, graph, linker, way) if "by a triple" not in mention.how]


def _best(mentions: Iterable[Mention]) -> int | None:
    return max(mentions, key=lambda mention: mention.weight, default=Mention(0, 0, -1, 0.0)).node
