"""Names of nodes as hashed sequences of words: the dictionary behind the entity linker.

A name of n words has the hash h = (… (w₁ · M + w₂) · M + …) + wₙ mod 2⁶⁴, so that all stretches of a text are hashed at
once, and a name is found by binary search in one sorted, memory-mapped array.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int16, Int32, Int64, UInt64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.files.arrays import load_arrays, save_arrays
from ragmtl.retrieval.linking.tokens import STOP_WORDS, hash_of, hashes, is_letter, words_of

LONGEST = 16
"""Names of more words are not looked for."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MOST_NODES = 8
_NEVER_COMMON, _SHORT = 3, 3
_QUALIFIER = re.compile(r"(?<=\S)\s*\([^()]*\)\s*$")
_ARTICLES = frozenset({"the", "a", "an"})
_WITHOUT_QUALIFIER, _WITHOUT_ARTICLE = 0.9, 0.6
_YEAR = re.compile(r"\b(1\d{3}|20\d{2})\b")


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """All names of a graph, sorted by hash.

    Attributes:
        keys: Hash of each name.
        lengths: How many words it has.
        common: Whether it is one or two words, all of them stop words or of one or two letters or digits, or one
            letter of a script without spaces.
        capital: Whether its first letter is a capital one.
        title: Whether it is also of two words or more, one of them a stop word: such names are titles.
        indptr: Its nodes are the entries `indptr[name]` to `indptr[name + 1]`.
        nodes: Node of each entry.
        shares: How much of the name belongs to the node, in (0, 1]; sums to 1 or less over the nodes of a name.
        years: A year that is told of the node, 0 where there is none: tells films of one name apart.
        first_keys: Hashes of words that begin a name of two words or more, sorted.
        first_lengths: The length of the longest such name.
    """

    keys: UInt64[np.ndarray, " names"]
    lengths: Int16[np.ndarray, " names"]
    common: Bool[np.ndarray, " names"]
    capital: Bool[np.ndarray, " names"]
    title: Bool[np.ndarray, " names"]
    indptr: Int64[np.ndarray, " pointers"]
    nodes: Int32[np.ndarray, " entries"]
    shares: Float32[np.ndarray, " entries"]
    years: Int16[np.ndarray, " entries"]
    first_keys: UInt64[np.ndarray, " firsts"]
    first_lengths: Int16[np.ndarray, " firsts"]

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Names:
        """Collect the names of all nodes: labels, alternative ones, and these without "(film)" or "the"."""
        table = _Table()
        degrees = np.diff(graph.outgoing.indptr) + np.diff(graph.incoming.indptr)
        for node, weight in enumerate(((1.0 + degrees) ** 0.5).tolist()):
            best: dict[tuple[str, ...], tuple[float, bool]] = {}
            for words, factor, capital in _forms(graph.names(node)):
                if best.get(words, (0.0, False))[0] < factor:
                    best[words] = factor, capital
            for words, (factor, capital) in best.items():
                table.add(words, node, factor * weight, factor, capital)
        return table.names(_years(graph))

    def find(self, keys: UInt64[np.ndarray, " keys"]) -> Int64[np.ndarray, " keys"]:
        """The name of each hash, -1 where there is none."""
        return _find(self.keys, keys)

    def longest(self, keys: UInt64[np.ndarray, " words"]) -> Int64[np.ndarray, " words"]:
        """For each word, the length of the longest name that begins with it; 1 where there is none of two or more."""
        places = _find(self.first_keys, keys)
        known = np.flatnonzero(places >= 0)
        lengths = np.ones(len(keys), np.int64)
        lengths[known] = self.first_lengths[places[known]]
        return lengths

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, {field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, directory: Path) -> Names:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: An array is missing or truncated.
        """
        return cls(**load_arrays(directory, [field.name for field in fields(cls)]))


def unqualified(name: str) -> str:
    """A name without what stands behind it in brackets.

    >>> unqualified("Heat (1995 film)")
    'Heat'
    """
    return _QUALIFIER.sub("", name)


def extend(
    prefix: UInt64[np.ndarray, " place"], words: UInt64[np.ndarray, "*form place"]
) -> UInt64[np.ndarray, "*form place"]:
    """The hashes of sequences that are one word longer."""
    longer: UInt64[np.ndarray, "*form place"] = prefix * _FACTOR + words
    return longer


class _Table:
    """Names while they are collected."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, ...], int] = {}
        self._capital: list[bool] = []
        self._entries: list[tuple[int, int, float, float]] = []

    def add(self, words: tuple[str, ...], node: int, weight: float, factor: float, capital: bool) -> None:
        row = self._rows.setdefault(words, len(self._rows))
        if row == len(self._capital):
            self._capital.append(capital)
        self._capital[row] &= capital
        self._entries.append((row, node, weight, factor))

    def names(self, years: Int16[np.ndarray, " nodes"]) -> Names:
        keys = np.array([_key(words) for words in self._rows], np.uint64)
        order = np.argsort(keys)
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        indptr, nodes, shares = _share(self._entries, ranks)
        words = list(self._rows)
        firsts = _firsts(words)
        return Names(
            keys=keys[order],
            lengths=np.array([len(words[row]) for row in order], np.int16),
            common=np.array([_is_common(words[row]) for row in order], np.bool_),
            capital=np.array(self._capital, np.bool_)[order],
            title=np.array([self._capital[row] and _is_title(words[row]) for row in order], np.bool_),
            indptr=indptr,
            nodes=nodes,
            shares=shares,
            years=years[nodes],
            first_keys=np.array(list(firsts), np.uint64),
            first_lengths=np.array(list(firsts.values()), np.int16),
        )


def _forms(names: Iterable[str]) -> Iterator[tuple[tuple[str, ...], float, bool]]:
    """Each name as words, and in forms that leave something out; how good the form is; whether it has a capital."""
    for name in names:
        bare = unqualified(name)
        for form, factor in ((name, 1.0), (bare, _WITHOUT_QUALIFIER)) if bare != name else ((name, 1.0),):
            words = tuple(words_of(form))
            capital = form[:1].isupper()
            if 0 < len(words) <= LONGEST:
                yield words, factor, capital
            if 2 < len(words) <= LONGEST + 1 and words[0] in _ARTICLES:
                yield words[1:], factor * _WITHOUT_ARTICLE, capital


def _share(
    entries: list[tuple[int, int, float, float]], ranks: Int64[np.ndarray, " names"]
) -> tuple[Int64[np.ndarray, " pointers"], Int32[np.ndarray, " entries"], Float32[np.ndarray, " entries"]]:
    """Divide each name among its nodes: at most 8, in proportion to weight, times how good the form is."""
    table = np.array(entries, np.float64).reshape(-1, 4)
    rows, nodes, weights = ranks[table[:, 0].astype(np.int64)], table[:, 1].astype(np.int32), table[:, 2]
    order = np.lexsort((nodes, -weights, rows))
    rows, nodes, weights, factors = rows[order], nodes[order], weights[order], table[order, 3]
    sizes = np.bincount(rows, minlength=len(ranks))
    places = np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[rows]
    kept = places < _MOST_NODES
    rows, nodes, weights, factors = rows[kept], nodes[kept], weights[kept], factors[kept]
    sums = np.bincount(rows, weights, minlength=len(ranks))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(ranks))))).astype(np.int64)
    return indptr, nodes, (factors * weights / sums[rows]).astype(np.float32)


def _firsts(names: Iterable[tuple[str, ...]]) -> dict[int, int]:
    """The longest name of two words or more by the hash of its first word, sorted by hash."""
    longest: dict[str, int] = {}
    for words in names:
        if len(words) > 1:
            longest[words[0]] = max(longest.get(words[0], 0), len(words))
    keys = hashes(list(longest))[0].tolist()
    return dict(sorted(zip(keys, longest.values(), strict=True)))


def _key(words: tuple[str, ...]) -> int:
    """The same as `extend`, in Python's integers."""
    total = 0
    for word in words:
        total = (total * int(_FACTOR) + hash_of(word)) % 2**64
    return total


def _is_common(words: tuple[str, ...]) -> bool:
    if len(words) >= _NEVER_COMMON or (len(words) > 1 and is_letter(words[0])):
        return False
    return all(word in STOP_WORDS or len(word) < _SHORT for word in words)


def _is_title(words: tuple[str, ...]) -> bool:
    return len(words) > 1 and not STOP_WORDS.isdisjoint(words)


def _years(graph: KnowledgeGraph) -> Int16[np.ndarray, " nodes"]:
    """The year that the label tells in its qualifier, else that of a literal which is a year or a date."""
    years = np.zeros(len(graph.nodes), np.int16)
    literals = graph.literals
    dated = np.array(
        [name.endswith(("#gYear", "#date", "#gYearMonth", "#dateTime")) for name in literals.datatype_names]
    )
    spoken = np.array(["year" in name.lower() or "date" in name.lower() for name in graph.relation_names])
    for row in np.flatnonzero(dated[literals.datatypes] | spoken[literals.relation_ids])[::-1].tolist():
        years[literals.nodes[row]] = _year(literals.texts[row]) or years[literals.nodes[row]]
    for node, label in enumerate(graph.labels):
        if qualifier := _QUALIFIER.search(label):
            years[node] = _year(qualifier[0]) or years[node]
    return years


def _year(text: str) -> int:
    found = _YEAR.search(text)
    return int(found[0]) if found else 0


def _find(table: UInt64[np.ndarray, " keys"], wanted: UInt64[np.ndarray, " wanted"]) -> Int64[np.ndarray, " wanted"]:
    if not len(table):
        return np.full(len(wanted), -1, np.int64)
    places = np.searchsorted(table, wanted)
    places[places == len(table)] = 0
    return np.where(table[places] == wanted, places, -1)
