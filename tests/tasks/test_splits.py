from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import ConfigError, DataError
from ragmtl.tasks.splits import Fractions, read_split, share_out

GENERATOR = np.random.default_rng(0)
GROUPS = [f"g{n}" for n in GENERATOR.integers(0, 300, 1000)]
LABELS = [[f"c{n}"] for n in GENERATOR.choice(4, 1000, p=[0.6, 0.3, 0.08, 0.02])]


def test_no_group_is_divided() -> None:
    splits = share_out(GROUPS, LABELS, Fractions())
    assert max(Counter(group for group, _ in set(zip(GROUPS, splits, strict=True))).values()) == 1


def test_the_fractions_are_kept_over_all_and_within_each_class() -> None:
    alone = [str(n) for n in range(1000)]
    splits = share_out(alone, LABELS, Fractions(0.7, 0.1, 0.2))
    assert Counter(splits) == {"train": 700, "valid": 100, "test": 200}
    for label in ("c0", "c1", "c2"):
        mine = [split for split, found in zip(splits, LABELS, strict=True) if found == [label]]
        assert mine.count("test") / len(mine) == pytest.approx(0.2, abs=0.02)


def test_train_sees_every_label_first() -> None:
    labels = [[f"c{n // 2}"] for n in range(40)]
    splits = share_out([str(n) for n in range(40)], labels, Fractions(0.4, 0.3, 0.3))
    seen = {found[0] for split, found in zip(splits, labels, strict=True) if split == "train"}
    assert seen == {f"c{n}" for n in range(20)}


def test_seeds_differ_and_repeat() -> None:
    assert share_out(GROUPS, LABELS, Fractions(seed=1)) == share_out(GROUPS, LABELS, Fractions(seed=1))
    assert share_out(GROUPS, LABELS, Fractions(seed=1)) != share_out(GROUPS, LABELS, Fractions(seed=2))


def test_a_fraction_of_zero_stays_empty() -> None:
    assert "test" not in share_out(GROUPS, LABELS, Fractions(0.9, 0.1, 0.0))


def test_fractions_must_add_up() -> None:
    with pytest.raises(ConfigError, match="add up to 1"):
        Fractions(0.7, 0.1, 0.1)


@pytest.mark.parametrize(("cell", "split"), [("train", "train"), (" Validation ", "valid"), ("DEV", "valid")])
def test_splits_have_other_names_too(cell: str, split: str) -> None:
    assert read_split(cell, Path("rows.csv"), 2) == split


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(DataError, match=r"rows\.csv:7: expected a split \(train, valid or test\), found 'tset'"):
        read_split("tset", Path("rows.csv"), 7)
