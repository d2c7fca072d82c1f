"""Arms on the data of a configuration: each is trained, measured on test, and compared with the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ragmtl.build import Watch, evidence_index, reader_for, unwatched
from ragmtl.checks import Tell, checked_tasks, inform, refuse_unlabelled, untold
from ragmtl.claim import claim, stated
from ragmtl.compare import Arm, EvidenceKind, choose_arms, compare
from ragmtl.config import Config
from ragmtl.curves import curves_of, save_curves
from ragmtl.evaluate import Measured, evaluate
from ragmtl.fit import fit
from ragmtl.gather import Material, gather
from ragmtl.loaded import Loaded
from ragmtl.report import Comparison
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.index import Index
from ragmtl.tasks.base import Split
from ragmtl.training.processes import refuse_several
from ragmtl.training.train import Trainer
from ragmtl.tuned import Tuned


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What arms are trained on; evidence of one kind at a time, as it is the largest thing in memory.

    Attributes:
        config: Says how much is retrieved.
        index: The true one.
        reader: Makes the vectors of segments of text.
        loaded: The sources.
        folder: Where the index of the shuffled graph is built.
        watch: Gives progress bars.
    """

    config: Config
    index: Index
    reader: Encoder
    loaded: Sequence[Loaded]
    folder: Path
    watch: Watch
    _held: dict[EvidenceKind, Material] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, index: Index, loaded: Sequence[Loaded], folder: Path, watch: Watch) -> Grounds:
        """The grounds of a configuration."""
        return cls(config, index, reader_for(config, index), loaded, folder, watch)

    def material(self, kind: EvidenceKind) -> Material:
        """Everything that is read with one kind of evidence."""
        if kind not in self._held:
            self._held.clear()
            source = evidence_index(self.index, kind, self.config.seed, self.folder / "shuffled-index", self.watch)
            seed, watch = self.config.seed, self.watch
            self._held[kind] = gather(self.config, source, self.reader, self.loaded, kind, seed=seed, watch=watch)
        return self._held[kind]


def compare_arms(
    config: Config,
    index: Index,
    folder: str | Path,
    watch: Watch = unwatched,
    *,
    arms: Sequence[str] = (),
    seeds: int | Sequence[int] = 1,
    tuned: Tuned | None = None,
    tell: Tell = untold,
) -> Comparison:
    """Train and measure the arms; those that were measured before are taken from the folder.

    Args:
        config: What is trained on what.
        index: Its index.
        folder: Keeps what was measured.
        watch: Gives progress bars.
        arms: Names of those to train; all where empty.
        seeds: Which; or how many, from the configuration's on.
        tuned: Settings of each arm; those of the configuration where None.
        tell: Called with what the user should know.

    Raises:
        ConfigError: There is no arm of that name.
        DataError: A table cannot be used.
        MismatchError: The folder holds a comparison of other data or settings, or an arm was not tuned.
    """
    refuse_several("a comparison")
    chosen, folder = choose_arms(arms), Path(folder)
    loaded = checked_tasks(config, index.graph)
    refuse_unlabelled(loaded, "test")
    content = stated(config, index) | ({} if tuned is None else {"tuned": tuned.stated()})
    claim(folder, "comparison", content)
    notes = inform(loaded, index.graph, tell)
    grounds = Grounds.of(config, index, loaded, folder, watch)

    def train(arm: Arm, tasks: Sequence[str], seed: int, place: Path) -> Mapping[str, Measured]:
        settings = config if tuned is None else tuned.applied(config, arm.name, tasks)
        trainer, _ = fit(settings, grounds.material(arm.evidence), tasks, seed, place, watch)
        save_curves(curves_of(trainer.progress.epochs, arm.name, seed), place)
        return measured(trainer, "test")

    tasks = [task for one in loaded for task in one.source.tasks]
    every = range(config.seed, config.seed + seeds) if isinstance(seeds, int) else sorted(set(seeds))
    return replace(compare(config.name, tasks, chosen, every, folder / "arms", train), notes=notes)


def measured(trainer: Trainer, split: Split) -> dict[str, Measured]:
    """What each task reaches on a split, at the epoch that was best for it."""
    found: dict[str, Measured] = {}
    for assembly in trainer.assemblies:
        for task in assembly.source.tasks:
            thresholds = trainer.take_best(task.name).thresholds
            found |= evaluate(trainer.model, assembly, split, thresholds, [task.name])
    return found
