"""The default model is what it was before there were choices: the same weights from a seed, the same answers."""

from __future__ import annotations

import hashlib

import pytest
import torch

from ragmtl.config import ModelConfig
from ragmtl.models.batch import Batch, collate
from ragmtl.models.model import Model
from ragmtl.sizes import HeadSize, ModelSize, build_model
from tests.laws import evidence as laws

NAMES = "889f0d5b3523b66f3fb827c02cdd7470e5c9600e0a0ec76e08951a4060dfc389"
CUISINES = {
    False: [-0.06575, -0.45332, 0.09624, 0.19093, -0.37359, 0.63306, 1.00889, 0.16912, 0.22779],
    True: [-0.07171, -0.12901, 0.14793, 0.12636, -0.61644, 0.31117, 0.77585, 0.32692, 0.27412],
}
DIETS = {
    False: [-0.18401, 0.46678, -0.27717, 0.54374, 0.03191, -0.06924],
    True: [0.53562, 0.12551, -0.29576, -0.39414, -0.60121, 0.07082],
}
NO_EVIDENCE = {False: [0.08071, 0.20267, 0.16719], True: [0.14201, 0.2173, 0.0]}
LEARNED = [0.12213, 0.529, -0.47228, 0.09941, 0.4023, -0.3009, -0.00608, 0.29554, -0.49295]


@pytest.fixture
def model() -> Model:
    torch.manual_seed(7)
    return build_model(
        ModelSize(
            text_dim=laws.TEXT,
            segment_dim=laws.TEXT,
            relations=laws.RELATIONS,
            ids=laws.IDS,
            settings=ModelConfig(dim=16, layers=2, attention_heads=2),
            heads={
                "cuisine": HeadSize(kind="class", answers=3, votes=True),
                "diet": HeadSize(kind="labels", answers=2),
            },
            groups={"cuisine": 0, "diet": 1},
        )
    )


@pytest.fixture
def batch() -> Batch:
    sizes = ((1, 6, 3), (2, 0, 2), (3, 4, 0))
    readings = [laws.random_reading(seed, nodes=nodes, passages=passages) for seed, nodes, passages in sizes]
    return collate(readings, laws.random_vectors())


def test_names_and_shapes_of_weights_are_those_of_old_checkpoints(model: Model) -> None:
    names = "\n".join(f"{name} {tuple(tensor.shape)}" for name, tensor in model.state_dict().items())
    assert hashlib.sha256(names.encode()).hexdigest() == NAMES


@pytest.mark.parametrize("training", [False, True])
def test_a_seed_gives_the_answers_that_it_gave(training: bool, model: Model, batch: Batch) -> None:
    model.train(training)
    torch.manual_seed(3)
    found = model(batch)
    assert found.heads["cuisine"].flatten().tolist() == pytest.approx(CUISINES[training], abs=1e-4)
    assert found.heads["diet"].flatten().tolist() == pytest.approx(DIETS[training], abs=1e-4)
    assert found.fused.no_evidence.tolist() == pytest.approx(NO_EVIDENCE[training], abs=1e-4)


def test_training_goes_where_it_went(model: Model, batch: Batch) -> None:
    model.train()
    torch.manual_seed(3)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(3):
        found = model(batch)
        optimiser.zero_grad()
        torch.cat(list(found.heads.values()), 1).square().sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert model.eval()(batch).heads["cuisine"].flatten().tolist() == pytest.approx(LEARNED, abs=2e-3)
