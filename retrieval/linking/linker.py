"""Entities named in a text: the longest names win, rare and long names weigh more, names of several nodes are shared.

Weight of a mention = (1 - 2⁻ⁿ) · rarity · share, for n words; rarity = log((1 + N) / (1 + df)) / log(1 + N) over
the N texts of the corpus, of which df hold the name. A name of one word weighs half without its capital; a title such
as "A Film" without capitals weighs less, the more often the corpus writes these words so. Misspelt names are found too,
where that is asked, and weigh less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int16, Int64, UInt64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.evidence import AS_WRITTEN, Mention
from ragmtl.retrieval.files.arrays import load_arrays, save_arrays
from ragmtl.retrieval.linking.frequencies import frequencies
from ragmtl.retrieval.linking.names import Names, extend
from ragmtl.retrieval.linking.spelling import SHORTEST, Spelling
from ragmtl.retrieval.linking.tokens import Tokens, hashes, tokenise
from ragmtl.retrieval.linking.written import Written
from ragmtl.retrieval.progress import Progress, no_progress

_YEAR_AFTER = re.compile(r"\s*\((\d{4})\)")
_QUOTES = "\"'“”‘’«»„*_"
_FITS = (1.0, 0.9, 0.9, 0.6)
"""How well a name fits when its last word is as in the text, its singular (two guesses), its plural."""

_WITHOUT_CAPITAL, _COMMON_IN_TITLE_CASE = 0.5, 0.3
_OF_THAT_YEAR, _OF_ANOTHER_YEAR = 0.9, 0.3
_WEAKEST = 0.02
_ARRAYS = ("weights", "plain", "found", "lower")
_SPELLING = "spelling"
_MISSPELT, _CORRECTIONS = (0.5, 0.8), 3
"""How well a misspelt name fits, of one word and of several; how many corrections of a word are tried."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A name found at words `first` to `first + length - 1`.

    `fit` is below 1 where only a plural matches, or a word is misspelt; `meant` holds the words that were corrected.
    """

    name: int
    first: int
    length: int
    fit: float
    meant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Linker:
    """Finds the nodes of a graph that a text names.

    Attributes:
        names: The names of the graph.
        weights: How much a mention of each name weighs, in [0, 1].
        plain: Share of the mentions of each name in the corpus that are written without any capital.
        found: How many texts of the corpus hold each name.
        lower: How many of these hold it only without capitals.
        spelling: Corrects misspelt words; an index of an older version has none.
    """

    names: Names
    weights: Float32[np.ndarray, " names"]
    plain: Float32[np.ndarray, " names"]
    found: Int64[np.ndarray, " names"]
    lower: Int64[np.ndarray, " names"]
    spelling: Spelling | None = None

    @classmethod
    def build(cls, graph: KnowledgeGraph, texts: Sequence[str] = ()) -> Linker:
        """Collect the names of a graph, and count them in texts to know which are common words.

        Args:
            graph: Whose nodes are looked for.
            texts: Those of the corpus; without them every name counts as rare.
        """
        return cls.knowing(graph, Written.of(texts))

    @classmethod
    def knowing(cls, graph: KnowledgeGraph, written: Written) -> Linker:
        """`build` with the words of the texts of the corpus, where these were read already."""
        names = Names.of(graph)
        return cls._weigh(names, *frequencies(names, written), len(written), Spelling.of(graph, written))

    @classmethod
    def _weigh(
        cls,
        names: Names,
        found: Int64[np.ndarray, " names"],
        lower: Int64[np.ndarray, " names"],
        texts: int,
        spelling: Spelling,
    ) -> Linker:
        plain = (lower / (found + 1.0)).astype(np.float32)
        return cls(names, _weights(names.lengths, found, texts), plain, found, lower, spelling)

    def edited(
        self, graph: KnowledgeGraph, gone: Sequence[str], new: Sequence[str], every: Sequence[str], *, same: bool
    ) -> Linker:
        """The same as `build` of another graph and other texts, of which as few are read as that takes.

        Args:
            graph: The other graph, or the same.
            gone: Texts that are no more.
            new: Texts that are new.
            every: All texts that are there then; read for spelling, and searched for names if the graph has new ones.
            same: Whether it is the same graph.
        """
        written = Written.of(every)
        old = self.spelling
        spelling = Spelling.of(graph, written) if old is None else old.edited(graph, written, same=same)
        names = self.names if same else Names.of(graph)
        places = np.arange(len(names)) if same else self.names.find(names.keys)
        if (places < 0).any():
            return self._weigh(names, *frequencies(names, written), len(every), spelling)
        counts = [self.found[places], self.lower[places]]
        for sign, texts in ((-1, gone), (1, new)):
            more = frequencies(names, Written.of(texts))
            counts = [count + sign * one for count, one in zip(counts, more, strict=True)]
        return self._weigh(names, counts[0], counts[1], len(every), spelling)

    def held(self, text: str) -> dict[int, str]:
        """The names that a text may hold, overlapping ones too: row of each, and what stands there."""
        tokens = tokenise(text)
        return {hit.name: text[slice(*_span(hit, tokens))] for hit in _hits(self.names, tokens)}

    def recounted(self, counts: Mapping[int, int], texts: int, read: int | None = None) -> Linker:
        """The same names, counted in other texts.

        Args:
            counts: How many of these hold a name, by its row.
            texts: How many texts there are.
            read: How many of them were read for this linker; where given, other names are taken to be in as large a
                share of all texts.
        """
        found = self.found if read is None else np.round(self.found * (texts / max(read, 1))).astype(np.int64)
        weights = self.weights if read is None else _weights(self.names.lengths, found, texts)
        rows = np.array(list(counts), np.int64)
        found, weights = found.copy(), weights.copy()
        found[rows] = list(counts.values())
        weights[rows] = _weights(self.names.lengths[rows], found[rows], texts)
        return replace(self, weights=weights, found=found)

    def links_like(self, other: Linker) -> bool:
        """Whether another linker of the same names finds the same nodes in every text, if not with the same weight."""
        factors = [fit * year for fit in _FITS for year in (1.0, _OF_ANOTHER_YEAR)]
        return all(np.array_equal(self._too_weak(factor), other._too_weak(factor)) for factor in factors)

    def _too_weak(self, factor: float) -> Bool[np.ndarray, "way names"]:
        """Which names are not linked, by the ways in which they may be written."""
        ways = np.array([[1.0], [_WITHOUT_CAPITAL], [_COMMON_IN_TITLE_CASE]])
        written = np.concatenate((np.broadcast_to(ways, (3, len(self.plain))), 1.0 - self.plain[None]))
        return np.asarray(self.weights * factor * written < _WEAKEST)

    def link(self, text: str, *, fuzzy: bool = False) -> tuple[Mention, ...]:
        """All mentions, in the order of the text; a name of several nodes gives one for each.

        Args:
            text: What may name nodes.
            fuzzy: Whether to find names too of which words are misspelt; only words that neither names nor the corpus
                hold are thought to be.
        """
        tokens = tokenise(text)
        used = np.zeros(len(tokens.words), np.bool_)
        mentions: list[Mention] = []
        hits = _hits(self.names, tokens)
        if fuzzy and self.spelling is not None:
            hits += _misspelt(self.names, self.spelling, tokens)
        for hit in sorted(hits, key=lambda hit: (-hit.length, -hit.fit, hit.first)):
            if used[hit.first : hit.first + hit.length].any():
                continue
            found = self._mentions(hit, text, tokens)
            used[hit.first : hit.first + hit.length] = bool(found)
            mentions.extend(found)
        return tuple(sorted(mentions, key=lambda mention: (mention.start, -mention.weight, mention.node)))

    def link_many(self, texts: Iterable[str], progress: Progress | None = None) -> list[tuple[Mention, ...]]:
        """`link` for many texts."""
        every = list(texts)
        linked = []
        for done, text in enumerate(every, start=1):
            linked.append(self.link(text))
            (progress or no_progress)(done, len(every))
        return linked

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        self.names.save(directory)
        save_arrays(directory, {name: getattr(self, name) for name in _ARRAYS})
        if self.spelling is not None:
            self.spelling.save(directory / _SPELLING)

    @classmethod
    def load(cls, directory: Path) -> Linker:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: An array is missing or truncated.
        """
        spelling = Spelling.load(directory / _SPELLING) if (directory / _SPELLING).is_dir() else None
        return cls(Names.load(directory), **load_arrays(directory, _ARRAYS), spelling=spelling)

    def _mentions(self, hit: _Hit, text: str, tokens: Tokens) -> list[Mention]:
        start, end = _span(hit, tokens)
        entries = slice(int(self.names.indptr[hit.name]), int(self.names.indptr[hit.name + 1]))
        nodes, shares, years = self.names.nodes[entries], self.names.shares[entries], self.names.years[entries]
        weight = float(self.weights[hit.name]) * hit.fit
        year = _YEAR_AFTER.match(text, end)
        same = years == int(year[1]) if year else np.zeros(len(nodes), np.bool_)
        if same.any():
            nodes, shares = nodes[same], shares[same] / shares[same].sum()
            weight = max(weight, _OF_THAT_YEAR)
        else:
            weight *= self._as_written(hit, text, tokens)
            weight *= _OF_ANOTHER_YEAR if year and (years > 0).all() else 1.0
        if weight < _WEAKEST:
            return []
        pairs = zip(nodes.tolist(), shares.tolist(), strict=True)
        how = f"misspelt, meant as '{' '.join(hit.meant)}'" if hit.meant else AS_WRITTEN
        return [Mention(start, end, node, round(weight * share, 6), how) for node, share in pairs]

    def _as_written(self, hit: _Hit, text: str, tokens: Tokens) -> float:
        """How much the way in which a name is written speaks for it, in [0, 1]."""
        start, end = _span(hit, tokens)
        if _is_quoted(text, start, end):
            return 1.0
        if self.names.common[hit.name]:
            capitals = all(text[tokens.starts[place]].isupper() for place in range(hit.first, hit.first + hit.length))
            return _COMMON_IN_TITLE_CASE if capitals and not _begins_sentence(text, start) and end - start > 1 else 0.0
        if not self.names.capital[hit.name] or not text[start:end].islower():
            return 1.0
        if self.names.title[hit.name]:
            return 1.0 - float(self.plain[hit.name])
        return _WITHOUT_CAPITAL if hit.length == 1 else 1.0


def _weights(
    lengths: Int16[np.ndarray, " names"], found: Int64[np.ndarray, " names"], texts: int
) -> Float32[np.ndarray, " names"]:
    """How much a mention of names of so many words weighs, which so many of the texts hold."""
    rarity = np.log((1.0 + texts) / (1.0 + found)) / np.log(1.0 + texts) if texts else np.ones(len(lengths))
    return ((1.0 - 0.5 ** lengths.astype(np.float64)) * np.maximum(rarity, 0.0)).astype(np.float32)


def _hits(names: Names, tokens: Tokens) -> list[_Hit]:
    """Every stretch of words that is a name, overlapping ones too."""
    hits: list[_Hit] = []
    for length, places, keys in _stretches(names, tokens):
        found = names.find(keys.ravel()).reshape(keys.shape)
        forms, columns = (found >= 0).nonzero()
        best: dict[int, int] = {}
        for form, column in zip(forms.tolist(), columns.tolist(), strict=True):
            best.setdefault(column, form)
        hits += [_Hit(int(found[form, at]), int(places[at]), length, _FITS[form]) for at, form in best.items()]
    return hits


def _misspelt(names: Names, spelling: Spelling, tokens: Tokens) -> list[_Hit]:
    """Names of which at least one word is a correction."""
    found: list[_Hit] = []
    for corrected, changed in spelling.corrected(tokens, _CORRECTIONS):
        for hit in _hits(names, corrected):
            words = slice(hit.first, hit.first + hit.length)
            if changed[words].any() and (hit.length > 1 or len(tokens.words[hit.first]) > SHORTEST):
                fit = hit.fit * _MISSPELT[hit.length > 1]
                found.append(_Hit(hit.name, hit.first, hit.length, fit, tuple(corrected.words[words])))
    return found


def _stretches(
    names: Names, tokens: Tokens
) -> Iterator[tuple[int, Int64[np.ndarray, " place"], UInt64[np.ndarray, "form place"]]]:
    """By length: the words at which stretches begin, and their hashes with each form of the last word."""
    forms = hashes(tokens.words, tokens.owners)
    places = np.arange(len(tokens.words))
    yield 1, places, forms
    reach = np.minimum(names.longest(forms[0]), len(tokens.words) - places)
    prefix = forms[0]
    for length in range(2, int(reach.max(initial=0)) + 1):
        going_on = reach[places] >= length
        places, prefix = places[going_on], prefix[going_on]
        last = forms[:, places + length - 1]
        yield length, places, extend(prefix, last)
        prefix = extend(prefix, last[0])


def _span(hit: _Hit, tokens: Tokens) -> tuple[int, int]:
    """Where a name begins and ends in the text."""
    return tokens.starts[hit.first], tokens.ends[hit.first + hit.length - 1]


def _is_quoted(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and text[start - 1] in _QUOTES and text[end] in _QUOTES


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t" + _QUOTES)
    return not before or before[-1] in ".!?:;\n-–—()"
