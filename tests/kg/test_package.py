from __future__ import annotations

import pytest

import ragmtl.kg


def test_every_public_name_can_be_imported() -> None:
    for name in ragmtl.kg.__all__:
        assert getattr(ragmtl.kg, name).__name__ == name


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ragmtl.kg.nothing  # noqa: B018
