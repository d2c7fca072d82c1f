"""Readable ends of IRIs, and texts cut to a length."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ragmtl.kg.terms import BLANK

UNNAMED = "unnamed node"

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]\b)")
_HASH = re.compile(
    r"(?i)(urn:uuid:)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"  # a UUID
    r"|(?=\D*\d)[0-9a-f]{10,}"  # hexadecimal
    r"|(?=(?:\D*\d){3})[0-9a-z]{18,}"  # letters and digits in one long piece
)
_DIGIT = re.compile(r"\d")
_NUMBERED = re.compile(r"[A-Za-z]\d+|[mg]\.[01][\w ]*")


def local_name(iri: str) -> str:
    """The readable end of an IRI.

    >>> local_name("http://dbpedia.org/resource/Fight_Club"), local_name("http://dbpedia.org/ontology/releaseYear")
    ('Fight Club', 'release Year')
    """
    if iri.startswith(BLANK):
        return UNNAMED
    whole = iri.rstrip("#/")
    end = whole[max(whole.rfind("/"), whole.rfind("#")) + 1 :] or iri
    name = (unquote(end) if "%" in end else end).replace("_", " ").strip()
    return " ".join((name if name.islower() else _CAMEL.sub(" ", name)).split()) or iri


def relation_name(iri: str) -> str:
    """The readable end of the IRI of a relation: "release year"."""
    name = local_name(iri)
    return name if name.isupper() else name.lower()


def is_hash(name: str) -> bool:
    """Whether the end of an IRI tells a reader nothing at all: a UUID or a hash.

    >>> is_hash("0f8fad5b-d9cb-469f-a165-70867728950e"), is_hash("cafe"), is_hash("Q42")
    (True, False, False)
    """
    return _HASH.fullmatch(name) is not None


def is_opaque(name: str) -> bool:
    """Whether the end of an IRI is a number or code rather than words.

    >>> is_opaque("Q42"), is_opaque("oewn-00001740-a"), is_opaque("1917 (film)")
    (True, True, False)
    """
    digits = len(_DIGIT.findall(name))
    if not digits:
        return False
    letters = sum(map(str.isalpha, name))
    return letters < digits or _NUMBERED.fullmatch(name) is not None or is_hash(name)


def one_line(text: str) -> str:
    """The text with every stretch of white space as one space."""
    return " ".join(text.split())


def shorten(text: str, longest: int) -> str:
    """The text on one line, cut between words with "…" where it is too long."""
    line = one_line(text)
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"


def as_noun(kind: str) -> str:
    """The label of a class as it stands within a sentence: "Film" becomes "film", "USA" stays."""
    return kind.lower() if kind.istitle() else kind
