"""Operations over rows that belong to groups of different sizes (nodes of examples, messages to nodes).

They are what `torch_geometric.utils` calls scatter, softmax and to_dense_batch, number for number; importing that
package takes longer than importing torch, and every command would wait for it.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["group_softmax", "group_sum", "to_dense"]


def group_sum(rows: Float[Tensor, "row dim"], groups: Int[Tensor, " row"], count: int) -> Float[Tensor, "group dim"]:
    """Sum of the rows of each of `count` groups; zero for a group without rows. Fast where groups are ascending."""
    return rows.new_zeros(count, rows.shape[1]).scatter_add_(0, _along(groups, rows), rows)


def group_softmax(
    logits: Float[Tensor, "row head"], groups: Int[Tensor, " row"], count: int
) -> Float[Tensor, "row head"]:
    """Softmax over the rows of each of `count` groups."""
    along, each = _along(groups, logits), logits.detach()
    most = each.new_zeros(count, logits.shape[1]).scatter_reduce_(0, along, each, "amax", include_self=False)
    weights = (logits - most.index_select(0, groups)).exp()
    total = group_sum(weights, groups, count) + 1e-16
    return weights / total.index_select(0, groups)


def to_dense(
    rows: Float[Tensor, "row dim"], groups: Int[Tensor, " row"], count: int
) -> tuple[Float[Tensor, "group place dim"], Bool[Tensor, "group place"]]:
    """Rows of ascending groups as a padded tensor, and which places are taken; `dense[taken]` gives the rows back."""
    sizes = torch.bincount(groups, minlength=count)
    width = int(sizes.max()) if len(sizes) else 0
    taken = torch.arange(width, device=rows.device) < sizes.unsqueeze(1)
    starts = sizes.cumsum(0) - sizes
    places = groups * width + torch.arange(len(groups), device=rows.device) - starts[groups]
    dense = rows.new_zeros(count * width, rows.shape[1]).index_copy(0, places, rows)
    return dense.view(count, width, rows.shape[1]), taken


def _along(groups: Int[Tensor, " row"], rows: Float[Tensor, "row dim"]) -> Int[Tensor, "row dim"]:
    return groups.unsqueeze(1).expand_as(rows)
