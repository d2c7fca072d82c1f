from __future__ import annotations

import torch

from ragmtl.models.heads.votes import EntityVotes


def votes() -> EntityVotes:
    made = EntityVotes(3, 2).eval()
    made.table.weight.data[1:] = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, -1.0]])
    return made


def test_the_votes_of_an_example_add_up() -> None:
    ids, example = torch.tensor([1, 2, 0, 3]), torch.tensor([0, 0, 0, 2])
    found = votes()(ids, torch.ones(4, dtype=torch.bool), example, 3)
    assert found.tolist() == [[1, 2], [0, 0], [-1, -1]]


def test_nodes_that_are_not_there_do_not_vote() -> None:
    ids, example = torch.tensor([1, 2]), torch.tensor([0, 0])
    assert votes()(ids, torch.tensor([False, True]), example, 1).tolist() == [[0, 2]]


def test_nobody_votes_at_first() -> None:
    ids = torch.tensor([1, 2])
    assert not EntityVotes(3, 2)(ids, torch.ones(2, dtype=torch.bool), torch.tensor([0, 1]), 2).any()
