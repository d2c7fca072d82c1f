"""Training: one trainer for one task or many, that can be killed at any step and goes on as if it had not been.

Each step draws a batch from one source, or a part of it from every source (`tasks/mixture.py`), and makes one gradient
of the losses of the tasks that it is labelled for (`ragmtl/training/balance.py`).

After each epoch every task is measured on validation; training stops when the aggregate, the geometric mean of the
tasks' main metrics, has not risen for a while. The geometric mean does not care in which units a metric is: a tenth
more of one task weighs as much as a tenth more of another. An epoch is judged by the mean of its own figure and of
the two before it: validation is small for some tasks, and the best of many noisy figures is mostly lucky. So the first
two epochs are kept only where there is no third.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from ragmtl.assembly import Assembly
from ragmtl.errors import ConfigError, DataError, MismatchError
from ragmtl.evaluate import evaluate
from ragmtl.models.checkpoint import load_checkpoint, restore, save_checkpoint
from ragmtl.models.model import Model
from ragmtl.tasks.base import Split
from ragmtl.tasks.mixture import Draw, Mixture
from ragmtl.training.balance import State, balance_of
from ragmtl.training.epochs import Epoch, aggregate, steady
from ragmtl.training.gradients import conflicts, mean_conflicts
from ragmtl.training.lessons import Lessons, Read
from ragmtl.training.optimiser_state import remember, tensors_of
from ragmtl.training.processes import Processes
from ragmtl.training.seed import seed_everything

SPLITS_NEEDED: tuple[Split, ...] = ("train", "valid")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How long and how fast to learn; `ragmtl.config.TrainingConfig` describes each.

    `weights` says how much each task counts beside the others; 1 for those that it does not name.
    """

    epochs: int = 20
    patience: int = 5
    steps: int = 0
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    text_rate: float | None = None
    temperature: float = 0.5
    balance: str = "length"
    conflicts: int = 2
    device: str = "auto"
    checkpoint_every: int = 200
    precision: str = "float32"
    shards: int = 0
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)


Report = Callable[[int, int, Epoch | None], None]
"""Called after each step with (steps done, most steps), and with the epoch that just ended, if one did."""


@dataclass(slots=True)
class Progress:
    """Everything that changes while training, apart from weights and random numbers."""

    step: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    losses: dict[str, list[float]] = field(default_factory=dict)
    balance: State = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    stale: int = 0
    done: bool = False


class Trainer:
    """Trains a model on the tasks of some sources.

    `directory` holds the state to resume from (`last/`), the weights that were best on the aggregate (`best/`) and
    those that were best for each task (`best-TASK/`), and TensorBoard events.

    Args:
        model: The model, on any device.
        assemblies: The sources.
        settings: How to train.
        directory: Where to keep checkpoints.
        fingerprint: Says what is trained on what; a checkpoint of another fingerprint is refused.

    Raises:
        ConfigError: The parts of a batch cannot be divided among the processes.
        DataError: A task has no training or no validation examples.
    """

    def __init__(
        self,
        model: Model,
        assemblies: Sequence[Assembly],
        settings: TrainingSettings,
        directory: Path,
        *,
        fingerprint: str = "",
    ) -> None:
        _refuse_missing_splits(assemblies)
        self.processes = Processes.join(settings.device)
        self.shards = _shards(settings, self.processes)
        self.device = self.processes.device
        self.model = model.to(self.device)
        self.assemblies = assemblies
        self.settings = settings
        self.directory = directory
        self.fingerprint = fingerprint
        self.train_rows = [assembly.source.positions("train") for assembly in assemblies]
        self.mixture = Mixture(
            tuple(len(rows) for rows in self.train_rows),
            settings.batch_size,
            settings.temperature,
            settings.seed,
            settings.steps,
        )
        names = [task.name for assembly in assemblies for task in assembly.source.tasks]
        self.lessons = Lessons(self.model, assemblies, self.train_rows, settings.precision, self.processes)
        self.balance = balance_of(settings.balance, list(model.parameters()), names, settings.weights, self.processes)
        self.balance.learned.to(self.device)
        groups = parameter_groups(model, list(self.balance.learned.values()), settings)
        self.optimizer = AdamW(groups, fused=True)
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.progress = Progress()

    @property
    def total_steps(self) -> int:
        """The most steps that training can take."""
        return self.settings.epochs * self.mixture.steps_per_epoch

    def fit(self, report: Report | None = None) -> list[Epoch]:
        """Train to the end, from the last checkpoint if there is one; leaves the best weights in the model.

        Raises:
            MismatchError: The checkpoint belongs to other data or settings.
        """
        seed_everything(self.settings.seed)
        if (self.directory / "last").exists():
            self._resume()
        self.model.train()
        while not self.progress.done:
            self._step()
            ended = self._end_epoch() if self.progress.step % self.mixture.steps_per_epoch == 0 else None
            if ended or self.progress.step % self.settings.checkpoint_every == 0:
                self._save_state()
            if report:
                report(self.progress.step, self.total_steps, ended)
        restore(self.model, load_checkpoint(self.directory / "best", self.device).tensors)
        return self.progress.epochs

    def best_epoch(self) -> Epoch:
        """The epoch whose weights are kept."""
        return self._best("")

    def take_best(self, task: str) -> Epoch:
        """Put the weights that were best for a task on validation into the model; gives their epoch."""
        restore(self.model, load_checkpoint(self.directory / f"best-{task}", self.device).tensors)
        return self._best(task)

    def _best(self, task: str) -> Epoch:
        figures = self._figures(task)
        means = [steady(figures[: place + 1]) for place in range(len(figures))]
        return self.progress.epochs[means.index(max(means))]

    def _figures(self, task: str) -> list[float]:
        """What each epoch reached: the main metric of a task, or the aggregate where no task is named."""
        return [aggregate([epoch.metrics[task]]) if task else epoch.aggregate for epoch in self.progress.epochs]

    def _step(self) -> None:
        """One batch of one source, or a part of a batch of every source."""
        step = self.progress.step
        draws = self.mixture.together(step) if self.balance.together else [self.mixture.draw(step)]
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * _pace(step, self.total_steps)
        read = [self._read(draw) for draw in draws]
        losses = {name: loss for found, _ in read for name, loss in found.items()}
        penalised = {name: loss + penalty / len(found) for found, penalty in read for name, loss in found.items()}
        self.optimizer.zero_grad()
        self.balance.backward(penalised, "" if self.balance.together else self.assemblies[draws[0].source].source.name)
        self.optimizer.step()
        for name, loss in losses.items():
            self.progress.losses.setdefault(name, []).append(float(loss.detach()))
        self.progress.step += 1

    def _read(self, draw: Draw) -> Read:
        """The losses of a batch, or of this process's part of it."""
        if self.shards == 1:
            return self.lessons.whole(draw)
        return self.lessons.divided(draw, self.shards, [self.settings.seed, self.progress.step, draw.source])

    def _end_epoch(self) -> Epoch:
        """Measure on validation, keep what is best, and decide whether to go on."""
        epoch = self._validate()
        self.balance.end_epoch(epoch.loss)
        self.progress.epochs.append(epoch)
        self.progress.losses = {}
        values = {name: steady(self._figures(name)) for name in ("", *epoch.metrics)}
        for name, value in values.items():
            if value > self.progress.best.get(name, -math.inf):
                self.progress.best[name] = value
                folder = self.directory / (f"best-{name}" if name else "best")
                if self.processes.first:
                    save_checkpoint(folder, self.model.state_dict(), {"epoch": asdict(epoch)})
        self.progress.stale = 0 if values[""] >= self.progress.best[""] else self.progress.stale + 1
        exhausted = epoch.epoch == self.settings.epochs
        self.progress.done = exhausted or self.progress.stale >= self.settings.patience
        return epoch

    def _validate(self) -> Epoch:
        """What is seen now; each process measures some of the sources."""
        found: dict[str, tuple[float, float | None]] = {}
        for place in self.processes.share(len(self.assemblies)):
            tasks = {task.name: task for task in self.assemblies[place].source.tasks}
            for name, one in evaluate(self.model, self.assemblies[place], "valid").items():
                found[name] = one.value(tasks[name].main_metric), one.threshold
        conflict = self._conflict() if self.processes.first else {}
        told = self.processes.exchange((found, conflict))
        every = {name: one for part, _ in told for name, one in part.items()}
        names = [task.name for assembly in self.assemblies for task in assembly.source.tasks]
        metrics = {name: every[name][0] for name in names}
        return Epoch(
            epoch=len(self.progress.epochs) + 1,
            step=self.progress.step,
            loss={name: sum(values) / len(values) for name, values in self.progress.losses.items()},
            metrics=metrics,
            thresholds={name: every[name][1] for name in names},
            aggregate=aggregate(list(metrics.values())),
            conflict=told[0][1],
        )

    def _conflict(self) -> dict[str, float]:
        """How the gradients of the tasks lie to each other now, without dropout, on a few batches of training rows."""
        probes = [self.mixture.together(self.progress.step + probe) for probe in range(self.settings.conflicts)]
        self.model.eval()
        seen = [
            conflicts({name: loss for draw in draws for name, loss in self.lessons.whole(draw)[0].items()}, self.model)
            for draws in probes
        ]
        self.model.train()
        return mean_conflicts(seen)

    def _save_state(self) -> None:
        """Everything that the next step depends on, written by the first process."""
        if self.processes.first:
            self._write_state()
        self.processes.exchange(None)

    def _write_state(self) -> None:
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimizer/{name}": tensor for name, tensor in tensors_of(self.optimizer).items()}
        tensors |= {f"balance/{name}": tensor for name, tensor in self.balance.learned.state_dict().items()}
        tensors["random/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        metadata = {
            "progress": asdict(replace(self.progress, balance=self.balance.state)),
            "fingerprint": self.fingerprint,
            "settings": asdict(self.settings),
        }
        save_checkpoint(self.directory / "last", tensors, metadata)

    def _resume(self) -> None:
        """Go back to the last state."""
        saved = load_checkpoint(self.directory / "last", self.device)
        found = saved.metadata.get("fingerprint"), asdict(TrainingSettings()) | saved.metadata.get("settings", {})
        if found != (self.fingerprint, asdict(self.settings)):
            raise MismatchError(
                f"{self.directory}: expected a checkpoint of the same data and settings to resume from, found one of "
                "others; choose another folder for this run, or delete that one"
            )
        restore(self.model, _below("model/", saved.tensors))
        restore(self.balance.learned, _below("balance/", saved.tensors))
        remember(self.optimizer, _below("optimizer/", saved.tensors))
        torch.set_rng_state(saved.tensors["random/cpu"].cpu())
        if "random/cuda" in saved.tensors:
            torch.cuda.set_rng_state(saved.tensors["random/cuda"].cpu(), self.device)
        state: dict[str, Any] = dict(saved.metadata["progress"])
        state["epochs"] = [Epoch(**epoch) for epoch in state["epochs"]]
        self.progress = Progress(**state)
        self.balance.state = self.progress.balance


def parameter_groups(model: Model, learned: Sequence[nn.Parameter], settings: TrainingSettings) -> list[dict[str, Any]]:
    """What the optimiser is told: the weights of the model, of an encoder that learns, and of the balance."""
    text = [] if model.encoder is None else list(model.encoder.parameters())
    apart = {id(one) for one in text}
    rest = [one for one in model.parameters() if id(one) not in apart]
    usual = settings.learning_rate if model.encoder is None else model.encoder.rate
    groups: list[dict[str, Any]] = [
        {"params": rest, "lr": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": text, "lr": settings.text_rate or usual, "weight_decay": settings.weight_decay},
        {"params": list(learned), "lr": settings.learning_rate, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _shards(settings: TrainingSettings, processes: Processes) -> int:
    """How many parts a batch is cut into: one for each process, unless told otherwise."""
    shards = settings.shards or processes.count
    if shards % processes.count:
        raise ConfigError(
            f"expected `training.shards` to be a multiple of the number of processes, found {shards} for "
            f"{processes.count}; set it to {processes.count}, or launch fewer"
        )
    return shards


def _pace(step: int, total: int) -> float:
    """Share of the learning rate at a step: a short rise, then a cosine fall to a twentieth."""
    warm = max(1, min(200, total // 20))
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _refuse_missing_splits(assemblies: Sequence[Assembly]) -> None:
    """Every task needs examples to learn from, and examples to stop on."""
    for assembly in assemblies:
        for split in SPLITS_NEEDED:
            examples = assembly.examples(assembly.source.positions(split).tolist())
            for task in assembly.source.tasks:
                if not any(task.name in example.labels for example in examples):
                    raise DataError(
                        f"task {task.name!r}: expected labelled examples in the split {split!r}, found none; add "
                        "rows, or leave out `split` to have the rows shared out",
                        assembly.source.name,
                    )
