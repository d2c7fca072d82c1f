"""A listwise mixture of signals: the weights that lift what is wanted above its nearest rivals.

    max_w Σ_example mean_{i wanted} log softmax_{candidates}(Σ_s w_s signal_s(i)) − penalty |w|²

Candidates are the best items of each signal; what is wanted but not among them counts for nothing. Over all items the
mixture would spend its weights on telling what nobody wants from what some want, and be worse than its best signal
where lists are cut. No weight is negative, since free ones turn popularity against what is wanted (candidates that are
only popular are the easiest to tell from answers). A signal that does not help keeps `LEAST`, which moves nothing but
items of which the others know nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64
from scipy.optimize import minimize

from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.recommend import RankingTask
from ragmtl.tasks.recommendation.signals import Signals

Compute = Callable[[Sequence[Example]], Float32[np.ndarray, "example item signal"]]
BEST = 50
AT_ONCE = 128
START, LEAST = 0.15, 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Candidates of some examples, one after the other.

    Attributes:
        bounds: Where those of each example begin, and at last where the last ones end.
        signals: What each signal says of them.
        wanted: How much each counts as an answer: 1 / answers of its example, or 0.
    """

    bounds: Int64[np.ndarray, " bound"]
    signals: Float64[np.ndarray, "candidate signal"]
    wanted: Float64[np.ndarray, " candidate"]

    @classmethod
    def of(cls, task: RankingTask, compute: Compute, examples: Sequence[Example], best: int = BEST) -> Lists:
        """The candidates of these examples; examples that want none of theirs are left out."""
        found = [
            one
            for start in range(0, len(examples), AT_ONCE)
            for one in _candidates(task, compute, examples[start : start + AT_ONCE], best)
        ]
        sizes = [len(wanted) for _, wanted in found]
        if not found:
            return cls(np.zeros(1, np.int64), np.zeros((0, 0)), np.zeros(0))
        signals, wanted = (np.concatenate(part) for part in zip(*found, strict=True))
        return cls(np.cumsum([0, *sizes]).astype(np.int64), signals, wanted)


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """A ranking by a mixture of signals alone, without a network.

    Attributes:
        task: The ranking.
        signals: The signals.
        weights: The weight of each.
    """

    task: RankingTask
    signals: Signals
    weights: Float32[np.ndarray, " signal"]

    @classmethod
    def fit(cls, task: RankingTask, signals: Signals, examples: Sequence[Example]) -> Blend:
        """Learn the weights from examples of train that the signals have not seen."""
        lists = Lists.of(task, lambda some: spread_alike(signals.compute(some)), examples)
        return cls(task, signals, blend(lists))

    def scores(self, examples: Sequence[Example]) -> Float32[np.ndarray, "example item"]:
        """The score of every item."""
        return np.asarray(spread_alike(self.signals.compute(examples)) @ self.weights, np.float32)


def blend(lists: Lists, *, penalty: float = 1e-3) -> Float32[np.ndarray, " signal"]:
    """The best weight of each signal; zeros where there is no candidate.

    Args:
        lists: Candidates, with what is wanted among them.
        penalty: How much large weights cost.
    """
    count = lists.signals.shape[1]
    if not len(lists.wanted):
        return np.zeros(count, np.float32)
    start, bounds = np.full(count, START), [(LEAST, None)] * count
    found = minimize(_loss, start, (lists, penalty), "L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": 100})
    return np.asarray(found.x, np.float32)


def spread_alike(
    signals: Float32[np.ndarray, "example item signal"],
) -> Float32[np.ndarray, "example item signal"]:
    """Signals of each example divided by their spread over the items, so that long histories are not louder."""
    spread = signals.std(axis=1, keepdims=True)
    return np.asarray(signals / np.where(spread > 0, spread, 1), np.float32)


def _loss(
    weights: Float64[np.ndarray, " signal"], lists: Lists, penalty: float
) -> tuple[float, Float64[np.ndarray, " signal"]]:
    """The mean loss of an example, and its gradient."""
    starts, sizes = lists.bounds[:-1], np.diff(lists.bounds)
    scores = lists.signals @ weights
    scores -= np.repeat(np.maximum.reduceat(scores, starts), sizes)
    chances = np.exp(scores)
    totals = np.add.reduceat(chances, starts)
    chances /= np.repeat(totals, sizes)
    loss = (np.log(totals).sum() - lists.wanted @ scores) / len(sizes) + penalty * weights @ weights
    gradient = (chances - lists.wanted) @ lists.signals / len(sizes) + 2 * penalty * weights
    return float(loss), gradient


def _candidates(
    task: RankingTask, compute: Compute, examples: Sequence[Example], best: int
) -> list[tuple[Float64[np.ndarray, "candidate signal"], Float64[np.ndarray, " candidate"]]]:
    wanted = task.wanted(examples)
    signals = compute(examples)
    allowed = np.isfinite(task.masked(np.zeros(signals.shape[:2], np.float32), examples))
    allowed[:, list(task.untrained)] = False
    found = []
    for row in np.unique(wanted.rows).tolist():
        items = _best(signals[row], allowed[row], best)
        answers = np.isin(items, wanted.items[wanted.rows == row])
        if answers.any():
            found.append((signals[row, items].astype(np.float64), answers / np.count_nonzero(answers)))
    return found


def _best(
    signals: Float[np.ndarray, "item signal"], allowed: Bool[np.ndarray, " item"], best: int
) -> Int64[np.ndarray, " candidate"]:
    """The best allowed items of each signal that tells items apart."""
    places = np.flatnonzero(allowed)
    shown = signals[places]
    telling = shown[:, shown.std(axis=0) > 0] if len(places) else shown[:, :0]
    count = min(best, len(places))
    if not count or not telling.shape[1]:
        return places[:best].astype(np.int64)
    return np.unique(places[np.argpartition(-telling, count - 1, axis=0)[:count]]).astype(np.int64)
