from __future__ import annotations

import time

import pytest

from ragmtl.inspector.layout import BOX, positions

STAR = [(0, leaf) for leaf in range(1, 12)]
PARTS = [(i, i + 2) for i in range(30)] + [(40, 41)]


@pytest.mark.parametrize(
    ("nodes", "pairs"), [(12, STAR), (44, PARTS), (3, []), (2, [(0, 1), (1, 0), (1, 1)]), (20, STAR[:3])]
)
def test_no_two_labels_collide(nodes: int, pairs: list[tuple[int, int]]) -> None:
    places = positions(nodes, pairs)
    assert len(places) == nodes
    across, down = BOX - 3  # pixels are rounded, and the last push may leave a little
    for i, (x, y) in enumerate(places):
        assert all(abs(x - u) >= across or abs(y - v) >= down for u, v in places[:i])


def test_layout_is_the_same_each_time_and_whatever_the_order() -> None:
    assert positions(44, PARTS) == positions(44, PARTS[::-1])
    spokes = [(0, leaf) for leaf in range(1, 200)]
    assert positions(200, spokes) == positions(200, spokes)


def test_nothing_to_draw() -> None:
    assert positions(0, []) == []


def test_layout_is_quick() -> None:
    start = time.perf_counter()
    positions(64, [(i % 7, i) for i in range(7, 64)] + [(i, i + 1) for i in range(63)])
    assert time.perf_counter() - start < 5
