from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ragmtl.errors import MismatchError
from ragmtl.models.fusion.tokens import NodeTokens, PaddedTokens
from ragmtl.models.heads.copying import Copying
from ragmtl.models.heads.generation import GenerationHead, Search
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.texts import Texts

DIM, WORDS, END = 16, 6, 1


def head_of(search: Search, dim: int = DIM) -> GenerationHead:
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    torch.manual_seed(0)
    settings = PegasusConfig(
        vocab_size=WORDS,
        d_model=dim,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=16,
        dropout=0.0,
        init_std=0.5,
        forced_eos_token_id=None,
    )
    return GenerationHead(dim, PegasusForConditionalGeneration(settings), search).eval()


def given(targets: list[list[int]]) -> HeadInput:
    torch.manual_seed(1)
    nodes = NodeTokens(torch.randn(3, DIM), torch.rand(3), torch.zeros(3).bool(), torch.tensor([0, 0, 1]), ones(3))
    passages = PaddedTokens(torch.randn(2, 1, DIM), torch.rand(2, 1), torch.tensor([[True], [False]]))
    target = torch.tensor(targets)
    source = torch.tensor([[2, 3, 4, 5], [3, 2, 0, 0]])
    texts = Texts(source, source > 0, torch.tensor([[0, 1, 2, -1], [0, 1, 0, 0]]), target, target > 0)
    return HeadInput(torch.randn(2, DIM), torch.rand(2, 4), None, nodes, passages, None, texts)


def ones(count: int) -> Tensor:
    return torch.ones(count).bool()


TARGETS = [[4, 2, 5, END], [3, 3, END, 0]]


def test_two_texts_are_learned_by_heart() -> None:
    head, asked = head_of(Search(longest=5, beams=3, smoothing=0.0)).train(), given(TARGETS)
    optimizer = torch.optim.Adam(head.parameters(), 0.02)
    for _ in range(40):
        losses = head(asked)
        optimizer.zero_grad()
        (losses[:, 0].sum() / losses[:, 1].sum()).backward()
        optimizer.step()
    assert losses[:, 1].tolist() == [4, 3]
    with torch.inference_mode():
        found = head.eval()(asked)
    assert [_whole(row) for row in found[:, :5].tolist()] == [[4, 2, 5], [3, 3]]
    assert found[:, 5:].tolist() == [[2, 3, 4, 5], [3, 2, 0, 0]]


def test_the_best_of_all_texts_is_found() -> None:
    """Beam search as wide as there are texts against all of them, scored as it scores: log chance over length."""
    head = head_of(Search(longest=3, beams=WORDS**2, smoothing=0.0))
    words = [word for word in range(WORDS) if word != END]
    every = [[*text, END] for length in range(3) for text in itertools.product(words, repeat=length)]
    every += [list(text) for text in itertools.product(words, repeat=3)]
    with torch.no_grad():
        asked = given(TARGETS)
        with torch.enable_grad():
            scores = [_score(head, asked, text) for text in every]
        found = head(asked)
    for row in range(2):
        best = max(range(len(every)), key=lambda at: scores[at][row])
        assert _whole(found[row, :3].tolist()) == _whole(every[best])


def _whole(row: list[int]) -> list[int]:
    """The words before the end."""
    return list(itertools.takewhile(lambda word: word != END, row))


def _score(head: GenerationHead, asked: HeadInput, text: list[int]) -> list[float]:
    target = torch.tensor([text, text])
    assert asked.texts is not None
    texts = replace(asked.texts, target=target, target_mask=torch.ones_like(target).bool())
    losses: Tensor = head(replace(asked, texts=texts))
    values: list[float] = (-losses[:, 0] / len(text)).tolist()
    return values


def test_length_limits_and_no_repetition_are_kept() -> None:
    with torch.inference_mode():
        found = head_of(Search(longest=6, shortest=6, beams=2, no_repeat=1))(given(TARGETS))[:, :6]
    for row in found.tolist():
        assert END not in row
        assert len(set(row)) == 5  # one of each word, and then none is left that may be written


def test_what_a_name_that_was_never_written_needs_is_copied() -> None:
    torch.manual_seed(0)
    copying = Copying(DIM)
    torch.nn.init.constant_(copying.gate.bias, 20.0)
    tokens, mask = torch.tensor([[4, 4, 5]]), torch.tensor([[True, True, False]])
    read = torch.randn(1, 3, DIM)
    chances = copying(torch.randn(1, 2, DIM), torch.randn(1, 2, WORDS), read, mask, tokens).exp()
    assert (chances[0, :, 4] > 0.99).all()
    nothing = torch.zeros_like(mask)
    alone = copying(torch.randn(1, 2, DIM), torch.zeros(1, 2, WORDS), read, nothing, tokens).exp()
    torch.testing.assert_close(alone, torch.full((1, 2, WORDS), 1 / WORDS))


def test_padding_and_evidence_that_was_dropped_change_nothing() -> None:
    head, asked = head_of(Search(longest=4, smoothing=0.1)), given(TARGETS)
    torch.nn.init.normal_(head.about.weight)
    before = head(asked)
    assert asked.texts is not None
    assert asked.nodes is not None
    source, mask, owners = (
        torch.nn.functional.pad(one, (0, 2))
        for one in (asked.texts.source, asked.texts.source_mask, asked.texts.owners)
    )
    padded = Texts(source, mask, owners, asked.texts.target, asked.texts.target_mask)
    torch.testing.assert_close(head(replace(asked, texts=padded)), before)
    dropped = replace(asked.nodes, mask=torch.tensor([True, False, True]))
    less = head(replace(asked, nodes=dropped))
    other = dropped.vectors.clone()
    other[1] = 9.0
    torch.testing.assert_close(head(replace(asked, nodes=replace(dropped, vectors=other))), less)
    assert not torch.allclose(less[0], before[0])
    torch.testing.assert_close(less[1], before[1])


def test_every_part_learns() -> None:
    head = head_of(Search(longest=4))
    head(given(TARGETS))[:, 0].sum().backward()
    assert not [name for name, one in head.named_parameters() if one.grad is None]


def test_it_says_what_it_misses() -> None:
    with pytest.raises(MismatchError, match="evidence as tokens"):
        head_of(Search())(replace(given(TARGETS), texts=None))
