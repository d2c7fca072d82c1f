from __future__ import annotations

import pytest

from ragmtl.errors import ConfigError
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nodes": -1}, "nodes of 0 or more"),
        ({"min_score": 2.0}, "min_score between 0 and 1"),
        ({"damping": 1.0}, "damping"),
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RetrievalSettings(**wrong)  # type: ignore[arg-type]


def test_an_unknown_walk_is_refused() -> None:
    with pytest.raises((ConfigError, TypeError), match="k-hop"):  # TypeError where types are checked at run time
        RetrievalSettings(walk="random")  # type: ignore[arg-type]


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_weights_are_finite_and_not_negative(weight: float) -> None:
    with pytest.raises(ConfigError, match="weight of dense"):
        SourceWeights(dense=weight)


def test_hubs_are_passed_or_not() -> None:
    assert RetrievalSettings().hubs == "pass"
    with pytest.raises((ConfigError, TypeError), match="hubs"):  # TypeError where types are checked at run time
        RetrievalSettings(hubs="maybe")  # type: ignore[arg-type]
