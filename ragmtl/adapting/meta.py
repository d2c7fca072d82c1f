"""Learning a start: weights from which few steps on few labels lead far, over many small tasks.

    MAML, first order    start ← AdamW(start, mean over tasks of ∇ loss on what is asked, at the adapted weights)
    Reptile              start ← start + pace · mean over tasks of (adapted weights − start)

Adapted weights are those after some steps from the start, and with a new head, on the examples of a small task
(`episodes.py`). It can be killed at any moment, and goes on from its last checkpoint with the same result.

Sources: Finn et al., "Model-agnostic meta-learning for fast adaptation of deep networks", ICML 2017 (in its first-order
form: gradients are taken at the adapted weights only); Nichol et al., "On first-order meta-learning algorithms", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import SGD, AdamW, Optimizer

from ragmtl.adapting.episodes import Episode, Pool, draw_episode
from ragmtl.adapting.few import loss_on, take_step
from ragmtl.adapting.settings import MetaSettings, Method
from ragmtl.adapting.starts import Start
from ragmtl.errors import MismatchError
from ragmtl.models.checkpoint import load_checkpoint, restore, save_checkpoint
from ragmtl.models.model import Model
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.training.optimiser_state import remember, tensors_of

Change = dict[str, Float[Tensor, "..."]]
"""What a small task says of each weight: a gradient, or the way from what was adapted back to the start."""


@dataclass(frozen=True, slots=True, eq=False)
class Meta:
    """Learns a start.

    Attributes:
        method: `maml` or `reptile`.
        pools: Tasks that small ones are drawn from, at least one.
        settings: How.
        seed: Of everything that is random.
        device: Where.
    """

    method: Method
    pools: Sequence[Pool]
    settings: MetaSettings
    seed: int
    device: torch.device

    def learn(self, start: Start, folder: Path, fingerprint: str, progress: Progress = no_progress) -> Start:
        """Learn, or go on with it.

        Args:
            start: Where it begins.
            folder: Keeps checkpoints.
            fingerprint: Says what is learned on what; a checkpoint of another is refused.
            progress: Told how many rounds are done.

        Raises:
            MismatchError: The folder holds something else.
        """
        model = start.bare().to(self.device)
        learned = [parameter for name, parameter in model.named_parameters() if not name.startswith("ids.")]
        optimiser = AdamW(learned, weight_decay=0.0) if self.method == "maml" else SGD(learned)
        stated = {"fingerprint": fingerprint, "method": self.method, "seed": self.seed, **asdict(self.settings)}
        done = _resume(folder, stated, model, optimiser)
        for number in range(done, self.settings.rounds):
            for group in optimiser.param_groups:
                group["lr"] = self.settings.pace * (1 - number / self.settings.rounds)
            self._round(number, Start.of(start.size, model), model)
            optimiser.step()
            if (number + 1) % self.settings.checkpoint_every == 0 or number + 1 == self.settings.rounds:
                _keep(folder, stated, number + 1, model, optimiser)
            progress(number + 1, self.settings.rounds)
        return Start.of(start.size, model)

    def _round(self, number: int, start: Start, model: Model) -> None:
        """Give every weight of the start the mean of what some small tasks say of it."""
        changes = []
        for place in range(self.settings.episodes):
            random = np.random.default_rng([self.seed, number, place])
            changes.append(self._change(draw_episode(self.pools, self.settings, random), start, random))
        for name, parameter in model.named_parameters():
            found = [change[name] for change in changes if name in change]
            parameter.grad = torch.stack(found).sum(0) / len(changes) if found else None

    def _change(self, episode: Episode, start: Start, random: np.random.Generator) -> Change:
        """Learn a small task from the start."""
        seed = int(random.integers(2**31))
        model = start.model_for(episode.task, seed).to(self.device)
        optimiser = AdamW(model.parameters(), lr=self.settings.learning_rate, weight_decay=0.0, fused=True)
        torch.manual_seed(seed)
        before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        for _ in range(self.settings.steps):
            take_step(model, optimiser, episode.assembly, episode.task, episode.learned)
        if self.method == "reptile":
            return {name: before[name] - parameter.detach() for name, parameter in model.named_parameters()}
        optimiser.zero_grad()
        loss_on(model, episode.assembly, episode.task, episode.asked).backward()  # type: ignore[no-untyped-call]
        return {name: one.grad for name, one in model.named_parameters() if one.grad is not None}


def _keep(folder: Path, stated: dict[str, object], done: int, model: Model, optimiser: Optimizer) -> None:
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"optimiser/{name}": tensor for name, tensor in tensors_of(optimiser).items()}
    save_checkpoint(folder, tensors, {"stated": stated, "done": done})


def _resume(folder: Path, stated: dict[str, object], model: Model, optimiser: Optimizer) -> int:
    """Go back to the last checkpoint, if there is one; gives how many rounds are done."""
    if not (folder / "checkpoint.json").exists():
        return 0
    device = next(model.parameters()).device
    saved = load_checkpoint(folder, device)
    if saved.metadata.get("stated") != _as_json(stated):
        raise MismatchError(
            f"{folder}: expected a start that was learned on the same data with the same settings, found another; "
            "choose another folder with --out, or delete that one"
        )
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimiser": {}}
    for name, tensor in saved.tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    restore(model, parts["model"])
    remember(optimiser, parts["optimiser"])
    return int(saved.metadata["done"])


def _as_json(stated: dict[str, object]) -> dict[str, object]:
    """As it comes back from a file."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in stated.items()}
