"""What the parts have in common: how the model is made and trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ragmtl.config import Config, parse_config


def settings_for(work: Path, name: str, places: tuple[str, str], nodes: int, task: Mapping[str, object]) -> Config:
    """The configuration of one part.

    Args:
        work: The folder of its files.
        name: Of the part.
        places: Of its graph and its passages.
        nodes: The most in a subgraph.
        task: What is written, and how its table names it.
    """
    graph, passages = places
    return parse_config(
        {
            "name": name,
            "folder": work,
            "graph": {"sources": [graph]},
            "corpus": {"path": passages},
            "encoder": {"name": "hashing"},
            "retrieval": {"passages": 2, "nodes": nodes},
            "model": {"dim": 128, "dropout": 0.2},
            "training": {"epochs": 12, "patience": 12, "batch_size": 16, "learning_rate": 1e-3, "conflicts": 0},
            "tasks": [
                {"kind": "generation", "data": "sentences.jsonl", "output": "sentence", "split": "split", **task},
            ],
        }
    )
