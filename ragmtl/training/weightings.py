"""How much the gradient of each task counts, given how they lie to each other.

Each reads the Gramian, the inner products of the tasks' gradients on what they share, and gives a weight per task.
Those of `torchjd` are used where they need no solver under a licence stricter than ours; Nash-MTL and the projections
of UPGrad are small convex problems, solved here to the end, with `scipy`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Float64
from scipy.optimize import nnls
from torch import Tensor

from ragmtl.errors import ConfigError

Weighting = Callable[[Float[Tensor, "task task"]], Float[Tensor, " task"]]

CAGRAD_RADIUS = 0.4
_RIDGE, _NEWTON, _NEAR = 1e-4, 200, 1e-10


def weighting_of(method: str) -> Weighting:
    """The weighting of a method.

    Args:
        method: "pcgrad" (Yu et al., 2020), "cagrad" (Liu et al., 2021), "mgda" (Sener & Koltun, 2018), "nash-mtl"
            (Navon et al., 2022) or "upgrad" (Quinton & Rey, 2024).

    Raises:
        ConfigError: It needs a package that is not installed.
    """
    if method == "nash-mtl":
        return nash
    if method == "upgrad":
        return upgrad
    try:
        from torchjd.aggregation import CAGradWeighting, MGDAWeighting, PCGradWeighting

        match method:
            case "pcgrad":
                return PCGradWeighting()
            case "mgda":
                return MGDAWeighting()
            case _:
                return CAGradWeighting(c=CAGRAD_RADIUS)
    except ImportError as error:
        raise ConfigError(
            f'balance = "{method}": expected the package torchjd with its solvers, found {error}; '
            "`pip install ragmtl[balance]`"
        ) from None


def nash(gramian: Float[Tensor, "task task"]) -> Float[Tensor, " task"]:
    """Weights of the Nash bargaining solution, G·α = 1/α: every task gains the same share of its own utility.

    They minimise ½ αᵀGα − Σ log α, which is convex and self-concordant: Newton's method, damped by its decrement, stays
    above zero and ends there. The step is as long as the root of the number of tasks, whatever the gradients' lengths.

    Source: Navon et al., "Multi-task learning as a bargaining game", ICML 2022, equation 2.
    """
    products = gramian.double().numpy()
    lengths = np.sqrt(np.diag(products))
    scaled = products / np.outer(lengths, lengths) + 1e-9 * np.eye(len(lengths))
    found = np.full(len(lengths), len(lengths) ** -0.5)
    for _ in range(_NEWTON):
        slope = scaled @ found - 1 / found
        step = np.linalg.solve(scaled + np.diag(found**-2), slope)
        decrement = float(np.sqrt(max(slope @ step, 0.0)))
        found = found - step / (1 + decrement)
        if decrement < _NEAR:
            break
    return torch.from_numpy(found / lengths)


def upgrad(gramian: Float[Tensor, "task task"]) -> Float[Tensor, " task"]:
    """The mean of the tasks' gradients, each projected on what lets no other task lose.

    Source: Quinton & Rey, "Jacobian descent for multi-objective optimization", 2024, section 3.
    """
    products = gramian.double().numpy()
    scaled = products / np.trace(products) + _RIDGE * np.eye(len(products))
    root = np.linalg.cholesky(scaled).T
    projected = [_projected(unit, root) for unit in np.eye(len(products))]
    return torch.from_numpy(np.mean(projected, axis=0))


def _projected(
    weights: Float64[np.ndarray, " task"], root: Float64[np.ndarray, "task task"]
) -> Float64[np.ndarray, " task"]:
    """The v ≥ weights of least vᵀGv, where G = rootᵀ·root."""
    found: Float64[np.ndarray, " task"] = weights + nnls(root, -root @ weights)[0]
    return found
