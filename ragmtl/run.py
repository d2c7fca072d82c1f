"""A run: a folder with a trained model and everything that is needed to use it again.

run.json        configuration, where the index is, tasks with their answers and thresholds, learned entities
trained.json    what was seen after each epoch, for its report; a run is used without it
fitted/         what was fitted to its tables before it was trained
best/           weights that were best on the aggregate of validation (best-TASK/: on one task)
last/           state to resume from
events.*        TensorBoard
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from ragmtl import __version__
from ragmtl.assembly import Assembly
from ragmtl.build import Watch, open_index, reader_for, unwatched
from ragmtl.checks import Tell, checked_tasks, inform, refuse_unlabelled, untold
from ragmtl.config import Config, TaskSection, parse_config
from ragmtl.errors import MismatchError
from ragmtl.evaluate import evaluate
from ragmtl.fit import Beginning, fit
from ragmtl.fitted import Fitted
from ragmtl.fresh import heads_of
from ragmtl.gather import Material, gather
from ragmtl.listed import rows_of
from ragmtl.loaded import Loaded
from ragmtl.models.checkpoint import load_checkpoint, restore
from ragmtl.models.model import Model
from ragmtl.places import notes_on
from ragmtl.report import Row, command, commit, machine, versions
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.index import Index
from ragmtl.saved import FORMAT, VERSION, read_saved, saved_size
from ragmtl.sizes import ModelSize, build_model
from ragmtl.start import Start
from ragmtl.tasks.base import Split, Task
from ragmtl.tasks.generation import tokenizers_of, with_tokenizer
from ragmtl.texts import tuned_encoder
from ragmtl.trained import Origin, Trained, trained_task
from ragmtl.training.epochs import Epoch
from ragmtl.training.train import Trainer
from ragmtl.trust.report import Trusted, temperatures
from ragmtl.verbalise import given_away


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A trained model with what it was trained on.

    Attributes:
        folder: Where it is.
        config: Its configuration.
        index: The index that it retrieves from.
        model: The model, with its best weights.
        size: Its size.
        entities: Nodes that have a learned vector, for each source.
        thresholds: From which probability on a label is chosen, by task with labels; before temperatures.
        temperatures: What logits are divided by before they become chances, by task; 1 for others.
        loaded: The tables that it was trained on, with their tasks.
    """

    folder: Path
    config: Config
    index: Index
    model: Model
    size: ModelSize
    entities: tuple[Int64[np.ndarray, " _entity"], ...]
    thresholds: Mapping[str, float | None]
    loaded: Sequence[Loaded]
    temperatures: Mapping[str, float]

    @property
    def answers(self) -> dict[str, Sequence[str]]:
        """Names of classes and labels, IRIs of items, by task."""
        return {task.name: task.answers for one in self.loaded for task in one.source.tasks}

    @property
    def reader(self) -> Encoder:
        """What makes the vectors of texts that its model reads: an encoder that learned with it, or a frozen one."""
        return reader_for(self.config, self.index, self.model.encoder)

    @classmethod
    def load(cls, folder: str | Path, kinds: Sequence[type[TaskSection]] = ()) -> Run:
        """Open a run, and read its tables.

        Args:
            folder: The run.
            kinds: Tasks of one's own that it was trained on (docs/new-task.md).

        Raises:
            DataError: A table cannot be used.
            MismatchError: The folder holds no run, one of another version, or one whose index or answers have changed.
        """
        folder = Path(folder)
        saved = read_saved(folder)
        config = parse_config(saved["config"], str(folder / "run.json"), kinds)
        index = open_index(config, Path(saved["index"]))
        if index.manifest["graph"] != saved["graph"] or index.manifest["corpus"] != saved["corpus"]:
            raise MismatchError(
                f"{folder}: expected the index that this run was trained with, found another in {saved['index']}; "
                "train again, or restore that index"
            )
        size = saved_size(saved["size"], folder)
        loaded = checked_tasks(config, index.graph, Fitted.load(folder))
        same_answers(folder, saved["answers"], loaded)
        _same_heads(folder, size, loaded)
        loaded = _with_tokenizers(loaded, saved.get("tokenizers", {}))
        heads = heads_of([task for one in loaded for task in one.source.tasks])
        model = build_model(size, heads=heads, encoder=tuned_encoder(config, size.encoder))
        restore(model, load_checkpoint(folder / "best").tensors)
        model.eval()
        return cls(
            folder,
            config,
            index,
            model,
            size,
            tuple(np.array(nodes, np.int64) for nodes in saved["entities"]),
            saved["thresholds"],
            loaded,
            saved.get("temperatures", {}),
        )

    @property
    def trained(self) -> Trained:
        """What its training saw.

        Raises:
            MismatchError: It was not trained by `ragmtl train`, or before that was kept.
        """
        return Trained.load(self.folder)

    def _repr_html_(self) -> str:
        """What a notebook shows: the report of its training, in a frame."""
        from ragmtl.inspector.notebook import framed_training, run_line

        try:
            return framed_training(self.trained)
        except MismatchError:  # adapted from another run, or trained before its training was kept
            return run_line(str(self.folder), list(self.answers))

    def plot(self) -> Any:  # noqa: ANN401 -- a `matplotlib.figure.Figure`, which is optional
        """How each task got better on validation, as a figure of matplotlib (the extra `plot`).

        Raises:
            ConfigError: matplotlib is not installed.
        """
        from ragmtl.inspector.plots import plot_training

        return plot_training(self.trained)


def train_run(
    config: Config,
    index: Index,
    folder: str | Path,
    watch: Watch = unwatched,
    *,
    tell: Tell = untold,
    start: Start | None = None,
) -> Epoch:
    """Train all tasks together with retrieval, or go on with it; gives the epoch whose weights are kept.

    Args:
        config: What to train.
        index: What is retrieved from.
        folder: Of the run.
        watch: Gives progress bars.
        tell: Told what was left out.
        start: Another run whose weights training starts from.

    Raises:
        DataError: A table cannot be used.
        MismatchError: The folder holds a run of other data or settings, or `start` does not fit.
    """
    fitted = Fitted()
    loaded = checked_tasks(config, index.graph, fitted)
    if start is not None:
        start.check(config, index, [task for one in loaded for task in one.source.tasks])
    notes = inform(loaded, index.graph, tell)
    reader, facts = reader_for(config, index), None if start is None else start.size.facts
    material = gather(config, index, reader, loaded, "retrieved", seed=config.seed, watch=watch, facts=facts)
    for note in [note for one in material.assemblies for note in _read_notes(one)]:
        tell(f"note: {note}")
        notes = (*notes, note)
    names = [task.name for one in loaded for task in one.source.tasks]
    begin = None if start is None else Beginning(str(start.folder), partial(start.apply, material=material, tell=tell))
    trainer, size = fit(config, material, names, config.seed, Path(folder), watch, begin)
    best = trainer.best_epoch()
    warmth = temperatures(trainer.model, trainer.assemblies)
    tasks = [task for one in loaded for task in one.source.tasks]
    if trainer.processes.first:
        fitted.save(Path(folder))
        write_run(Path(folder), config, material, size, (best, warmth), tasks)
        _trained(config, trainer, loaded, warmth, notes).save(Path(folder))
    trainer.processes.exchange(None)
    return best


def _trained(
    config: Config, trainer: Trainer, loaded: Sequence[Loaded], warmth: Mapping[str, float], notes: tuple[str, ...]
) -> Trained:
    """What the report of a training shows."""
    return Trained(
        name=config.name,
        seed=config.seed,
        tasks=tuple(trained_task(task, one.source) for one in loaded for task in one.source.tasks),
        epochs=tuple(trainer.progress.epochs),
        best=trainer.best_epoch().epoch,
        temperatures=warmth,
        weights=sum(weight.numel() for weight in trainer.model.parameters()),
        settings=json.loads(config.model_dump_json(exclude={"folder"})),
        notes=notes,
        origin=Origin(command(), commit(Path(__file__).parent), machine(), versions()),
    )


def evaluate_run(
    folder: str | Path, split: Split, watch: Watch = unwatched, kinds: Sequence[type[TaskSection]] = ()
) -> list[Row]:
    """Every metric of every task of a run on a split, with its interval; `kinds` as for `Run.load`."""
    run, assemblies = _read_again(folder, split, watch, kinds)
    rows = []
    for assembly, loaded in zip(assemblies, run.loaded, strict=True):
        for found in evaluate(run.model, assembly, split, run.thresholds).values():
            rows += rows_of(found, loaded, split, run.config)
    return rows


def trust_run(
    folder: str | Path, split: Split, watch: Watch = unwatched, kinds: Sequence[type[TaskSection]] = ()
) -> list[Row]:
    """How far a run can be trusted on a split: see `ragmtl.trust.report.Trusted.rows`."""
    run, assemblies = _read_again(folder, split, watch, kinds)
    measure = Trusted(run.config.name, run.model, run.index.corpus, run.temperatures, split, run.config.seed)
    return measure.rows(assemblies)


def _read_again(
    folder: str | Path, split: Split, watch: Watch, kinds: Sequence[type[TaskSection]]
) -> tuple[Run, Sequence[Assembly]]:
    """A run, and everything about the examples of its tables that its model reads."""
    run = Run.load(folder, kinds)
    refuse_unlabelled(run.loaded, split)
    material = gather(run.config, run.index, run.reader, run.loaded, "retrieved", seed=run.config.seed, watch=watch)
    return run, material.assemblies


def write_run(
    folder: Path,
    config: Config,
    material: Material,
    size: ModelSize,
    found: tuple[Epoch, Mapping[str, float]],
    tasks: Sequence[Task],
) -> None:
    """Write down everything that a run is; `found` is its best epoch, and the temperatures of its tasks."""
    best, warmth = found
    index = material.index
    content = {
        "format": FORMAT,
        "version": VERSION,
        "library": __version__,
        "config": json.loads(config.model_dump_json()) | {"folder": str(config.folder.resolve())},
        "index": str(index.directory.resolve()),
        "graph": index.manifest["graph"],
        "corpus": index.manifest["corpus"],
        "size": json.loads(size.model_dump_json()),
        "entities": [nodes.tolist() for nodes in material.entities],
        "answers": {task.name: list(task.answers) for task in tasks},
        "tokenizers": tokenizers_of(tasks),
        "thresholds": dict(best.thresholds),
        "temperatures": dict(warmth),
        "best": asdict(best),
    }
    temporary = folder / ".run.json"
    temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    temporary.replace(folder / "run.json")


def _same_heads(folder: Path, size: ModelSize, loaded: Sequence[Loaded]) -> None:
    """See that each task has a head of the kind that it needs."""
    for task in (task for one in loaded for task in one.source.tasks):
        found = size.heads[task.name].kind if task.name in size.heads else None
        if found != task.head:
            raise MismatchError(
                f"{folder / 'run.json'}: expected the sizes of a model, found a wrong `heads.{task.name}.kind` "
                f"({found!r}, the task needs {task.head!r}); train again"
            )


def _read_notes(one: Assembly) -> list[str]:
    """What the evidence of a table says that the user should know."""
    return [*notes_on(one.source, one.readings), *given_away(one.source, one.readings)]


def _with_tokenizers(loaded: Sequence[Loaded], saved: Mapping[str, str]) -> list[Loaded]:
    """The tables, whose tasks that write have the tokenizers that the run was trained with."""
    return [
        replace(one, source=replace(one.source, tasks=tuple(with_tokenizer(task, saved) for task in one.source.tasks)))
        for one in loaded
    ]


def same_answers(folder: Path, answers: Mapping[str, Sequence[str]], loaded: Sequence[Loaded]) -> None:
    """See that the tables still hold the classes and items that the run in a folder knows.

    Raises:
        MismatchError: They do not.
    """
    for one in loaded:
        for task in one.source.tasks:
            if list(task.answers) != list(answers.get(task.name, ())):
                raise MismatchError(
                    f"task {task.name!r}: expected the {len(answers.get(task.name, ()))} answers that the run in "
                    f"{folder} was trained for, found {len(task.answers)} in the table, not the same; train again"
                )
