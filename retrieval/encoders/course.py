"""A course of learning that can be interrupted: killed at any moment, it goes on and ends with equal weights.

    done = follow(learner, len(pairs), Pace(epochs=3), state="mine.learning", same="digest of it all")

Nothing random is carried along: the order of an epoch and what dropout drops are drawn from the seed and the number of
the step (so weights are equal on one machine, with one number of threads). What is carried along (weights, moments of
AdamW, best weights so far) is written whole or not at all.

    rate of step s = rate · min((s + 1) / w, (total - s) / (total - w)),   w = a share of all steps to warm up
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Shaped
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.kg.disk.replace import put_back, replacing
from ragmtl.retrieval.files.arrays import load_json, save_json
from ragmtl.retrieval.progress import Progress, no_progress

_TENSORS, _STATED = "state.safetensors", "state.json"
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
_LARGEST_GRADIENT = 1.0

Weights = Mapping[str, Shaped[Tensor, "..."]]


@runtime_checkable
class Learner(Protocol):
    """What learns."""

    def weights(self) -> Weights:
        """What is learned, by name; changed in place."""
        ...

    def loss(self, rows: Sequence[int]) -> Float[Tensor, ""]:
        """The loss of some examples."""
        ...

    def quality(self) -> float | None:
        """How good it is on validation, the larger the better; None where there is nothing to validate by."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how long.

    Attributes:
        epochs: The most passes over all examples.
        batch: Examples per step.
        rate: Of AdamW, at its highest.
        warm: The share of all steps in which the rate rises.
        decay: Of weights.
        patience: Epochs without better validation before it stops.
        seed: Decides the order of examples, and what is dropped.
        keep_every: Seconds between two states that are written.
    """

    epochs: int = 3
    batch: int = 16
    rate: float = 2e-5
    warm: float = 0.1
    decay: float = 0.01
    patience: int = 2
    seed: int = 0
    keep_every: float = 60.0

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.batch < 1 or self.patience < 1 or not self.rate > 0:
            raise ConfigError(
                "expected epochs of 0 or more, batch and patience of 1 or more and a rate above 0, found "
                f"{self.epochs}, {self.batch}, {self.patience} and {self.rate}"
            )


@dataclass(frozen=True, slots=True)
class Followed:
    """What a course did.

    Attributes:
        steps: How many, in all.
        resumed: How many of them an earlier, interrupted call had done.
        qualities: On validation, before the first epoch and after each; empty where there was none.
        best: The epoch whose weights were kept; 0: those before the first.
    """

    steps: int
    resumed: int
    qualities: tuple[float, ...]
    best: int

    def __str__(self) -> str:
        again = f", {self.resumed:,} of them before it was interrupted" if self.resumed else ""
        if not self.qualities:
            return f"{self.steps:,} steps{again}; nothing to validate by: the last weights were kept"
        kept = f"epoch {self.best}" if self.best else "no epoch"
        return (
            f"{self.steps:,} steps{again}; on validation pairs {self.qualities[0]:.3f} before, "
            f"{max(self.qualities):.3f} at best ({kept} of {len(self.qualities) - 1})"
        )


@dataclass(slots=True)
class _State:
    """Where a course is."""

    step: int = 0
    best: int = 0
    qualities: list[float] = field(default_factory=list)
    kept: dict[str, Tensor] = field(default_factory=dict)


def follow(
    learner: Learner, count: int, pace: Pace, *, state: str | Path, same: str, progress: Progress | None = None
) -> Followed:
    """Learn, or go on learning; the learner ends with its best weights.

    Args:
        learner: Begins with the weights that it has.
        count: How many examples there are.
        pace: How long and how fast.
        state: A folder to go on from, made when it is needed; stays until `forget`.
        same: What is learned; a state of something else is left aside and overwritten.
        progress: Told how many steps are done.

    Raises:
        ConfigError: The loss is no number any more.
    """
    place, weights = Path(state).absolute(), dict(learner.weights())
    optimiser = torch.optim.AdamW(list(weights.values()), lr=pace.rate, weight_decay=pace.decay)
    found = _opened(place, same, weights, optimiser) or _State(kept=_copied(weights))
    resumed, per_epoch = found.step, -(-count // pace.batch)
    total, written = pace.epochs * per_epoch, time.monotonic()
    if not found.qualities and (quality := learner.quality()) is not None:
        found.qualities.append(quality)
    while found.step < total and not _is_enough(found, per_epoch, pace):
        _step(learner, optimiser, _rows(found.step, count, pace), found.step, total, pace)
        found.step += 1
        if found.step % per_epoch == 0:
            _judge(learner, found, found.step // per_epoch, weights)
        if time.monotonic() - written >= pace.keep_every:
            _write(place, same, found, weights, optimiser)
            written = time.monotonic()
        (progress or no_progress)(found.step, total)
    with torch.no_grad():
        for name, kept in found.kept.items():
            weights[name].copy_(kept)
    return Followed(found.step, resumed, tuple(found.qualities), found.best)


def forget(state: str | Path) -> None:
    """Delete what a course carried along."""
    shutil.rmtree(state, ignore_errors=True)


def state_folder(place: str | Path) -> Path:
    """Where the state of a course is kept that ends in a folder: beside it."""
    whole = Path(place).absolute()
    return whole.with_name(whole.name + ".learning")


def _rows(step: int, count: int, pace: Pace) -> list[int]:
    """The examples of a step: all once in an epoch, in an order of its own."""
    epoch, place = divmod(step, -(-count // pace.batch))
    generator = torch.Generator().manual_seed(pace.seed * 1_000_003 + epoch)
    order: list[int] = torch.randperm(count, generator=generator).tolist()
    return order[place * pace.batch : (place + 1) * pace.batch]


def _step(
    learner: Learner, optimiser: torch.optim.AdamW, rows: Sequence[int], step: int, total: int, pace: Pace
) -> None:
    warm = max(round(total * pace.warm), 1)
    for group in optimiser.param_groups:
        group["lr"] = pace.rate * min((step + 1) / warm, (total - step) / max(total - warm, 1), 1.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(pace.seed * 1_000_003 + step)
        loss = learner.loss(rows)
        if not torch.isfinite(loss):
            raise ConfigError(f"expected a loss, found {loss.item()} in step {step + 1}; learn at a lower rate")
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_([w for group in optimiser.param_groups for w in group["params"]], _LARGEST_GRADIENT)
    optimiser.step()


def _judge(learner: Learner, found: _State, epoch: int, weights: Weights) -> None:
    """Keep the weights of an epoch where they are the best so far, or nothing tells."""
    quality = learner.quality()
    if quality is None or quality > max(found.qualities, default=float("-inf")):
        found.best, found.kept = epoch, _copied(weights)
    if quality is not None:
        found.qualities.append(quality)


def _is_enough(found: _State, per_epoch: int, pace: Pace) -> bool:
    epoch, within = divmod(found.step, per_epoch)
    return bool(found.qualities) and not within and epoch - found.best >= pace.patience


def _copied(weights: Weights) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in weights.items()}


def _write(place: Path, same: str, found: _State, weights: Weights, optimiser: torch.optim.AdamW) -> None:
    tensors = {f"now/{name}": weight for name, weight in _copied(weights).items()}
    tensors |= {f"best/{name}": weight for name, weight in found.kept.items()}
    for name, weight in weights.items():
        moments: Mapping[str, Any] = optimiser.state.get(weight, {})
        tensors |= {f"{part}/{name}": moments[part] for part in _MOMENTS if part in moments}
    stated = {"same": same, "step": found.step, "best": found.best, "qualities": found.qualities}
    with replacing(place) as building:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, building / _TENSORS)
        save_json(building / _STATED, stated)


def _opened(place: Path, same: str, weights: Weights, optimiser: torch.optim.AdamW) -> _State | None:
    """The state to go on from, set in weights and optimiser; None where there is none of this course."""
    put_back(place, lambda folder: load_json(folder / _STATED))
    with suppress(MismatchError, SafetensorError, OSError, KeyError, RuntimeError):
        stated = load_json(place / _STATED)
        if stated["same"] != same:
            return None
        tensors = load_file(place / _TENSORS)
        kept = {name: tensors[f"best/{name}"] for name in weights}
        now = {name: tensors[f"now/{name}"] for name in weights}
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(now[name])
                moments = {part: tensors[f"{part}/{name}"] for part in _MOMENTS if f"{part}/{name}" in tensors}
                if moments:
                    optimiser.state[weight] = moments
        return _State(int(stated["step"]), int(stated["best"]), [float(q) for q in stated["qualities"]], kept)
    return None
