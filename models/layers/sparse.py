"""Operations over rows that belong to groups of different sizes (nodes of examples, messages to nodes).

The kernels are those of `torch_geometric`.
"""

from __future__ import annotations

import warnings

from jaxtyping import Bool, Float, Int
from torch import Tensor

with (
    warnings.catch_warnings()
):  # torch_geometric 2.8 calls torch.jit.script, which torch 2.13 deprecates, when imported
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.utils import scatter, softmax, to_dense_batch

__all__ = ["group_softmax", "group_sum", "to_dense"]


def group_sum(rows: Float[Tensor, "row dim"], groups: Int[Tensor, " row"], count: int) -> Float[Tensor, "group dim"]:
    """Sum of the rows of each of `count` groups; zero for a group without rows. Fast where groups are ascending."""
    total: Float[Tensor, "group dim"] = scatter(rows, groups, dim=0, dim_size=count, reduce="sum")
    return total


def group_softmax(
    logits: Float[Tensor, "row head"], groups: Int[Tensor, " row"], count: int
) -> Float[Tensor, "row head"]:
    """Softmax over the rows of each of `count` groups."""
    weights: Float[Tensor, "row head"] = softmax(logits, groups, num_nodes=count)
    return weights


def to_dense(
    rows: Float[Tensor, "row dim"], groups: Int[Tensor, " row"], count: int
) -> tuple[Float[Tensor, "group place dim"], Bool[Tensor, "group place"]]:
    """Rows of ascending groups as a padded tensor, and which places are taken; `dense[taken]` gives the rows back."""
    dense, taken = to_dense_batch(rows, groups, batch_size=count)
    return dense, taken
