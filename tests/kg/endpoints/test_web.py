from __future__ import annotations

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.endpoints.web import Client, Manners, shown, split


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://x.org/sparql", "https://x.org/sparql"),
        ("https://me:word@x.org:8443/sparql?key=1#a", "https://x.org:8443/sparql"),
        ("http://a%40b:c@x.org/", "http://x.org/"),
    ],
)
def test_addresses_are_shown_without_credentials(url: str, seen: str) -> None:
    assert shown(url) == seen
    assert Client(url).shown == seen


def test_an_address_that_is_none_is_not_shown_whole() -> None:
    with pytest.raises(DataError) as error:
        split("ftp://me:word@x.org/?key=word")
    assert "word" not in str(error.value)
    with pytest.raises(DataError) as error:
        split("http://me:word@[x/")
    assert "word" not in str(error.value)


def test_a_client_needs_an_attempt() -> None:
    with pytest.raises(DataError, match="expected at least one attempt"):
        Client("http://127.0.0.1:1/", manners=Manners(attempts=0)).ask("")
