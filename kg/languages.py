"""Which language is read first: the preferred ones in their order, then text without a language, then any other."""

from __future__ import annotations

from collections.abc import Sequence

PER_LANGUAGE = 4
"""Ranks that each preferred language takes."""
_NONE = ("", "mul", "und", "zxx")  # tags that say: several, unknown, none


def language_rank(language: str, preferred: Sequence[str]) -> int:
    """How good a language is, 0 is best.

    For each preferred one: itself, its regions, what it is a region of, and other regions of that (for "de-at":
    "de-at", "de-at-1996", "de", "de-ch"); then no language; then all others.

    >>> [language_rank(tag, ["de-AT", "en"]) for tag in ("de-at", "de", "de-ch", "en", "en-gb", "", "fr")]
    [0, 2, 3, 4, 5, 8, 9]
    """
    ranks = (PER_LANGUAGE * place + near for place, tag in enumerate(preferred) if (near := _near(language, tag)) >= 0)
    return min(ranks, default=PER_LANGUAGE * len(preferred) + (language not in _NONE))


def is_readable(language: str, preferred: Sequence[str]) -> bool:
    """Whether a text is in one of the preferred languages, or in none."""
    return language in _NONE or language_rank(language, preferred) < PER_LANGUAGE * len(preferred)


def _near(language: str, preferred: str) -> int:
    found, wanted = language.lower(), preferred.lower()
    if found == wanted:
        return 0
    if found.startswith(wanted + "-"):
        return 1
    if wanted.startswith(found + "-"):
        return 2
    return 3 if found.split("-")[0] == wanted.split("-")[0] else -1
