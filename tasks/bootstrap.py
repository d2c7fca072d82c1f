"""Intervals by resampling groups: the bootstrap of a metric, and of the difference between two arms.

Examples of one group (a user, a dialogue, a film) stand or fall together, so groups are drawn, with
replacement; a draw is a vector of how often each group came up, and all draws are one matrix product
with the statistics summed by group. Percentile intervals (Efron and Tibshirani 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ragmtl.tasks.metrics import Statistics

GROUPS_AT_ONCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the interval that holds it with the level asked for; NaN where the figure is undefined."""

    value: float
    low: float
    high: float


def bootstrap(
    seeds: Sequence[Statistics], groups: Sequence[str], *, seed: int = 0, samples: int = 1000, level: float = 0.95
) -> Interval:
    """The mean over training seeds of a metric, with its interval over groups.

    Args:
        seeds: The metric on the same examples, once per training seed.
        groups: The group of each example.
        seed: Seed of the draws.
        samples: How many draws.
        level: How much of the draws the interval holds.

    Raises:
        ValueError: No seed, or the number of groups is not the number of examples.
    """
    members = _members(seeds, groups)
    draws = _resampled(seeds, members, seed, samples)
    return _interval(float(np.mean([one.value for one in seeds])), draws, level)


def paired_bootstrap(
    arm: Sequence[Statistics],
    against: Sequence[Statistics],
    groups: Sequence[str],
    *,
    seed: int = 0,
    samples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """The metric of `arm` minus that of `against` on the same examples, with its interval over groups.

    Both arms see the same draws, so what makes an example easy or hard for both cancels out.

    Raises:
        ValueError: No seed, or the number of groups is not the number of examples.
    """
    members = _members([*arm, *against], groups)
    draws = _resampled(arm, members, seed, samples) - _resampled(against, members, seed, samples)
    value = np.mean([one.value for one in arm]) - np.mean([one.value for one in against])
    return _interval(float(value), draws, level)


def _members(seeds: Sequence[Statistics], groups: Sequence[str]) -> Int64[np.ndarray, " example"]:
    lengths = {len(one) for one in seeds}
    if lengths != {len(groups)}:
        raise ValueError(f"expected statistics of {len(groups)} examples, one per group given, found {sorted(lengths)}")
    if not len(groups):
        return np.zeros(0, np.int64)
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _by_group(rows: Float64[np.ndarray, "example k"], members: Int64[np.ndarray, " example"]) -> np.ndarray:
    order = np.argsort(members, kind="stable")
    starts = np.searchsorted(members[order], np.arange(members.max() + 1))
    return np.asarray(np.add.reduceat(rows[order], starts, axis=0))


def _draws(generator: np.random.Generator, samples: int, groups: int) -> Float64[np.ndarray, "sample group"]:
    picked = generator.integers(0, groups, (samples, groups))
    picked += np.arange(samples, dtype=np.int64)[:, None] * groups
    return np.bincount(picked.ravel(), minlength=samples * groups).reshape(samples, groups).astype(np.float64)


def _resampled(
    seeds: Sequence[Statistics], members: Int64[np.ndarray, " example"], seed: int, samples: int
) -> Float64[np.ndarray, " sample"]:
    """The mean over seeds of the metric in each draw; the same draws for the same seed and groups."""
    if not len(members):
        return np.full(samples, np.nan)
    generator = np.random.default_rng(seed)
    sums = [_by_group(one.rows, members) for one in seeds]
    at_once = max(1, GROUPS_AT_ONCE // len(sums[0]))
    values = []
    for start in range(0, samples, at_once):
        weights = _draws(generator, min(at_once, samples - start), len(sums[0]))
        values.append(np.mean([one.figure(weights @ total) for one, total in zip(seeds, sums, strict=True)], axis=0))
    return np.concatenate(values)


def _interval(value: float, draws: Float64[np.ndarray, " sample"], level: float) -> Interval:
    defined = draws[np.isfinite(draws)]
    if not len(defined):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))
