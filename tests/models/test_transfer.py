from __future__ import annotations

import pytest
import torch

from ragmtl.config import ModelConfig
from ragmtl.errors import MismatchError
from ragmtl.models.transfer import take_over, trunk_of
from ragmtl.sizes import HeadSize, ModelSize, build_model

LABELS = HeadSize(kind="labels", answers=3, votes=True)


def size(sharing: str = "bottom", **changes: object) -> ModelSize:
    settings = ModelConfig.model_validate({"dim": 8, "attention_heads": 2, "sharing": sharing})
    known: dict[str, object] = {"text_dim": 4, "segment_dim": 4, "relations": 2, "ids": 5, "settings": settings}
    return ModelSize.model_validate(known | {"heads": {"old": LABELS, "older": LABELS}} | changes)


def test_everything_but_what_belongs_to_tasks_is_taken_over() -> None:
    torch.manual_seed(0)
    learned = build_model(size(groups={"old": 0, "older": 1}))
    with torch.no_grad():
        for parameter in learned.parameters():
            parameter.add_(torch.randn_like(parameter))
    new = build_model(size(heads={"new": HeadSize(kind="class", answers=2)}, ids=0))
    before = {name: tensor.clone() for name, tensor in new.state_dict().items()}
    take_over(new, trunk_of(learned.state_dict()))
    theirs = learned.state_dict()
    for name, tensor in new.state_dict().items():
        if name in ("asked", "trust"):
            torch.testing.assert_close(tensor, theirs[name].mean(0, keepdim=True))
        elif name.startswith(("heads.", "ids.")):
            torch.testing.assert_close(tensor, before[name])
        else:
            torch.testing.assert_close(tensor, theirs[name])


@pytest.mark.parametrize("sharing", ["cross-stitch", "twins", "mmoe", "ple"])
def test_towers_of_tasks_cannot_be_taken_over(sharing: str) -> None:
    learned, new = build_model(size(sharing)), build_model(size(sharing, heads={"new": LABELS}))
    with pytest.raises(MismatchError, match='sharing = "bottom"'):
        take_over(new, trunk_of(learned.state_dict()))
