from __future__ import annotations

import json

from tests.ragmtl.conftest import Ragmtl, World


def test_a_run_says_how_far_it_can_be_trusted(ragmtl: Ragmtl, trained: World) -> None:
    called = ragmtl("evaluate", trained.run, "--trust", "--split", "valid", "--json")
    assert called.code == 0, called.err
    rows = json.loads(called.out)
    names = {(row["task"], row["metric"]) for row in rows}
    always = {"fidelity", "fidelity_random", "fidelity_gap"}
    passages = {"attention_retrieved", "attention_planted", "attention_gap"}
    for task in ("kind", "notes", "orders", "requests"):
        assert {(task, name) for name in always | passages} <= names
    assert {(task, name) for task in ("kind", "notes") for name in ("ece", "ece_scaled")} <= names
    assert ("orders", "ece") not in names
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_temperatures_are_kept_with_the_run(trained: World) -> None:
    found = json.loads((trained.run / "run.json").read_text())["temperatures"]
    assert set(found) == {"kind", "notes"}
    assert all(0.05 <= one <= 20 for one in found.values())
