"""What tasks that mark stretches of a text read of its words, computed when a batch is made (`Assembly.signals`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from ragmtl.assembly import ItemSignals
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.tagging.words import WIDE, WordReader
from ragmtl.tasks.base import Example, Task
from ragmtl.tasks.spans import LINKED, PLACES, linked_words


def word_signals(tasks: Sequence[Task], encoder: str, device: str = "cpu") -> dict[str, ItemSignals]:
    """By task that marks stretches: the vectors of words, and where evidence says that the linker found a name.

    Args:
        tasks: Those of a source, or of all.
        encoder: Name of the text encoder that reads words.
        device: Where it runs.
    """
    reader = WordReader(encoder, device)

    def scores(
        examples: Sequence[Example], evidence: Sequence[Evidence | None]
    ) -> Float32[np.ndarray, "example word wide"]:
        words = [found[:PLACES] for found in reader([example.query.text for example in examples])]
        table = np.zeros((len(words), max([1, *map(len, words)]), WIDE + LINKED), np.float32)
        for row, (example, found) in enumerate(zip(examples, evidence, strict=True)):
            table[row, : len(words[row]), :WIDE] = words[row]
            named = [(one.start, one.end, one.weight) for one in (found.mentions if found else ())]
            table[row, : len(words[row]), WIDE:] = linked_words(example.query.text, named, PLACES)
        return table

    def context(examples: Sequence[Example]) -> Float32[np.ndarray, "example 0"]:
        return np.zeros((len(examples), 0), np.float32)

    return {task.name: ItemSignals(scores, context) for task in tasks if task.head == "spans"}
