"""One seed for everything that torch draws, and the device that it runs on."""

from __future__ import annotations

import torch


def seed_everything(seed: int) -> None:
    """Seed torch on all devices; numpy generators are passed where they are needed."""
    torch.manual_seed(seed)


def choose_device(name: str) -> torch.device:
    """The device of this name; `auto` is the first GPU where there is one, else the CPU."""
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("cpu")
