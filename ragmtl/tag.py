"""`ragmtl learn --what tagger`: learn which words of a text are names, and say whether the linker gets better by it.

    print(learn_tagger(Path("runs/index"), Path("texts.jsonl"), unwatched))

Rows have a `text` and what is known of its names: `spans` ([[start, end], …]), or `entities` (IRIs of those that it
speaks of); where a row has neither, the linker's surest mentions are taken for its names. What is measured is how
well the linker finds the names, or the entities, of validation texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from ragmtl.build import Watch
from ragmtl.errors import DataError
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.files.tables import Row, read_rows
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.tagging.tagger import Tagger, TaggerTraining, Text, known_text, tagger_folder, train_tagger
from ragmtl.retrieval.tagging.words import WordReader
from ragmtl.tasks.bootstrap import Interval, paired_bootstrap
from ragmtl.tasks.cells import cell_spans
from ragmtl.tasks.metrics import Statistics, micro_f1_of

USE = 'linking = "tagged" under [retrieval]'
_HELD_OUT = 10
_Wanted = frozenset[object]


@dataclass(frozen=True, slots=True)
class Taught:
    """A text of the table: what is learned from it, and the nodes or places that should be found; None: unknown."""

    text: Text
    wanted: _Wanted | None


@dataclass(frozen=True, slots=True)
class TagVerdict:
    """What came of learning.

    Attributes:
        texts: How many texts were learned from.
        measured: How many texts it was measured with.
        before: F1 of the linker alone.
        change: What the tagger adds to it; None where nothing could tell.
        threshold: How sure a name must be.
        kept: Whether it was kept.
        place: Where.
    """

    texts: int
    measured: int
    before: float
    change: Interval | None
    threshold: float
    kept: bool
    place: Path

    def __str__(self) -> str:
        lines = [f"learned: from {self.texts:,} texts; names are those that are at least {self.threshold:.0%} sure"]
        if self.change is None:
            lines.append("not measured: no validation text says what it names; give `spans` or `entities`")
        else:
            gain = self.change
            lines.append(
                f"f1 of {self.measured:,} validation texts: {self.before:.3f} before, {self.before + gain.value:.3f} "
                f"after: {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
            )
        if self.kept:
            return "\n".join([*lines, f"wrote {self.place}", f"to use it: {USE}"])
        return "\n".join([*lines, "it was not kept; `--anyway` keeps what was learned"])

    def stated(self) -> dict[str, object]:
        """What JSON shows."""
        return {
            "what": "tagger",
            "texts": self.texts,
            "questions": self.measured,
            "before": self.before,
            "difference": self.change,
            "threshold": self.threshold,
            "kept": self.kept,
            "place": self.place,
            "use": USE if self.kept else None,
        }


def learn_tagger(
    folder: Path, table: Path, watch: Watch, *, seed: int = 0, epochs: int | None = None, anyway: bool = False
) -> TagVerdict:
    """Learn a tagger from a table of texts, measure it, and keep it beside the index if it helped.

    Args:
        folder: Of the index.
        table: The texts; rows with `valid` in the column `split` validate, those with `test` are not looked at.
        watch: Gives progress bars.
        seed: Of training.
        epochs: The most passes.
        anyway: Whether to keep it even if it did not help.

    Raises:
        DataError: The table cannot be used, or there is nothing to learn from.
    """
    index = Index.load(folder)
    train, valid = _parts(table, index)
    training = TaggerTraining(seed=seed) if epochs is None else TaggerTraining(seed=seed, epochs=epochs)
    reader, progress = WordReader(index.encoder.name), watch("learning to tag")
    tagger = train_tagger(reader, [one.text for one in train], [one.text for one in valid], training, progress)
    judged = [one for one in valid if one.wanted is not None]
    before, after = (_measured(judged, way) for way in (None, tagger))
    change = paired_bootstrap([after], [before], [str(at) for at in range(len(judged))]) if judged else None
    kept, place = anyway or change is None or change.value > 0, tagger_folder(index.directory)
    if kept:
        tagger.save(place)
    return TagVerdict(len(train), len(judged), before.value, change, tagger.threshold, kept, place)


def _measured(texts: Sequence[Taught], tagger: Tagger | None) -> Statistics:
    """F1 of what the linker finds, alone or with a tagger."""
    counts = np.zeros((len(texts), 3))
    for row, one in enumerate(texts):
        mentions = one.text.found if tagger is None else tagger(one.text.text, one.text.found)
        wanted = one.wanted or frozenset()
        found = _found(mentions, of_places=any(isinstance(some, tuple) for some in wanted))
        counts[row] = len(found & wanted), len(found), len(wanted)
    return micro_f1_of(*counts.T)


def _found(mentions: Sequence[Mention], *, of_places: bool) -> _Wanted:
    return frozenset((one.start, one.end) for one in mentions) if of_places else frozenset(one.node for one in mentions)


def _parts(table: Path, index: Index) -> tuple[list[Taught], list[Taught]]:
    """Texts to learn from, and to validate with: a tenth, by their text, where the table does not say."""
    rows = [row for row in read_rows(table) if row.text("split") not in ("test",)]
    given = any(row.text("split") == "valid" for row in rows)
    parts: tuple[list[Taught], list[Taught]] = [], []
    for row in rows:
        text = row.values.get("text")
        if not isinstance(text, str) or not text.strip():
            raise row.error("expected a text in 'text', found none; fill it in, or leave out the row")
        held = row.text("split") == "valid" if given else crc32(text.encode("utf-8", "replace")) % _HELD_OUT == 0
        parts[held].append(_taught(row, text.strip(), index))
    if not parts[0]:
        raise DataError("expected texts to learn from, found none beside those to validate with", table)
    return parts


def _taught(row: Row, text: str, index: Index) -> Taught:
    found = index.linker.link(text, fuzzy=True)
    spans = cell_spans(row, "spans", "text")
    if spans is not None:
        places = frozenset((one.start, one.end) for one in spans.spans)
        return Taught(known_text(text, found, spans=spans.spans), places)
    if "entities" not in row.values or row.values["entities"] is None:
        return Taught(known_text(text, found), None)
    nodes = frozenset(node for iri in row.list("entities") if (node := index.graph.nodes.find(iri)) is not None)
    return Taught(known_text(text, found, nodes=nodes), nodes)
