"""Train, valid and test: as a column says, or shared out by fractions.

Shared out, no group is divided, every class keeps its share, and a label is always seen in train first: groups are
sorted by their rarest label (in a random order within it) and each goes to the split that lacks most of its share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ragmtl.errors import ConfigError, DataError

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
ALIASES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Fractions:
    """How to share examples out; the fractions add up to 1."""

    train: float = 0.7
    valid: float = 0.1
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        shares = (self.train, self.valid, self.test)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise ConfigError(f"expected three fractions for train, valid and test that add up to 1, found {shares}")


def read_split(value: object, path: Path, line: int) -> Split:
    """The split that a cell names.

    Raises:
        DataError: It names none.
    """
    split = ALIASES.get(str(value).strip().lower())
    if split is None:
        raise DataError(f"expected a split (train, valid or test), found {value!r}", path, line)
    return split


def share_out(groups: Sequence[str], labels: Sequence[Sequence[str]], fractions: Fractions) -> list[Split]:
    """Share examples out.

    Args:
        groups: The group of each example.
        labels: The labels of each example that every split should have its share of.
        fractions: The shares and the seed.

    >>> share_out(["a", "a", "b", "c"], [["x"], ["x"], ["x"], ["x"]], Fractions(0.5, 0.25, 0.25, seed=1))
    ['train', 'train', 'valid', 'test']
    """
    members: dict[str, list[int]] = {}
    for at, group in enumerate(groups):
        members.setdefault(group, []).append(at)
    found = [sorted({label for at in rows for label in labels[at]}) for rows in members.values()]
    sizes = [len(rows) for rows in members.values()]
    placed = _place(sizes, found, fractions)
    by_group = dict(zip(members, placed, strict=True))
    return [by_group[group] for group in groups]


def _place(sizes: Sequence[int], labels: Sequence[Sequence[str]], fractions: Fractions) -> list[Split]:
    """The split of each group."""
    shares = np.array([fractions.train, fractions.valid, fractions.test])
    filled, known = np.zeros(3), set[str]()
    result: list[Split] = ["train"] * len(sizes)
    for group in _order(labels, fractions.seed):
        lacking = shares * (filled.sum() + sizes[group]) - filled
        chosen = 0 if not known.issuperset(labels[group]) else int(np.argmax(np.where(shares > 0, lacking, -np.inf)))
        filled[chosen] += sizes[group]
        known.update(labels[group] if chosen == 0 else ())
        result[group] = SPLITS[chosen]
    return result


def _order(labels: Sequence[Sequence[str]], seed: int) -> list[int]:
    """Groups by their rarest label, at random within it."""
    counts = Counter(label for found in labels for label in found)
    rarest = [min(found, key=lambda label: (counts[label], label), default="") for found in labels]
    shuffled = np.random.default_rng(seed).permutation(len(labels)).tolist()
    return sorted(shuffled, key=lambda group: rarest[group])
