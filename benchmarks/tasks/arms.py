"""Arms of a task over some data, as rows: trained with several seeds, measured on one split, and told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.result import Row
from ragmtl.arms import Grounds
from ragmtl.build import build_index, open_index, unwatched
from ragmtl.checks import checked_tasks
from ragmtl.compare import ARMS, EvidenceKind
from ragmtl.config import Config
from ragmtl.evaluate import Measured, evaluate
from ragmtl.fit import fit
from ragmtl.tasks.base import Split
from ragmtl.tasks.bootstrap import Interval, bootstrap, paired_bootstrap
from ragmtl.tasks.metrics import Statistics

EVIDENCE: Mapping[str, EvidenceKind] = {arm.name: arm.evidence for arm in ARMS}
"""The evidence of each arm that `ragmtl compare` knows."""


@dataclass(slots=True)
class Arms:
    """What was measured of one task on one split.

    Attributes:
        place: Data, task, slice and split, as rows say them.
        seeds: Seeds of training.
        measured: By arm and metric, the statistics of each seed.
        groups: What each example stands or falls with.
    """

    place: tuple[str, str, str, str]
    seeds: Sequence[int]
    measured: dict[str, dict[str, list[Statistics]]] = field(default_factory=dict)
    groups: tuple[str, ...] = ()

    def add(self, arm: str, found: Measured) -> None:
        """Take in what one seed of an arm reached."""
        self.groups = found.groups
        for metric, statistics in found.metrics.items():
            self.measured.setdefault(arm, {}).setdefault(metric, []).append(statistics)

    def figure(self, arm: str, metric: str) -> Row:
        """The mean over seeds, with its interval over groups."""
        return self._row(arm, metric, bootstrap(self.measured[arm][metric], self.groups, samples=10_000))

    def difference(self, arm: str, against: str, metric: str) -> Row:
        """How far an arm is above another on the same examples."""
        pair = self.measured[arm][metric], self.measured[against][metric]
        return self._row(f"{arm} - {against}", metric, paired_bootstrap(*pair, self.groups, samples=10_000))

    def _row(self, arm: str, metric: str, at: Interval) -> Row:
        names = dict(zip(("data", "task", "slice", "split"), self.place, strict=True))
        figures = {"value": round(at.value, 6), "low": round(at.low, 6), "high": round(at.high, 6)}
        return {**names, "arm": arm, "metric": metric, **figures, "seeds": list(self.seeds)}


def train_arm(
    config: Config, task: str, kind: EvidenceKind, seeds: Sequence[int], work: Path, split: Split
) -> list[Measured]:
    """Train one task alone on one kind of evidence, once for each seed, and measure it at its best epoch."""
    if not (work / "index" / "manifest.json").exists():
        build_index(config, work / "index")
    index = open_index(config, work / "index")
    material = Grounds.of(config, index, checked_tasks(config, index.graph), work, unwatched).material(kind)
    found = []
    for seed in seeds:
        place = work / "runs" / kind / task / f"seed-{seed}"
        trainer, _ = fit(config, material, [task], seed, place, unwatched)
        thresholds = trainer.take_best(task).thresholds
        (assembly,) = trainer.assemblies
        found.append(evaluate(trainer.model, assembly, split, thresholds, [task])[task])
    return found
