"""What a misspelt name or IRI probably means, for messages: "did you mean …?"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from itertools import islice

MOST_COMPARED = 100_000
"""How many IRIs are looked at; a larger graph is compared in part."""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another, or None where none is alike.

    >>> nearest_name("tittle", ["film", "title"])
    'title'
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), None)


def nearest_iri(iri: str, known: Collection[str]) -> str | None:
    """The IRI whose local name is most like that of another, or None where none is alike.

    >>> nearest_iri("http://y/Cassablanca", ["http://x/Brazil", "http://x/Casablanca"])
    'http://x/Casablanca'
    """
    by_name = {_local(other): other for other in islice(known, MOST_COMPARED)}
    near = difflib.get_close_matches(_local(iri), by_name, n=1, cutoff=0.8)
    return by_name[near[0]] if near else None


def iri_hint(iri: str, known: Collection[str], otherwise: str) -> str:
    """The nearest IRI as the end of a message about one that is unknown; else what to do `otherwise`."""
    near = nearest_iri(iri, known)
    return f"did you mean {near!r}?" if near else otherwise


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]
