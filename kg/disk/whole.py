"""Whether the arrays of a saved graph belong together: of the right length, with numbers that lead nowhere else.

What was damaged on disk, or comes from another graph, must not reach the compiled loops, which look at memory by these
numbers without asking. One pass over each array, some milliseconds for a million triples; `verify` finds the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ragmtl.errors import MismatchError

Arrays = Mapping[str, np.ndarray]

_TEXTS = ("nodes", "relations", "texts", "aliases")
_INCOMING = tuple(f"incoming.{name}" for name in ("neighbours", "relations", "triples"))
_TRIPLES = ("heads", "relation_ids", "tails", "origin_ids", *_INCOMING)
_LITERALS = tuple(f"literals.{name}" for name in ("relation_ids", "datatypes", "languages", "origin_ids"))


def check_whole(arrays: Arrays, counts: Mapping[str, int], directory: Path) -> None:
    """See that arrays are those of one graph.

    Args:
        arrays: All arrays of a saved graph, by name.
        counts: How many `origins`, `datatypes` and `languages` the manifest names.
        directory: Where they are from.

    Raises:
        MismatchError: One is of another kind or length than the others ask for, or leads outside of them.
    """
    for name, array in arrays.items():
        if array.dtype.kind not in "iu" or name.endswith(".blob") and array.dtype != np.uint8:
            raise _error(directory, name, f"found numbers of the type {array.dtype}")
    sizes = _sizes(arrays, counts)
    for name, length in _lengths(sizes).items():
        if len(arrays[name]) != length:
            raise _error(directory, name, f"found {len(arrays[name])} numbers in it instead of {length}")
    for name, last in _pointers(sizes).items():
        array = arrays[name]
        if not len(array) or array[0] != 0 or array[-1] != last or (array[1:] < array[:-1]).any():
            raise _error(directory, name, f"found row pointers that do not lead from 0 to {last}")
    for name, end in _ends(sizes).items():
        array, least = arrays[name], -1 if name == "labels.rows" else 0
        if len(array) and (array.min() < least or array.max() >= end):
            raise _error(directory, name, f"found numbers beyond {end}")


def _sizes(arrays: Arrays, counts: Mapping[str, int]) -> dict[str, int]:
    """How many there are of everything that numbers speak of."""
    sizes = {name: len(arrays[f"{name}.offsets"]) - 1 for name in _TEXTS} | dict(counts)
    rows = ("heads", "further.rows", "literals.further.rows", *(f"{name}.blob" for name in _TEXTS))
    return sizes | {name: len(arrays[name]) for name in rows}


def _lengths(sizes: Mapping[str, int]) -> dict[str, int]:
    """How long arrays must be."""
    pointers = ("outgoing.indptr", "incoming.indptr", "literals.indptr")
    lengths = dict.fromkeys(_TRIPLES, sizes["heads"]) | dict.fromkeys(_LITERALS, sizes["texts"])
    lengths |= dict.fromkeys(pointers, sizes["nodes"] + 1)
    lengths |= {f"{of}further.origin_ids": sizes[f"{of}further.rows"] for of in ("", "literals.")}
    return lengths | {"labels.rows": sizes["nodes"], "aliases.ids": sizes["aliases"]}


def _pointers(sizes: Mapping[str, int]) -> dict[str, int]:
    """What row pointers must end with."""
    rows = {"outgoing.indptr": sizes["heads"], "incoming.indptr": sizes["heads"], "literals.indptr": sizes["texts"]}
    return rows | {f"{name}.offsets": sizes[f"{name}.blob"] for name in _TEXTS}


def _ends(sizes: Mapping[str, int]) -> dict[str, int]:
    """What numbers must be below."""
    ends = dict.fromkeys(("heads", "tails", "incoming.neighbours", "aliases.ids"), sizes["nodes"])
    ends |= dict.fromkeys(("relation_ids", "incoming.relations", "literals.relation_ids"), sizes["relations"])
    ends |= dict.fromkeys(("incoming.triples", "further.rows"), sizes["heads"])
    ends |= dict.fromkeys(("literals.further.rows", "labels.rows"), sizes["texts"])
    kinds = ("", "further.", "literals.", "literals.further.")
    ends |= dict.fromkeys((f"{kind}origin_ids" for kind in kinds), sizes["origins"])
    return ends | {"literals.datatypes": sizes["datatypes"], "literals.languages": sizes["languages"]}


def _error(directory: Path, name: str, found: str) -> MismatchError:
    place = directory / f"{name}.npy"
    return MismatchError(f"{place}: expected the arrays of one graph, {found} (damaged?); build it again")
