from __future__ import annotations

import sys

import numpy as np
import pytest

from ragmtl.errors import ConfigError
from ragmtl.kg.looking.drawing import new_figure, positions
from ragmtl.kg.subgraph import Subgraph
from tests.kg.looking.test_notebook import around_hub, star


def test_places_lie_in_the_unit_square_and_stay_the_same() -> None:
    subgraph = around_hub(star(9))
    found = positions(subgraph, 10)
    assert found.shape == (10, 2)
    assert found.min() == 0
    assert found.max() == 1
    assert len(np.unique(found.round(6), axis=0)) == 10
    assert np.array_equal(found, positions(subgraph, 10))


@pytest.mark.parametrize("count", [0, 1])
def test_few_nodes_have_places_too(count: int) -> None:
    found = positions(around_hub(star(1)) if count else Subgraph.empty(), count)
    assert found.tolist() == [[0.5, 0.5]] * count


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r"pip install 'ragmtl\[plot\]'"):
        new_figure(1, 1)
