"""Low-rank additions to the weights of a transformer, which alone are learned (LoRA).

Source: Hu et al., "LoRA: low-rank adaptation of large language models", 2021.
"""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import torch

from ragmtl.errors import ConfigError

LORA_RANK = 16
FULL_RATE, LORA_RATE = 2e-5, 2e-4
"""The usual learning rate of all weights, and of low-rank additions."""


def refuse_without_peft() -> None:
    """See that low-rank additions can be made.

    Raises:
        ConfigError: The package peft is not installed.
    """
    if importlib.util.find_spec("peft") is None:
        raise ConfigError(
            "expected the package peft for LoRA, found none; run `pip install 'ragmtl[lora]'`, or tune in full"
        )


def with_lora(model: Any, seed: int) -> Any:  # noqa: ANN401 - of transformers and of peft
    """A model whose low-rank additions alone are learned; at first they add nothing.

    Raises:
        ConfigError: The package peft is not installed.
    """
    refuse_without_peft()
    from peft import LoraConfig, get_peft_model

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        torch.manual_seed(seed)
        return get_peft_model(model, LoraConfig(r=LORA_RANK, lora_alpha=2 * LORA_RANK, target_modules="all-linear"))
