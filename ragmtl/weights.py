"""What each ranking of a run makes of its signals: the weight that was learned for each.

    logit of an item = … + Σ weight · signal

Signals are divided by their spread, so that weights can be compared. Where a log has times, the weight also depends on
who asks: what is told is that for somebody of middling habits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ragmtl.errors import DataError
from ragmtl.models.heads.ranking import RankingHead
from ragmtl.predict import Predictor


@dataclass(frozen=True, slots=True)
class Weight:
    """A signal and its weight; `on` is false where the configuration switches it off."""

    signal: str
    weight: float
    on: bool


def signal_weights(predictor: Predictor) -> Mapping[str, tuple[Weight, ...]]:
    """By ranking, its signals and their weights, the largest first.

    Raises:
        DataError: The run has no ranking.
    """
    found = {}
    off = {name: one.off for loaded in predictor.run.loaded for name, one in loaded.signals.items()}
    for name, signals in predictor.signals.items():
        head = predictor.run.model.head(name)
        if isinstance(head, RankingHead) and head.gate is not None:
            weights = (head.gate.bias.detach() * head.gate.scale).tolist()
            told = [
                Weight(signal, 0.0 if signal in off[name] else weight, signal not in off[name])
                for signal, weight in zip(signals.names, weights, strict=True)
            ]
            found[name] = tuple(sorted(told, key=lambda one: (-abs(one.weight), one.signal)))
    if not found:
        raise DataError("expected a run with a ranking that has signals, found none")
    return found
