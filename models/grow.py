"""Going on with the weights of a model whose tasks knew other answers, or whose examples met other entities.

Rows of what is known stay as they were. A new answer begins as what known answers of a like name are, a new entity as
none (zero):

    row of a new answer = \u03a3 over known answers: softmax(10 \u00b7 cosine of their names) \u00b7 their row
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Shaped
from torch import Tensor

from ragmtl.errors import MismatchError
from ragmtl.models.model import Model, key_of

_BY_ANSWER = ("linear.", "alone.", "judge.", "tagger.say.")
"""Parts of heads that have a row for each answer."""
_SHARPNESS = 10.0


def mixing(
    old: Sequence[str], new: Sequence[str], likeness: Float32[np.ndarray, "new old"]
) -> Float[Tensor, "new old"]:
    """How much of each old answer is in each new one: all of itself, or by the likeness of names.

    >>> mixing(["tea", "rye"], ["rye", "tea", "oat"], np.zeros((3, 2), np.float32)).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    """
    places = {name: at for at, name in enumerate(old)}
    table = torch.from_numpy(likeness * np.float32(_SHARPNESS)).softmax(1)
    for row, name in enumerate(new):
        if name in places:
            table[row] = 0.0
            table[row, places[name]] = 1.0
    return table


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What of another model is kept.

    Attributes:
        answers: By task, how much of each old answer is in each new one (`mixing`).
        labelled: The same for the answers of all tasks together, in the order of labelled neighbours.
        entities: The row of each learned entity in the old table; 0 where it is new. The first row is "none".
    """

    answers: Mapping[str, Float[Tensor, "_new _old"]]
    labelled: Float[Tensor, "label old"]
    entities: Int64[Tensor, " row"]


def go_on(model: Model, old: Mapping[str, Shaped[Tensor, "..."]], kept: Kept) -> None:
    """Set all weights of a model from those of another.

    Args:
        model: Of the same parts, for the same tasks.
        old: Weights of the other.
        kept: What of their answers and entities is the same.

    Raises:
        MismatchError: The two do not have the same parts.
    """
    own = model.state_dict()
    found = {name: _carried(name, tensor, kept) for name, tensor in old.items()}
    apart = sorted(
        name
        for name in own.keys() | found.keys()
        if name not in own or name not in found or own[name].shape != found[name].shape
    )
    if apart:
        raise MismatchError(
            f"expected a model with the parts of the one to go on from, found others at {', '.join(apart[:4])}; keep "
            "`[model]`, the text encoder and the tasks as they were"
        )
    model.load_state_dict(found)


def _carried(name: str, tensor: Shaped[Tensor, "..."], kept: Kept) -> Shaped[Tensor, "..."]:
    """What becomes of a tensor of the other model."""
    if name == "ids.weight":
        return _of_entities(tensor, kept)
    if name == "neighbours.labels":
        return kept.labelled @ tensor
    for task, mixed in kept.answers.items():
        if name == f"votes.{key_of(task)}.table.weight":
            return _of_entities(tensor, kept) @ mixed.T
        part = name.removeprefix(f"heads.{key_of(task)}.")
        if part != name and part.startswith(_BY_ANSWER):
            return mixed @ tensor
    return tensor


def _of_entities(table: Float[Tensor, "old wide"], kept: Kept) -> Float[Tensor, "row wide"]:
    """Rows of entities; those of new ones are zero, as is the first."""
    rows = table[kept.entities].clone()
    rows[kept.entities == 0] = 0.0
    return rows
