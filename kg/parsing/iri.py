"""What an absolute IRI (RFC 3987) and a language tag (BCP 47, well-formed) look like.

>>> is_iri("http://x/a"), is_iri("http://x/a b"), is_iri("a"), is_language("de-AT"), is_language("de_AT")
(True, False, False, True, False)
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

_PLANES = "".join(f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 14))
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_CHARS = rf"A-Za-z0-9\-._~!$&'()*+,;=\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef{_PLANES}\U000e1000-\U000efffd"
_ESCAPE = "%[0-9A-Fa-f]{2}"


def _many(more: str) -> str:
    return f"(?:[{_CHARS}{more}]|{_ESCAPE})*+"


_IRI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*+:"
    rf"(?://(?:{_many(':')}@)?(?:\[(?P<address>[^\]]*)\]|{_many('')})(?::[0-9]*+)?(?:/{_many('/:@')})?"
    rf"|(?!//){_many('/:@')})"
    rf"(?:\?{_many('/:@?' + _PRIVATE)})?(?:#{_many('/:@?')})?"
)
_FUTURE_ADDRESS = re.compile(r"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+")
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
    r"|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    r"|sgn-(?:be-fr|be-nl|ch-de)|art-lojban|cel-gaulish|no-(?:bok|nyn)|zh-(?:guoyu|hakka|min|min-nan|xiang)",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(1 << 15)
def is_iri(text: str) -> bool:
    """Whether a text is an absolute IRI."""
    found = _IRI.fullmatch(text)
    if found is None:
        return False
    address = found["address"]
    return address is None or _FUTURE_ADDRESS.fullmatch(address) is not None or _is_ipv6(address)


@lru_cache(1 << 10)
def is_language(text: str) -> bool:
    """Whether a text is a well-formed language tag."""
    return _LANGUAGE.fullmatch(text) is not None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text
