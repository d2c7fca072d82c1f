from __future__ import annotations

import pytest

from ragmtl.kg.languages import is_readable, language_rank


def test_a_region_falls_back_on_its_language_then_on_the_next_then_on_none_then_on_any() -> None:
    tags = ["de-at", "de", "de-ch", "en", "en-gb", "", "fr"]
    ranks = [language_rank(tag, ("de-AT", "en")) for tag in tags]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


def test_a_language_accepts_its_regions_before_the_next_language() -> None:
    assert language_rank("de-ch", ("de", "en")) < language_rank("en", ("de", "en"))


def test_case_never_matters() -> None:
    assert language_rank("DE-at", ("de-AT",)) == 0


@pytest.mark.parametrize("tag", ["", "mul", "und", "zxx"])
def test_no_language_goes_before_any_other(tag: str) -> None:
    assert language_rank("en", ("en",)) < language_rank(tag, ("en",)) < language_rank("fr", ("en",))


def test_a_language_is_not_the_beginning_of_another() -> None:
    assert not is_readable("den", ("de",))
    assert is_readable("de-ch", ("de-AT",))
    assert is_readable("", ("de",))
    assert not is_readable("en", ())
