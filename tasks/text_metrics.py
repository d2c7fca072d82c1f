"""How good written texts are, as sums: chrF, BLEU, and how much of what was written is in the evidence.

chrF and BLEU count with `sacrebleu` and have its figures over 100; their sums are kept by example, so that they have
intervals like every other metric. `supported` does not ask what is right, only where it is from: of the content words
that a text adds to its query, the share that the evidence has; `names_supported` is the same for names (words with a
capital, one after the other) and numbers.

Sources: Popović, "chrF: character n-gram F-score for automatic MT evaluation", 2015; Papineni et al., "BLEU", 2002;
Post, "A call for clarity in reporting BLEU scores", 2018.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float64

from ragmtl.tasks.metrics import Statistics, Sums, mean

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

BLEU_ORDER, CHRF_ORDER, CHRF_BETA = 4, 6, 2
SHORTEST_CONTENT = 4
"""Letters of the shortest word that counts as one of content; numbers always do."""

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_ENDS = ".!?:\n"


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was written.

    Attributes:
        text: The text.
        query: The query as it was read.
        evidence: The pieces of evidence that were read.
    """

    text: str
    query: str = ""
    evidence: tuple[str, ...] = ()

    def support(self) -> Support:
        """Which of its words and names are in the evidence."""
        query, known = set(_words(self.query)), set(_words(" ".join(self.evidence)))
        words = [word for word in dict.fromkeys(_words(self.text)) if _has_content(word) and word not in query]
        line = _line(" ".join(self.evidence))
        names = [name for name in names_in(self.text) if f" {_line(name)} " not in f" {_line(self.query)} "]
        return Support(
            tuple(word for word in words if word in known),
            tuple(word for word in words if word not in known),
            tuple(name for name in names if f" {_line(name)} " in f" {line} "),
            tuple(name for name in names if f" {_line(name)} " not in f" {line} "),
        )


@dataclass(frozen=True, slots=True)
class Support:
    """Words and names of a text that are not in its query: those that are in the evidence, and those that are not."""

    words: tuple[str, ...]
    other_words: tuple[str, ...]
    names: tuple[str, ...]
    other_names: tuple[str, ...]


NOTHING = Support((), (), (), ())


def names_in(text: str) -> list[str]:
    """Names and numbers in a text, each once: words with a capital, one after the other, but not a lone first word.

    >>> names_in("It was made in 1999 by David Fincher. Brad Pitt is in it.")
    ['1999', 'David Fincher', 'Brad Pitt']
    """
    runs: list[tuple[int, str]] = []
    end = -1  # of a name that may go on
    for match in _WORD.finditer(text):
        start, word = match.start(), match[0]
        if word[0].isupper() and start == end + 1 and text[end] == " ":
            runs[-1] = (runs[-1][0], f"{runs[-1][1]} {word}")
        elif word[0].isupper() or word[0].isdigit():
            runs.append((start, word))
        end = match.end() if word[0].isupper() else -1
    return list(dict.fromkeys(name for start, name in runs if not _only_begins(text[:start].rstrip(), name)))


def _only_begins(before: str, name: str) -> bool:
    """Whether a word may have its capital because a sentence begins with it."""
    return " " not in name and not name[0].isdigit() and (not before or before[-1] in _ENDS)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _line(text: str) -> str:
    return " ".join(_words(text))


def _has_content(word: str) -> bool:
    return len(word) >= SHORTEST_CONTENT or any(map(str.isdigit, word))


def chrf(texts: Sequence[str], right: Sequence[str], counted: Bool[np.ndarray, " example"]) -> Statistics:
    """The character n-gram F-score, in [0, 1].

    >>> chrf(["a film"], ["a film"], np.array([True])).value
    1.0
    """
    from sacrebleu.metrics.chrf import CHRF

    return Statistics(_counted(CHRF(), texts, right, counted, 3 * CHRF_ORDER), _chrf)


def _chrf(sums: Sums) -> Float64[np.ndarray, " sample"]:
    parts = sums.reshape(*sums.shape[:-1], CHRF_ORDER, 3)
    written, wanted, hits = np.moveaxis(parts, -1, 0)
    usable = (written > 0) & (wanted > 0)
    orders = np.maximum(usable.sum(-1), 1)
    precision, recall = (
        np.divide(hits, below, out=np.zeros_like(hits), where=usable).sum(-1) / orders for below in (written, wanted)
    )
    below = CHRF_BETA**2 * precision + recall
    above = (1 + CHRF_BETA**2) * precision * recall
    score = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return np.asarray(np.where(wanted.sum(-1) > 0, score, np.nan))


def bleu(texts: Sequence[str], right: Sequence[str], counted: Bool[np.ndarray, " example"]) -> Statistics:
    """BLEU of all examples together (13a tokens, exponential smoothing), in [0, 1]."""
    from sacrebleu.metrics.bleu import BLEU

    return Statistics(_counted(BLEU(force=True), texts, right, counted, 2 + 2 * BLEU_ORDER), _bleu)


def _bleu(sums: Sums) -> Float64[np.ndarray, " sample"]:
    flat = sums.reshape(-1, sums.shape[-1])
    return np.array([_bleu_of(row) for row in flat.tolist()]).reshape(sums.shape[:-1])


def _bleu_of(row: Sequence[float]) -> float:
    """BLEU of [length, right length, hits of each order, n-grams of each order]."""
    length, wanted, hits, grams = row[0], row[1], row[2 : 2 + BLEU_ORDER], row[2 + BLEU_ORDER :]
    if not wanted:
        return math.nan
    if not any(hits) or not all(grams):
        return 0.0
    logs, halved = 0.0, 1.0
    for hit, gram in zip(hits, grams, strict=True):
        halved *= 1.0 if hit else 2.0
        logs += math.log(hit / gram if hit else 1 / (halved * gram))
    return math.exp(min(0.0, 1 - wanted / length) + logs / BLEU_ORDER)


def _counted(
    metric: CHRF | BLEU, texts: Sequence[str], right: Sequence[str], counted: Bool[np.ndarray, " example"], width: int
) -> Float64[np.ndarray, "example statistic"]:
    """What each text adds to the sums of a metric of `sacrebleu`."""
    rows = np.zeros((len(texts), width))
    chosen = np.flatnonzero(counted).tolist()
    if chosen:
        found = metric._extract_corpus_statistics([texts[at] for at in chosen], [[right[at] for at in chosen]])
        rows[chosen] = np.asarray(found, np.float64)
    return rows


def supported(written: Sequence[Written], counted: Bool[np.ndarray, " example"]) -> dict[str, Statistics]:
    """`supported` and `names_supported`: shares of all words, and of all names, together."""
    found = [one.support() if count else NOTHING for one, count in zip(written, counted, strict=True)]
    words = [(len(one.words), len(one.words) + len(one.other_words)) for one in found]
    names = [(len(one.names), len(one.names) + len(one.other_names)) for one in found]
    return {"supported": _share(words), "names_supported": _share(names)}


def _share(pairs: Sequence[tuple[int, int]]) -> Statistics:
    rows = np.array(pairs, np.float64).reshape(-1, 2)
    return Statistics(rows, mean(rows[:, 0], rows[:, 0] >= 0).figure)
