from __future__ import annotations

from dataclasses import replace

import torch

from ragmtl.models.fusion.tokens import PaddedTokens
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.heads.pair import PairHead

DIM, PASSAGES = 8, 3


def given() -> HeadInput:
    torch.manual_seed(0)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    passages = PaddedTokens(torch.randn(2, PASSAGES, DIM), torch.rand(2, PASSAGES), mask)
    return HeadInput(torch.randn(2, DIM), torch.rand(2, 4), None, passages=passages)


def test_the_text_is_judged_by_itself_where_there_is_no_passage() -> None:
    head, asked = PairHead(DIM, 4).eval(), given()
    alone = head(replace(asked, passages=None))
    found = head(asked)
    torch.testing.assert_close(found[1], alone[1])
    assert not torch.allclose(found[0], alone[0])


def test_padding_and_the_order_of_passages_change_nothing() -> None:
    head, asked = PairHead(DIM, 4).eval(), given()
    tokens = asked.passages
    assert tokens is not None
    padded = tokens.vectors.clone()
    padded[0, 2] = 99.0
    torch.testing.assert_close(head(replace(asked, passages=replace(tokens, vectors=padded))), head(asked))
    order = torch.tensor([1, 0, 2])
    turned = PaddedTokens(tokens.vectors[:, order], tokens.scores[:, order], tokens.mask[:, order])
    torch.testing.assert_close(head(replace(asked, passages=turned)), head(asked))


def test_every_part_learns() -> None:
    head = PairHead(DIM, 4)
    head(given()).square().sum().backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in head.parameters())


def test_what_passages_add_is_all_that_they_add() -> None:
    head, asked = PairHead(DIM, 4).eval(), given()
    tokens = asked.passages
    assert tokens is not None
    each = head.each(asked.shared, tokens)
    torch.testing.assert_close(head(asked), head.alone(asked.shared) + each.sum(1))
    assert not each[0, 2].any()
    assert not each[1].any()
