"""Words of a text with their places, brought into one form: lower case, no accents, no apostrophes; "&" reads "and".

>>> tokens = tokenise("Amélie's café & bar")
>>> tokens.words
['amelies', 'cafe', 'and', 'bar']

Scripts that put no spaces between words (Chinese characters, hiragana, Thai …) are read letter by letter, so that names
are found within a sentence: a name is then a sequence of letters.

>>> tokenise("北京在中国").words
['北', '京', '在', '中', '国']
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from jaxtyping import UInt64

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u3096\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Thai and Lao, Burmese, Khmer, hiragana, Chinese characters."""

_UNSEEN = "\u00ad\u200c\u200d" + "".join(map(chr, range(0xFE00, 0xFE10)))
"""Soft hyphen, joiners and variation selectors: written within words, and not always."""

_MARKS = _UNSEEN + "".join(
    chr(code)
    for code in (*range(0x300, 0x3100), *range(0xA66F, 0xAC00), *range(0xFE20, 0xFE30))
    if unicodedata.category(chr(code)).startswith("M")
)
"""Accents and vowel signs that follow their letter."""

_ACCENTS = frozenset({1, *range(10, 37), *range(200, 241)})
"""Combining classes of accents and of vowel points, which not everybody writes; other marks make another letter."""

_WORD = rf"(?:[^\W_{_SPACELESS}]+[{_MARKS}]*)+"
_TOKEN = re.compile(rf"{_WORD}(?:['’]{_WORD})*|[{_SPACELESS}](?<=\w)[{_MARKS}]*|&")
_LETTER = re.compile(f"[{_SPACELESS}]")
_POSSESSIVE = re.compile(r"(?<=[^\W_])['’]s$", re.IGNORECASE)
_SHORTEST_WITH_PLURAL = 4

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about above after again against all also am an and another any anyone are around as at away back be because been
    before being below best better between big both but by call can come could day did do does doing done down during
    each either else enough even ever every everyone everything few find first for from full further get give go going
    gone good got great had has have having he hello help her here hers herself hey hi him himself his home how i if in
    into is it its itself just keep know last later least less let life like little look lot love made make man many may
    maybe me might mine more most movie much must my myself need never new next no nobody none nor not nothing now of
    off oh ok okay old on once one only open or other others our out over own part people perhaps please put quite
    rather really right said same say see seem sell she should show side since small so some someone something soon
    still such sure take talk tell than thank that the their them then there these they thing things think this those
    though three through time to together too top toward true try two under until up upon us use very want was watch way
    we well went were what when where which while who whole whom whose why will wish with within without woman work
    would yeah year yes yet you your yours
    """,
    )
)
"""English words that are names only where they are clearly written as names."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text, and where each begins and ends in it.

    Attributes:
        owners: Each word without the 's of a possessive; empty for others.
    """

    words: list[str]
    starts: list[int]
    ends: list[int]
    owners: list[str]


def tokenise(text: str) -> Tokens:
    """All words of a text."""
    found = list(_TOKEN.finditer(text))
    owners = [_owner(match[0]) for match in found]
    return Tokens([plain(m[0]) for m in found], [m.start() for m in found], [m.end() for m in found], owners)


def words_of(text: str) -> list[str]:
    """The words of a text as `tokenise` gives them, where their places do not matter.

    >>> words_of("Amélie's café & bar")
    ['amelies', 'cafe', 'and', 'bar']
    """
    return [plain(word) for word in _TOKEN.findall(text)]


def as_written(text: str) -> list[str]:
    """The words of a text with their capitals, accents and apostrophes.

    >>> as_written("Amélie's café & bar")
    ["Amélie's", 'café', '&', 'bar']
    """
    words: list[str] = _TOKEN.findall(text)
    return words


def is_letter(word: str) -> bool:
    """Whether a word is one letter of a script without spaces between words."""
    return _LETTER.match(word) is not None


def hashes(words: list[str], owners: list[str] | None = None) -> UInt64[np.ndarray, "form word"]:
    """Hashes of each word in up to four forms: as it is, two readings as a plural, and its own plural; 0 for none.

    Where a word is a possessive ("Lothair II's"), its owner stands in the place of the first reading as a plural.
    """
    forms = np.array([_hashes(word) for word in words], np.uint64).reshape(-1, 4).T
    for place, owner in enumerate(owners or ()):
        if owner:
            forms[1, place] = _hashes(owner)[0]
    return forms


def other_numbers(word: str) -> tuple[str, str, str]:
    """What a word may be the plural of (two guesses), and its plural; empty where there is none.

    >>> other_numbers("tomatoes"), other_numbers("berries"), other_numbers("glass")
    (('tomatoe', 'tomato', ''), ('berrie', 'berry', ''), ('', '', 'glasses'))
    """
    if len(word) < _SHORTEST_WITH_PLURAL or not word.isalpha():
        return "", "", ""
    if word.endswith("s") and not word.endswith("ss"):
        guess = word[:-3] + "y" if word.endswith("ies") else word[:-2] if word.endswith("es") else ""
        return word[:-1], guess, ""
    if word.endswith("y") and word[-2] not in "aeiou":
        return "", "", word[:-1] + "ies"
    return "", "", word + ("es" if word.endswith(("s", "x", "ch", "sh", "o")) else "s")


def hash_of(word: str) -> int:
    """The hash of a word as it is, in [0, 2⁶⁴)."""
    return _hashes(word)[0]


@lru_cache(maxsize=2**16)
def _hashes(word: str) -> tuple[int, int, int, int]:
    one, two, many = other_numbers(word)
    return _hash(word), _hash(one), _hash(two), _hash(many)


def _hash(word: str) -> int:
    return (
        int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") if word else 0
    )


def _owner(word: str) -> str:
    """The word without the 's of a possessive; empty where it is none."""
    owner = _POSSESSIVE.sub("", word) if "'" in word or "’" in word else word
    return plain(owner) if owner != word else ""


@lru_cache(maxsize=2**16)
def plain(word: str) -> str:
    """A word of a text in the form in which words are compared."""
    if word == "&":
        return "and"
    word = word.casefold().replace("'", "").replace("’", "")
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFKD", word)
    return "".join(c for c in letters if unicodedata.combining(c) not in _ACCENTS and c not in _UNSEEN)
