"""One training: a model for some tasks, from what was gathered for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmtl.build import Watch
from ragmtl.config import Config
from ragmtl.fresh import new_model
from ragmtl.gather import Material
from ragmtl.kg.parsing.files import sha256
from ragmtl.models.model import Model
from ragmtl.sizes import ModelSize
from ragmtl.tasks.mixture import Mixture
from ragmtl.training.tracking import Tracker
from ragmtl.training.train import Trainer, TrainingSettings


@dataclass(frozen=True, slots=True)
class Beginning:
    """Weights to begin with: where they are from, and what sets them."""

    name: str
    set_weights: Callable[[Model], None]


def fit(  # noqa: PLR0913
    config: Config,
    material: Material,
    tasks: Sequence[str],
    seed: int,
    folder: Path,
    watch: Watch,
    begin: Beginning | None = None,
) -> tuple[Trainer, ModelSize]:
    """Train some tasks; each gets as many steps as it has when all are trained together."""
    model, size = new_model(config, material, tasks, seed)
    if begin is not None:
        begin.set_weights(model)
    settings = TrainingSettings(
        **config.training.model_dump(exclude={"steps"}),
        seed=seed,
        steps=_steps(config, material, tasks),
        weights={task.name: task.weight for task in config.tasks if task.name in tasks},
    )
    fingerprint = _fingerprint(config, material, [*tasks, *([f"from {begin.name}"] if begin else [])])
    trainer = Trainer(model, material.only(tasks), settings, folder, fingerprint=fingerprint)
    if not trainer.processes.first:
        trainer.fit()
        return trainer, size
    with Tracker(folder, watch(f"training {folder.parent.name}/{folder.name}")) as tracker:
        trainer.fit(tracker)
    return trainer, size


def _steps(config: Config, material: Material, tasks: Sequence[str]) -> int:
    """Steps of an epoch for these tasks: the share that their sources have in the mixture of all."""
    training = config.training
    sizes = tuple(len(assembly.source.positions("train")) for assembly in material.assemblies)
    shares = Mixture(sizes, training.batch_size, training.temperature, 0, training.steps).shares
    kept = [assembly.only(tasks) is not None for assembly in material.assemblies]
    return sum(share for share, keep in zip(shares, kept, strict=True) if keep)


def _fingerprint(config: Config, material: Material, tasks: Sequence[str]) -> str:
    """Says what is trained on what."""
    parts = [config.model_dump_json(exclude={"training", "folder"}), *sorted(tasks)]
    parts += [str(material.index.manifest["graph"]), str(material.index.manifest["corpus"])]
    parts += [f"{path} {digest}" for path, digest in tables_of(config).items()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def tables_of(config: Config) -> dict[str, str]:
    """The sha256 of each table of the tasks, by its path in the configuration."""
    return {path: sha256(config.resolve(path)) for path in sorted({task.data for task in config.tasks if task.data})}
