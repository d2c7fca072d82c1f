from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ragmtl.config import Config, parse_config
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.models.batch import Batch, Reading, collate
from ragmtl.models.checkpoint import restore
from ragmtl.models.encoders.tuned import AT_ONCE, TunedEncoder
from ragmtl.models.heads.labels import ClassHead
from ragmtl.models.model import Model
from ragmtl.retrieval.encoders.encoder import load_encoder
from ragmtl.retrieval.encoders.low_rank import refuse_without_peft
from ragmtl.texts import Tokeniser, TunedReader, fingerprint_for, tuned_encoder, tuned_reader
from tests.laws import evidence as laws
from tests.tiny import tiny_encoder

needs_peft = pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="needs the package peft")
both_ways = pytest.mark.parametrize("text", ["full", pytest.param("lora", marks=needs_peft)])
TEXTS = ("who sells fish", "cod", "loaves and rolls in the town", "grapes and barrels")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a text encoder."""
    return tiny_encoder(tmp_path_factory.mktemp("tiny"))


def settings(tiny: Path, text: str) -> Config:
    return parse_config(
        {
            "name": "town",
            "corpus": {"path": "passages.jsonl"},
            "encoder": {"name": str(tiny)},
            "model": {"text": text, "text_segments": 2, "dim": 16},
        }
    )


def made(tiny: Path, text: str) -> TunedEncoder:
    torch.manual_seed(0)
    encoder = tuned_encoder(settings(tiny, text))
    assert encoder is not None
    return encoder.eval()


def padded(tiny: Path, texts: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    tokens = [torch.from_numpy(one) for one in Tokeniser.of(tiny)(texts)]
    together = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True)
    lengths = torch.tensor([len(one) for one in tokens])
    return together, torch.arange(together.shape[1]) < lengths.unsqueeze(1)


@both_ways
def test_it_starts_as_the_frozen_encoder(tiny: Path, text: str) -> None:
    frozen = load_encoder(str(tiny), inside=True)
    encoder = made(tiny, text)
    found = tuned_reader(settings(tiny, text), encoder)
    assert encoder.dim == frozen.dim == found.dim
    np.testing.assert_allclose(found.encode(TEXTS), frozen.encode(TEXTS), atol=1e-5)
    assert found.fingerprint != frozen.fingerprint


@both_ways
def test_padding_and_company_never_matter(tiny: Path, text: str) -> None:
    encoder = made(tiny, text)
    tokens, mask = padded(tiny, TEXTS)
    together = encoder(tokens, mask)
    wider = encoder(torch.cat([tokens, torch.full((4, 3), 7)], 1), torch.cat([mask, torch.zeros(4, 3).bool()], 1))
    torch.testing.assert_close(wider, together)
    many = encoder(tokens.repeat(AT_ONCE, 1), mask.repeat(AT_ONCE, 1))
    torch.testing.assert_close(many, together.repeat(AT_ONCE, 1))


def test_what_is_learned_alone_is_weights_of_the_model(tiny: Path) -> None:
    whole = made(tiny, "full")
    assert not any("pooler" in name for name in whole.state_dict())
    assert all(weight.requires_grad for weight in whole.parameters())
    if importlib.util.find_spec("peft"):
        additions = made(tiny, "lora")
        assert all("lora" in name for name in additions.state_dict())
        assert set(whole.state_dict()).isdisjoint(additions.state_dict())


@both_ways
def test_it_learns_and_what_it_learned_is_restored(tiny: Path, text: str) -> None:
    encoder, again = made(tiny, text), made(tiny, text)
    config = settings(tiny, text)
    before = TunedReader("tiny", tiny, encoder)
    at_first = before.encode(TEXTS)
    tokens, mask = padded(tiny, TEXTS)
    optimiser = torch.optim.SGD(encoder.parameters(), 0.1)
    for _ in range(2):  # the first step moves one half of the additions only
        optimiser.zero_grad()
        encoder(tokens, mask).pow(2).sum().backward()
        optimiser.step()
    moved = tuned_reader(config, encoder)
    assert moved.fingerprint != before.fingerprint
    assert np.abs(moved.encode(TEXTS) - at_first).max() > 1e-3
    restore(again, encoder.state_dict())
    reader = tuned_reader(config, again)
    assert reader.fingerprint == moved.fingerprint
    np.testing.assert_array_equal(reader.encode(TEXTS), moved.encode(TEXTS))


def test_training_draws_some_segments_of_each_text(tiny: Path) -> None:
    encoder = made(tiny, "full")
    mask = torch.tensor([[True] * 6, [True] + [False] * 5, [False] * 6])
    assert encoder.drawn(mask) is mask
    encoder.train()
    torch.manual_seed(0)
    seen = torch.stack([encoder.drawn(mask) for _ in range(40)])
    assert {tuple(counts) for counts in seen.sum(2).tolist()} == {(2, 1, 0)}
    assert not (seen & ~mask).any()
    assert seen.any(0)[0].all()


def batch_of(tiny: Path, *, tokens: bool) -> Batch:
    frozen, tokeniser = load_encoder(str(tiny), inside=True), Tokeniser.of(tiny)
    parts = (TEXTS[:3], (), TEXTS[3:])
    readings = [
        replace(
            laws.random_reading(number),
            segments=frozen.encode(part) if part else np.zeros((0, frozen.dim), np.float32),
            tokens=tuple(tokeniser(part)) if tokens else (),
        )
        for number, part in enumerate(parts)
    ]
    return collate(readings, laws.random_vectors())


def model_of(tiny: Path, encoder: TunedEncoder | None) -> Model:
    torch.manual_seed(1)
    return Model(
        text_dim=laws.TEXT,
        segment_dim=made(tiny, "full").dim,
        relations=laws.RELATIONS,
        ids=laws.IDS,
        heads={"seller": ClassHead(16, 2)},
        dim=16,
        encoder=encoder,
    ).eval()


@both_ways
def test_a_model_reads_tokens_as_it_reads_the_vectors_of_the_same_encoder(tiny: Path, text: str) -> None:
    model = model_of(tiny, made(tiny, text))
    with torch.inference_mode():
        read = model(batch_of(tiny, tokens=True)).heads["seller"]
        kept = model(batch_of(tiny, tokens=False)).heads["seller"]
        frozen = model_of(tiny, None)(batch_of(tiny, tokens=True)).heads["seller"]
    torch.testing.assert_close(read, kept, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(read, frozen, atol=1e-5, rtol=1e-4)


@both_ways
def test_the_loss_of_a_task_reaches_every_weight_that_learns(tiny: Path, text: str) -> None:
    model = model_of(tiny, made(tiny, text))
    assert model.encoder is not None
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    model.train()
    model(batch_of(tiny, tokens=True)).heads["seller"].pow(2).sum().backward()
    untouched = {name for name, weight in model.encoder.named_parameters() if weight.grad is None}
    assert not untouched
    assert any(weight.grad is not None and weight.grad.any() for weight in model.encoder.parameters())


def test_a_batch_reads_vectors_where_a_text_came_without_tokens(tiny: Path) -> None:
    with_tokens = Reading(
        np.ones((1, laws.TEXT), np.float32), None, np.zeros(0, np.int64), {}, tokens=(np.ones(3, np.int64),)
    )
    without = replace(with_tokens, tokens=())
    found = collate([with_tokens, without], laws.random_vectors())
    assert found.tokens.shape[0] == found.token_mask.shape[0] == 0
    assert collate([with_tokens, with_tokens], laws.random_vectors()).tokens.shape == (2, 3)


def test_low_rank_additions_need_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="expected the package peft for LoRA, found none"):
        refuse_without_peft()


def test_an_encoder_that_is_no_transformer_or_another_one_is_refused(tiny: Path, tmp_path: Path) -> None:
    config = settings(tiny, "full")
    assert (fingerprint_for(settings(tiny, "frozen")), tuned_encoder(settings(tiny, "frozen"))) == ("", None)
    hashing = config.model_copy(update={"encoder": config.encoder.model_copy(update={"name": "hashing"})})
    with pytest.raises(ConfigError, match=r"text = \"full\": expected a transformer .* found 'hashing'"):
        tuned_encoder(hashing)
    with pytest.raises(MismatchError, match=r"expected the text encoder .* restore that encoder, or train again"):
        tuned_encoder(config, "0" * 64)
