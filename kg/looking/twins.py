"""IRIs that differ in %-escapes, or in http and https, only: most often one thing under two names.

Each IRI is read as if escapes were resolved and https were http; two with the same hash are compared letter by letter.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import numpy as np

from ragmtl.kg.compiled import compiled
from ragmtl.kg.graph import KnowledgeGraph


def twins(graph: KnowledgeGraph) -> list[tuple[int, ...]]:
    """Groups of nodes whose IRIs mean the same, in the order of their ids."""
    strings = graph.nodes.strings
    hashes = _hashes(strings.blob, strings.offsets)
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    groups: dict[bytes, dict[int, None]] = {}
    for place in same.tolist():
        for node in sorted((int(order[place]), int(order[place + 1]))):
            groups.setdefault(_plain(strings.encoded(node)), {})[node] = None
    return sorted(tuple(sorted(nodes)) for nodes in groups.values() if len(nodes) > 1)


def _plain(iri: bytes) -> bytes:
    plain = unquote_to_bytes(iri)
    return b"http" + plain[5:] if plain.startswith(b"https:") else plain


@compiled
def _digit(letter: int) -> int:
    """The value of a hexadecimal digit; -1 for other letters."""
    if 48 <= letter <= 57:
        return letter - 48
    lower = letter | 32
    return lower - 87 if 97 <= lower <= 102 else -1


@compiled
def _hashes(blob: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """FNV-1a of each text as `_plain` has it."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for text in range(len(hashes)):
        found, place, end, letters = np.uint64(14695981039346656037), offsets[text], offsets[text + 1], 0
        secure = end - place > 6 and blob[place] == 104 and blob[place + 4] == 115 and blob[place + 5] == 58  # h, s, :
        while place < end:
            letter, step = np.int64(blob[place]), 1
            if letter == 37 and place + 2 < end:
                high, low = _digit(np.int64(blob[place + 1])), _digit(np.int64(blob[place + 2]))
                if high >= 0 and low >= 0:
                    letter, step = 16 * high + low, 3
            if not (secure and letters == 4):
                found = (found ^ np.uint64(letter)) * np.uint64(1099511628211)
            letters += 1
            place += step
        hashes[text] = found
    return hashes
