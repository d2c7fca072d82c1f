"""The words of many texts, read once: what search by words, the linker and spelling are all computed from.

    written = Written.of(["Sumac on rice", "Rice"])
    written.forms, written.ids          # ('Sumac', 'on', 'rice', 'Rice'), [0, 1, 2, 3]

Each different word is worked on once, however often it comes: what is computed of a form is spread over the texts by
its number.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64

from ragmtl.retrieval.linking.tokens import as_written, plain


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The words of texts, as they are written there.

    Attributes:
        forms: Every different word, with its capitals and accents, in the order in which it first comes.
        indptr: The words of text `t` are `ids[indptr[t]:indptr[t + 1]]`.
        ids: Form of each word, in the order of the text.
    """

    forms: tuple[str, ...]
    indptr: Int64[np.ndarray, " pointers"]
    ids: Int32[np.ndarray, " words"]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Written:
        """Read texts."""
        numbers = _Numbers()
        ids, ends = array("i"), array("q", [0])
        for text in texts:
            ids.extend(map(numbers.__getitem__, as_written(text)))
            ends.append(len(ids))
        return cls(tuple(numbers), np.array(ends, np.int64), np.array(ids, np.int32))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def words(self) -> list[str]:
        """Each form as `tokenise` gives it: lower case, no accents; forms may share one."""
        return [plain(form) for form in self.forms]

    def owners(self) -> Int64[np.ndarray, " words"]:
        """The text of each word."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def counts(self) -> dict[str, int]:
        """How often each word, as `tokenise` gives it, comes in all texts."""
        every: dict[str, int] = {}
        for word, count in zip(self.words(), np.bincount(self.ids, minlength=len(self.forms)).tolist(), strict=True):
            every[word] = every.get(word, 0) + count
        return every


class _Numbers(dict[str, int]):
    """A number for each word, in the order in which they are asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self)
        return len(self) - 1
