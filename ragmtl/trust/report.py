"""How far a run can be trusted: fidelity, planted passages and calibration of each task, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmtl.assembly import Assembly
from ragmtl.models.model import Model
from ragmtl.report import Row
from ragmtl.retrieval.corpus import Corpus
from ragmtl.tasks.base import CHOICES, Split, Task
from ragmtl.tasks.bootstrap import Interval, bootstrap, paired_bootstrap
from ragmtl.tasks.metrics import Statistics
from ragmtl.trust.asking import ask, labelled_rows
from ragmtl.trust.calibration import calibration_error, fitted_temperature
from ragmtl.trust.fidelity import fidelity
from ragmtl.trust.planted import plant


@dataclass(frozen=True, slots=True, eq=False)
class Trusted:
    """What is measured, and where.

    Attributes:
        data: Name of the data.
        model: With its best weights.
        corpus: Where passages are planted from.
        temperatures: Of the run, by task; 1 for those that it does not name.
        split: Which examples.
        seed: Of what is random; the run's.
    """

    data: str
    model: Model
    corpus: Corpus
    temperatures: Mapping[str, float]
    split: Split
    seed: int

    def rows(self, assemblies: Sequence[Assembly]) -> list[Row]:
        """Every figure of every task whose answers have chances.

        `fidelity` and `fidelity_random` are by how much the chance of an answer falls without the most attended or
        random evidence, `fidelity_gap` their difference; `attention_planted` and `attention_retrieved` are for one
        passage, `attention_gap` the second minus the first; `ece` is before and `ece_scaled` after the temperature.
        """
        return [
            row
            for assembly in assemblies
            for task in assembly.source.tasks
            if task.head in (*CHOICES, "ranking")
            for row in self._task(assembly, task)
        ]

    def _task(self, assembly: Assembly, task: Task) -> list[Row]:
        rows = labelled_rows(assembly, task, self.split)
        faithful = fidelity(self.model, assembly, task, rows, seed=self.seed)
        planted = plant(self.model, assembly, task, rows, self.corpus, seed=self.seed)
        figures = [
            *self._pair(
                ("fidelity", "fidelity_random", "fidelity_gap"),
                faithful.attended,
                faithful.at_random,
                _groups(assembly, faithful.rows),
            ),
            *self._pair(
                ("attention_retrieved", "attention_planted", "attention_gap"),
                planted.retrieved,
                planted.planted,
                _groups(assembly, planted.rows),
            ),
        ]
        if task.head in CHOICES:
            logits, examples = ask(self.model, assembly, task, rows).logits, assembly.examples(rows)
            scales = {"ece": 1.0, "ece_scaled": self.temperatures.get(task.name, 1.0)}
            for name, scale in scales.items():
                error = calibration_error(logits, task, examples, scale)
                figures.append((name, bootstrap([error], _groups(assembly, rows), seed=self.seed)))
        return [
            Row(self.data, task.name, "all", self.split, "rag-mtl", name, at.value, at.low, at.high, (self.seed,))
            for name, at in figures
        ]

    def _pair(
        self, names: tuple[str, str, str], first: Statistics, second: Statistics, groups: list[str]
    ) -> list[tuple[str, Interval]]:
        """Two figures and their difference; nothing where no example has them."""
        if not groups:
            return []
        found = [bootstrap([one], groups, seed=self.seed) for one in (first, second)]
        found.append(paired_bootstrap([first], [second], groups, seed=self.seed))
        return list(zip(names, found, strict=True))


def temperatures(model: Model, assemblies: Sequence[Assembly]) -> dict[str, float]:
    """The temperature of each task with classes or labels, fitted on validation."""
    found = {}
    for assembly in assemblies:
        for task in assembly.source.tasks:
            if task.head in CHOICES:
                rows = labelled_rows(assembly, task, "valid")
                logits = ask(model, assembly, task, rows).logits
                found[task.name] = fitted_temperature(logits, task, assembly.examples(rows))
    return found


def _groups(assembly: Assembly, rows: Sequence[int]) -> list[str]:
    return [assembly.source.examples[row].group for row in rows]
