from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ragmtl.errors import MismatchError
from ragmtl.models.grow import Kept, go_on, mixing
from ragmtl.models.heads.labels import ClassHead
from ragmtl.models.heads.votes import EntityVotes
from ragmtl.models.model import Model


def model(classes: int, ids: int) -> Model:
    torch.manual_seed(classes)
    heads: Mapping[str, nn.Module] = {"mood": ClassHead(8, classes)}
    made = Model(text_dim=4, segment_dim=4, relations=1, ids=ids, heads=heads, dim=8, votes={"mood": classes})
    for table in (made.ids, cast(EntityVotes, made.votes["task mood"]).table):
        nn.init.normal_(table.weight)
    return made


def kept(new: list[str], rows: list[int]) -> Kept:
    mixed = mixing(["dark", "odd"], new, np.zeros((len(new), 2), np.float32))
    return Kept({"mood": mixed}, torch.eye(2), torch.tensor(rows))


def test_rows_of_known_answers_and_entities_move_and_new_ones_begin_between_or_at_zero() -> None:
    old, new = model(2, 2).state_dict(), model(3, 3)
    go_on(new, old, kept(["calm", "odd", "dark"], [0, 2, 0, 1]))
    found: Mapping[str, Tensor] = new.state_dict()
    head, votes = "heads.task mood.linear.bias", "votes.task mood.table.weight"
    torch.testing.assert_close(found[head], torch.stack([old[head].mean(), old[head][1], old[head][0]]))
    torch.testing.assert_close(found["ids.weight"][[1, 3]], old["ids.weight"][[2, 1]])
    assert not found["ids.weight"][[0, 2]].any()
    torch.testing.assert_close(found[votes][1, 1], old[votes][2, 1])
    torch.testing.assert_close(found[votes][3, 0], old[votes][1].mean())
    torch.testing.assert_close(found["history.attention.query.weight"], old["history.attention.query.weight"])


def test_other_parts_are_refused() -> None:
    with pytest.raises(MismatchError, match=r"found others at heads\.task mood\.linear"):
        go_on(model(3, 2), model(2, 2).state_dict(), kept(["dark", "odd"], [0, 1, 2]))
