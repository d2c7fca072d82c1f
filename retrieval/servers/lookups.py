"""What to look up in a graph that is elsewhere: every stretch of a text that may be a name, as it may be written there.

A server finds names that are equal, letter by letter. So each stretch is asked for as it stands, in lower case, with a
capital at its beginning or at each word, and with its last word in the other number.

>>> names_in("Peppers")
['Peppers', 'peppers', 'pepper', 'Pepper']
"""

from __future__ import annotations

from collections.abc import Iterator

from ragmtl.retrieval.linking.tokens import STOP_WORDS, other_numbers, tokenise

LONGEST = 6
"""Names of more words are not looked up."""
MOST_WORDS = 96
"""Of a longer text, its beginning and its end are looked up, half of so many words each."""

_SHORT, _LONGEST_NAME = 3, 120


def names_in(text: str) -> list[str]:
    """What the names in a text may be, each once, the shortest stretches first."""
    tokens = tokenise(text)
    count, half = len(tokens.words), MOST_WORDS // 2
    places = range(count) if count <= MOST_WORDS else [*range(half), *range(count - half, count)]
    found: dict[str, None] = {}
    for length in range(1, LONGEST + 1):
        for first in places:
            last = first + length - 1
            if last >= count or not set(range(first, last + 1)) <= set(places):
                continue
            stretch = " ".join(text[tokens.starts[first] : tokens.ends[last]].split())
            if len(stretch) <= _LONGEST_NAME and _may_be_name(stretch, tokens.words[first : last + 1]):
                found |= dict.fromkeys(_written(stretch))
    return list(found)


def is_cut(text: str) -> bool:
    """Whether only a part of a text is looked up."""
    return len(tokenise(text).words) > MOST_WORDS


def _may_be_name(stretch: str, words: list[str]) -> bool:
    """One or two common words are a name only in capitals."""
    common = len(words) < _SHORT and all(word in STOP_WORDS or len(word) < _SHORT for word in words)
    return not common or all(part[:1].isupper() for part in stretch.split())


def _written(stretch: str) -> Iterator[str]:
    """A stretch as it may be written in the graph."""
    owner = stretch[:-2] if stretch.endswith(("'s", "’s")) else ""
    for form in (stretch, owner):
        if form:
            yield from _in_other_case(form)
    before, gap, last = stretch.rpartition(" ")
    for other in other_numbers(last.casefold()):
        if other:
            yield from _in_other_case(before + gap + other)


def _in_other_case(form: str) -> Iterator[str]:
    lower = form.lower()
    yield form
    yield lower
    yield lower[:1].upper() + lower[1:]
    yield " ".join(word[:1].upper() + word[1:] for word in lower.split(" "))
