"""Adapting a run to a new task: how good it gets with how many labels, by arms that start from different places.

    arm        starts from
    scratch    fresh weights
    fine-tune  the trunk of the run
    reptile    the trunk, after Reptile over small tasks made of the run's
    maml       the trunk, after first-order MAML over the same

All arms learn from the same labels, with the same steps to choose from. What an arm reached is written down at once, so
that an interrupted command goes on. What was best on validation with the most labels is kept as a run of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ragmtl.adapting.episodes import Pool, pools_of
from ragmtl.adapting.few import Learned, drawn, learn
from ragmtl.adapting.meta import Meta
from ragmtl.adapting.newcomer import joined, new_task, practice
from ragmtl.adapting.settings import SIZES, FewSettings, MetaSettings, Method
from ragmtl.adapting.starts import Start
from ragmtl.assembly import Assembly
from ragmtl.build import Watch, unwatched
from ragmtl.checks import Tell, checked_tasks, inform, refuse_unlabelled, untold
from ragmtl.claim import claim, stated
from ragmtl.compare import contrasts, figures, load_measured, save_measured
from ragmtl.config import ClassificationConfig, Config
from ragmtl.curves import Curve
from ragmtl.errors import DataError
from ragmtl.evaluate import Measured, evaluate
from ragmtl.gather import Material, gather
from ragmtl.models.checkpoint import save_checkpoint
from ragmtl.report import Comparison, command, commit, machine, versions
from ragmtl.run import Run, write_run
from ragmtl.tasks.base import Split, Task
from ragmtl.training.epochs import Epoch
from ragmtl.training.processes import refuse_several
from ragmtl.training.seed import choose_device
from ragmtl.trust.asking import labelled_rows
from ragmtl.trust.report import temperatures

ARMS = ("scratch", "fine-tune", "reptile", "maml")
PAIRS = (
    ("fine-tune", "scratch"),
    ("reptile", "scratch"),
    ("maml", "scratch"),
    ("reptile", "fine-tune"),
    ("maml", "fine-tune"),
)
"""Which arms are compared: the first minus the second."""

LABELS = "labels"
"""The kind of curves over the number of labels."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is tried.

    Attributes:
        sizes: Numbers of labels.
        seeds: How many draws of labels, from the run's seed on.
        rounds: Of learning a start.
        split: Where the arms are measured.
        stops: Numbers of steps on few labels that validation chooses among.
    """

    sizes: Sequence[int] = SIZES
    seeds: int = 3
    rounds: int = 100
    split: Split = "test"
    stops: tuple[int, ...] = FewSettings().stops


@dataclass(frozen=True, slots=True, eq=False)
class Newcomer:
    """A new task, and what there is to learn it with.

    Attributes:
        run: The trained run.
        config: Its configuration with the new task, but without rankings.
        material: What was read.
        assembly: The examples of the new task.
        pools: Tasks of the run to practise on.
        budget: How much is tried.
        folder: Keeps what was learned and measured.
        watch: Gives progress bars.
    """

    run: Run
    config: Config
    material: Material
    assembly: Assembly
    pools: Sequence[Pool]
    budget: Budget
    folder: Path
    watch: Watch
    _starts: dict[str, Start] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        """The new task."""
        return self.assembly.source.tasks[0]

    @property
    def arms(self) -> tuple[str, ...]:
        """Those that can be tried."""
        return ARMS if self.pools else ARMS[:2]

    def start(self, arm: str) -> Start:
        """Where an arm starts from."""
        if arm not in self._starts:
            trunk = Start.of(self.run.size, self.run.model)
            match arm:
                case "scratch":
                    self._starts[arm] = trunk.fresh()
                case "maml" | "reptile":
                    self._starts[arm] = self._learned_start(arm, trunk)
                case _:
                    self._starts[arm] = trunk
        return self._starts[arm]

    def _learned_start(self, method: Method, trunk: Start) -> Start:
        device = choose_device(self.config.training.device)
        meta = Meta(method, self.pools, MetaSettings.of(method, self.budget.rounds), self.config.seed, device)
        return meta.learn(
            trunk, self.folder / "starts" / method, self.task.name, self.watch(f"learning to start: {method}")
        )

    def learn(self, arm: str, number: int, seed: int) -> tuple[Learned, Assembly]:
        """Learn from so many labels; gives also the examples that were learned from."""
        few = drawn(self.assembly, self.task, number, seed)
        settings = FewSettings(weight_decay=self.config.training.weight_decay, stops=self.budget.stops)
        device = choose_device(self.config.training.device)
        return learn(self.start(arm), few, self.task, settings, seed, device), few


def adapt_run(
    run: str | Path,
    config: Config,
    folder: str | Path,
    watch: Watch = unwatched,
    *,
    task: str | None = None,
    budget: Budget | None = None,
    tell: Tell = untold,
) -> Comparison:
    """Adapt a run to a new task, and measure how far each arm gets with how many labels.

    Args:
        run: Folder of the run.
        config: Its tasks that the run does not have are new; nothing else of it is read.
        folder: Keeps what was learned; the adapted run is in `run` below it.
        watch: Gives progress bars.
        task: Which new task, where the configuration has several.
        budget: How much is tried; the usual where None.
        tell: Called with what the user should know.

    Raises:
        ConfigError: There is no such new task, or it has no table with classes or labels.
        DataError: Its table cannot be used, holds too few labels, or none to measure with.
        MismatchError: The run cannot be opened or extended, or the folder holds something else.
    """
    refuse_several("an adaptation")
    budget = budget or Budget()
    trained = Run.load(run)
    found = meet(trained, new_task(trained.config, config, task), config, budget, Path(folder), watch=watch, tell=tell)
    claim(found.folder, "adaptation", _stated(found))
    sizes, notes = _sizes(found, tell)
    seeds = tuple(range(found.config.seed, found.config.seed + budget.seeds))
    bar = watch("learning from few labels")
    points = [(arm, number, seed) for arm in found.arms for number in sizes for seed in seeds]
    measured: dict[int, dict[str, list[Measured]]] = {number: {} for number in sizes}
    for done, (arm, number, seed) in enumerate(points, 1):
        measured[number].setdefault(arm, []).append(_point(found, arm, number, seed))
        bar(done, len(points))
    _keep_best(found, sizes[-1], seeds[0])
    return Comparison(
        name=found.config.name,
        rows=tuple(
            row for number in sizes for row in figures(found.config.name, measured[number], seeds, budget.split)
        ),
        differences=tuple(difference for number in sizes for difference in contrasts(measured[number], PAIRS)),
        command=command(),
        commit=commit(Path(__file__).parent),
        machine=machine(),
        versions=versions(),
        seeds=seeds,
        notes=notes,
        curves=tuple(_curves(measured, found.task, seeds)),
    )


def meet(
    run: Run,
    wanted: ClassificationConfig,
    config: Config,
    budget: Budget,
    folder: Path,
    *,
    watch: Watch = unwatched,
    tell: Tell = untold,
) -> Newcomer:
    """Read what there is to learn a new task with; `config` says where its table is.

    Raises:
        DataError: The table cannot be used, or has no labels to measure with.
    """
    together, known = joined(run.config, wanted, config)
    together = _without_wide(together)
    loaded = checked_tasks(together, run.index.graph)
    own = [one for one in loaded if any(of.name == wanted.name for of in one.source.tasks)]
    inform(own, run.index.graph, tell)
    refuse_unlabelled(own, budget.split, [wanted.name])
    kept = practice(loaded, wanted.name, run.config.seed)
    seed, facts = run.config.seed, run.size.facts
    material = gather(together, run.index, run.reader, kept, "retrieved", seed=seed, watch=watch, facts=facts)
    pools = pools_of(material.only(known))
    if not pools:
        tell("note: the run has no task with classes or labels to practise on; reptile and maml are left out")
    (assembly,) = material.only([wanted.name])
    return Newcomer(run, together, material, assembly, pools, budget, folder, watch)


def _without_wide(config: Config) -> Config:
    """Without linear models: they are fitted to every label of a table, of which a learner sees few."""
    return config.model_copy(update={"model": config.model.model_copy(update={"wide": False})})


def _stated(found: Newcomer) -> dict[str, object]:
    """What the figures of a folder follow from."""
    weights = json.loads((found.run.folder / "best" / "checkpoint.json").read_text(encoding="utf-8"))["sha256"]
    own = {"task": found.task.name, "weights": weights, "rounds": found.budget.rounds}
    own |= {"split": found.budget.split, "stops": list(found.budget.stops)}
    return stated(found.config, found.run.index) | own


def _sizes(found: Newcomer, tell: Tell) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Numbers of labels that there are, and what is to be said of the others."""
    wanted = found.budget.sizes
    there = len(labelled_rows(found.assembly, found.task, "train"))
    sizes = tuple(sorted({number for number in wanted if number <= there}))
    left = sorted({number for number in wanted if number > there})
    if not sizes:
        raise DataError(
            f"task {found.task.name!r}: expected at least {min(wanted)} labelled rows for training, found {there}; "
            "add rows, or ask for fewer with --labels",
            found.assembly.source.name,
        )
    notes = (
        (f"{found.task.name}: {there} labelled rows for training; not tried: {', '.join(map(str, left))}",)
        if left
        else ()
    )
    for note in notes:
        tell(f"note: {note}")
    return sizes, notes


def _point(found: Newcomer, arm: str, number: int, seed: int) -> Measured:
    """What an arm reaches with so many labels, measured unless it was before; its one slice is called after them."""
    place = found.folder / "arms" / arm / f"{number}-labels" / f"seed-{seed}"
    path = place / f"{found.task.name}.npz"
    if not path.exists():
        learned, few = found.learn(arm, number, seed)
        thresholds = {found.task.name: learned.threshold}
        measured = evaluate(learned.model, few, found.budget.split, thresholds)
        place.mkdir(parents=True, exist_ok=True)
        (place / "valid.json").write_text(
            json.dumps({"value": learned.value, "steps": learned.steps}), encoding="utf-8"
        )
        save_measured(measured, place)
    one = load_measured(path, found.task)
    return replace(one, slices={f"{number} {LABELS}": one.slices["all"]}, attention={})


def _keep_best(found: Newcomer, number: int, seed: int) -> None:
    """Learn again what was best on validation with the most labels, and write it down as a run."""
    values = {arm: _on_validation(found, arm, number, seed) for arm in found.arms}
    best = max(values, key=lambda arm: values[arm])
    learned, few = found.learn(best, number, seed)
    name, folder = found.task.name, found.folder / "run"
    reads = {key: one for key, one in found.run.model.state_dict().items() if key.startswith("encoder.")}
    save_checkpoint(folder / "best", learned.model.state_dict() | reads, {"arm": best, LABELS: number})
    epoch = Epoch(1, learned.steps, {}, {name: learned.value}, {name: learned.threshold}, learned.value)
    size = found.start(best).size_for(found.task).model_copy(update={"encoder": found.run.size.encoder})
    config = found.config.model_copy(update={"tasks": [task for task in found.config.tasks if task.name == name]})
    material = replace(found.material, entities=(np.zeros(0, np.int64),))
    write_run(folder, config, material, size, (epoch, temperatures(learned.model, [few])), [found.task])


def _on_validation(found: Newcomer, arm: str, number: int, seed: int) -> float:
    path = found.folder / "arms" / arm / f"{number}-labels" / f"seed-{seed}" / "valid.json"
    return float(json.loads(path.read_text(encoding="utf-8"))["value"])


def _curves(measured: Mapping[int, Mapping[str, Sequence[Measured]]], task: Task, seeds: Sequence[int]) -> list[Curve]:
    """The main metric over the number of labels, by arm and seed."""
    sizes = tuple(measured)
    return [
        Curve(
            LABELS,
            task.name,
            arm,
            seed,
            sizes,
            tuple(measured[number][arm][place].value(task.main_metric, f"{number} {LABELS}") for number in sizes),
        )
        for arm in measured[sizes[0]]
        for place, seed in enumerate(seeds)
    ]
