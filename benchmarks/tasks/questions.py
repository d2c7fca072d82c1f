"""Questions of two and three hops over PathQuestion: which entity answers, or that the graph holds no answer.

Entities are found in the text of the questions. Routes are learned from the answers of the training questions, then the
task is trained on what they retrieve; every seed does both anew.

    peer: best triple     the end of the best retrieved triple that is no entity of the question
    rag-single            the task, alone

`whole` is the graph as it is. In `incomplete`, a tenth of the triples is gone, drawn by hash; what answers a question
then is what its chain of relations still reaches, and where it reaches nothing, "not in the graph" is right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result import Row, mean_row
from ragmtl.assembly import Assembly
from ragmtl.build import build_index, open_index, reader_for, unwatched
from ragmtl.checks import checked_tasks
from ragmtl.config import Config, parse_config
from ragmtl.evaluate import evaluate
from ragmtl.fit import fit
from ragmtl.gather import gather
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import read_examples
from ragmtl.retrieval.routes.learning import learn_triples
from ragmtl.retrieval.routes.scorer import learned_folder
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.tasks.question import ABSENT

TASK = "answer"
GONE = 0.1
ROUTE_EPOCHS = 15
METRICS = ("hits@1", "hits@3", "mrr", "retrieved")
SLICES = ("all", "in the graph", ABSENT)
_SHOWN = np.zeros(0, np.uint8)

Figures = dict[tuple[str, str, str], list[np.ndarray]]
"""By arm, slice and metric: for each seed a figure for each question."""


def rows(
    data: Path,
    work: Path,
    *,
    hops: Sequence[int] = (2, 3),
    seeds: Sequence[int] = range(5),
    split: str = "test",
    kinds: Sequence[str] = ("whole", "incomplete"),
) -> list[Row]:
    """All figures.

    Args:
        data: The folder that holds `pathquestion/`.
        work: Where graphs, tables, indexes and models are kept.
        hops: Which sets of questions.
        seeds: Seeds of learned routes and of training.
        split: On which questions to measure.
        kinds: Of graphs.
    """
    found: list[Row] = []
    for hop in hops:
        for kind in kinds:
            folder = work / f"{hop}h-{kind}"
            _prepare(data / "pathquestion", hop, folder, whole=kind == "whole")
            figures: Figures = {}
            for seed in seeds:
                _measure(folder, hop, seed, split, figures)
            place = ("pathquestion", TASK)
            slices = SLICES if kind == "incomplete" else SLICES[:1]
            for (arm, part, metric), each in figures.items():
                if part in slices:
                    name = (
                        f"{hop}H" if kind == "whole" else f"{hop}H incomplete" + (f", {part}" if part != "all" else "")
                    )
                    found.append(mean_row((*place, name, split), arm, metric, np.stack(each), list(seeds)))
    return found


def _measure(folder: Path, hop: int, seed: int, split: str, figures: Figures) -> None:
    """Learn routes, train, and add what each question is worth."""
    config = _config(folder, hop, seed)
    index = _index(config, folder, hop, seed)
    loaded = checked_tasks(config, index.graph)
    material = gather(config, index, reader_for(config, index), loaded, "retrieved", seed=seed)
    trainer, _ = fit(config, material, [TASK], seed, folder / f"run-{seed}", unwatched)
    [assembly] = material.assemblies
    measured = evaluate(trainer.model, assembly, split)[TASK]
    best = _best_triples(assembly, index, split)
    for part, chosen in measured.slices.items():
        for metric in METRICS:
            rows = measured.metrics[metric].rows[chosen]
            figures.setdefault(("rag-single", part, metric), []).append(rows[:, 0])
        figures.setdefault(("peer: best triple", part, "hits@1"), []).append(best[chosen])


def _index(config: Config, folder: Path, hop: int, seed: int) -> Index:
    place = folder / f"index-{seed}"
    if not place.exists():
        build_index(config, place)
    index = Index.load(place)
    if not learned_folder(place).exists():
        train, valid = read_examples(folder / "to-learn.jsonl", index)
        scorer, _ = learn_triples(
            index.graph, index.linker, train, valid, RouteTraining(epochs=ROUTE_EPOCHS, seed=seed), longest=hop
        )
        scorer.save(learned_folder(place))
    return open_index(config, place)


def _best_triples(assembly: Assembly, index: Index, split: str) -> np.ndarray:
    """Whether the far end of the best triple is right."""
    found = []
    for row in assembly.source.positions(split).tolist():
        example, evidence = assembly.source.examples[row], assembly.readings[row].evidence
        found.append(float(evidence is not None and _far_end(evidence, index) in example.nodes[TASK]))
    return np.array(found)


def _far_end(evidence: Evidence, index: Index) -> str:
    shown = evidence.subgraph
    if not len(shown.triples):
        return ""
    best = int(np.flatnonzero(shown.weights == shown.weights.max())[-1])  # triples of one route weigh alike, in order
    head, tail = int(shown.heads[best]), int(shown.tails[best])
    end = head if shown.seeds[tail] and not shown.seeds[head] else tail
    return index.graph.nodes[int(shown.nodes[end])]


def _config(folder: Path, hop: int, seed: int) -> Config:
    return parse_config(
        {
            "name": f"pathquestion-{hop}h",
            "seed": seed,
            "folder": folder,
            "graph": {"sources": ["graph.nt"]},
            "corpus": {"path": "passages.jsonl"},
            "encoder": {"name": "hashing"},
            "retrieval": {"walk": "learned", "nodes": 24, "passages": 0, "weights": {}},
            "model": {"dim": 64, "layers": 1, "features": ["text"]},
            "training": {"epochs": 3, "batch_size": 64, "device": "cpu", "conflicts": 0},
            "tasks": [
                {
                    "name": TASK,
                    "kind": "question",
                    "data": "questions.jsonl",
                    "id": "id",
                    "text": "question",
                    "answer": "answers",
                    "split": "split",
                }
            ],
        }
    )


def _prepare(data: Path, hop: int, folder: Path, *, whole: bool) -> None:
    """Write the graph, the questions with what answers them in it, and those that routes are learned from."""
    if (folder / "to-learn.jsonl").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines = (data / f"{hop}h.nt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if whole or "#label>" in line or _drawn(line) >= GONE]
    _write(folder / "graph.nt", kept)
    _write(folder / "passages.jsonl", [json.dumps({"id": "none", "text": "There are no passages here."})])
    tails: dict[tuple[str, str], set[str]] = {}
    for line in kept:
        head, relation, tail = (part.strip("<>") for part in line.removesuffix(".").split()[:3])
        tails.setdefault((head, relation), set()).add(tail)
    text = (data / f"{hop}h.questions.jsonl").read_text(encoding="utf-8")
    asked = [_asked(json.loads(line), tails, whole=whole) for line in text.splitlines()]
    _write(folder / "questions.jsonl", [json.dumps(row) for row in asked])
    _write(folder / "to-learn.jsonl", [json.dumps(row) for row in asked if row["answers"]])


def _asked(row: Mapping[str, Any], tails: Mapping[tuple[str, str], set[str]], *, whole: bool) -> dict[str, Any]:
    """A question with what its chain of relations reaches in a graph."""
    ends = {row["path"][0][0]}
    for _, relation, _ in row["path"]:
        ends = set().union(*(tails.get((end, relation), set()) for end in ends))
    answers = row["answers"] if whole else sorted(ends)
    return {"id": row["id"], "question": row["question"], "answers": answers, "split": row["split"]}


def _drawn(line: str) -> float:
    return int.from_bytes(hashlib.sha256(line.encode()).digest()[:6], "big") / 2**48


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
