"""MovieLens 100K, on the split on which published graph recommenders were run, and on random splits of the same kind.

Everything is fitted to train; a user's train items are the input; train and valid items are no answers in test.
"""

from __future__ import annotations

import csv
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.walks.similar import adamic_adar
from ragmtl.retrieval.controls import shuffle_graph
from ragmtl.tasks.base import Example, Split
from ragmtl.tasks.metrics import Statistics, concatenate
from ragmtl.tasks.recommendation.blend import Blend
from ragmtl.tasks.recommendation.crossed import Crossed
from ragmtl.tasks.recommendation.ease import Ease
from ragmtl.tasks.recommendation.events import EventSettings, held_out, log_source, log_task
from ragmtl.tasks.recommendation.factors import Factors, FactorSignal
from ragmtl.tasks.recommendation.interactions import HIDDEN, Interactions, LogColumns, RandomOut, read_interactions
from ragmtl.tasks.recommendation.neighbours import Neighbours
from ragmtl.tasks.recommendation.propagation import Propagation
from ragmtl.tasks.recommendation.signals import EaseSignal, Popularity, Signal, Signals, TrainRows

TASK = "films"
REGULARISATION = 250.0
AT_ONCE = 256
Weights = Mapping[str, float]
METRICS = ("recall@10", "ndcg@10", "hr@10", "mrr")


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one arm reached on one split: statistics by metric, users, seconds of training, weights by signal."""

    metrics: Mapping[str, Statistics]
    users: tuple[str, ...]
    seconds: float
    weights: Weights


def read_given(folder: Path) -> Interactions:
    """The given split."""
    paths: dict[Split, str | Path] = {
        "train": folder / "train.tsv",
        "valid": folder / "valid.tsv",
        "test": folder / "test.tsv",
    }
    return read_interactions(paths, LogColumns("user", "item", weight="rating"), entities=_entities(folder))


def read_again(folder: Path, work: Path, seed: int) -> Interactions:
    """A random split by the same recipe: a tenth of each user's films for valid, a tenth for test."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "all.tsv"
    if not path.exists():
        lines = [(folder / f"{part}.tsv").read_text().splitlines() for part in ("train", "valid", "test")]
        path.write_text("\n".join([lines[0][0], *(line for part in lines for line in part[1:])]) + "\n")
    columns = LogColumns("user", "item", weight="rating")
    return read_interactions(path, columns, RandomOut(0.1, 0.1, seed), entities=_entities(folder))


def read_graph(folder: Path) -> KnowledgeGraph:
    """The graph about the films."""
    return read_rdf([folder / "kg.nt.gz"])


def ease(log: Interactions, split: Split) -> Found:
    """EASE alone."""
    began = time.perf_counter()
    model = Ease.fit(log.train, REGULARISATION)
    seconds = time.perf_counter() - began
    seen = np.asarray(log.train.sum(axis=0) > 0)
    examples = _asked(log, split, seen)
    scores = model.scores([example.past[TASK] for example in examples], [np.zeros(0, np.int64)] * len(examples))
    return _measured(log, examples, [scores], seconds, {})


def blended(
    log: Interactions, split: Split, known: Sequence[Signal], graph: KnowledgeGraph | None, seed: int, fitting: float
) -> Found:
    """The mixture of signals, with those of the graph where there is one.

    Args:
        log: The log.
        split: What is measured.
        known: What the log says (`collaborative`).
        graph: What else there is to know.
        seed: Of what is held out of train to learn the mixture.
        fitting: Seconds that it took to fit `known`.
    """
    began = time.perf_counter()
    examples = held_out(log, TASK, seed=seed)
    seen = np.asarray(log.train.sum(axis=0) > 0)
    task = replace(log_task(log, TASK), untrained=tuple(np.flatnonzero(~seen).tolist()))
    signals = Signals.fit([*known, *_knowledge(log, graph)], len(log.items), examples[:AT_ONCE])
    mixture = Blend.fit(task, signals, examples)
    seconds = fitting + time.perf_counter() - began
    asked = _asked(log, split, seen)
    parts = [mixture.scores(asked[start : start + AT_ONCE]) for start in range(0, len(asked), AT_ONCE)]
    return _measured(log, asked, parts, seconds, dict(zip(signals.names, mixture.weights.tolist(), strict=True)))


def _among_cold(log: Interactions, examples: Sequence[Example], seen: np.ndarray) -> list[Example]:
    """The examples that want films that train never met, asked among such films only.

    Cold films that their users met in train are no answers either: they were hidden, but are no mistakes.
    """
    found, users = [], {name: row for row, name in enumerate(log.users)}
    for example in examples:
        label = example.labels[TASK]
        wanted = tuple(item for item in (label if isinstance(label, tuple) else (label,)) if not seen[item])
        if wanted:
            hidden = log.item_ids[(log.user_ids == users[example.group]) & (log.splits == HIDDEN)]
            shown = example.excluded.get(TASK, np.zeros(0, np.int64))
            left_out = np.unique(np.concatenate([np.flatnonzero(seen), shown, hidden]))
            found.append(replace(example, labels={TASK: wanted}, excluded={TASK: left_out}))
    return found


def collaborative(log: Interactions, seed: int) -> list[Signal]:
    """What the log says of every film."""
    rows = TrainRows.of_log(log)
    return [
        Popularity(rows),
        EaseSignal(TASK, rows, Ease.fit(rows.matrix, REGULARISATION)),
        Neighbours.of_train(TASK, rows, fading=0.0, recent=len(log.items)),
        Crossed.fit(rows, lambda matrix: FactorSignal(TASK, Factors.fit(matrix, seed=seed))),
        Crossed.fit(rows, lambda matrix: Propagation.fit(TASK, matrix)),
    ]


def shuffled(graph: KnowledgeGraph, seed: int) -> KnowledgeGraph:
    """The graph with the tails of each relation permuted."""
    return shuffle_graph(graph, seed)


def _knowledge(log: Interactions, graph: KnowledgeGraph | None) -> list[Signal]:
    if graph is None:
        return []
    found = (graph.nodes.find(iri) for iri in log.items)
    nodes = np.array([-1 if node is None else node for node in found], np.int64)
    return [Neighbours.of(TASK, "alike in the graph", adamic_adar(graph, nodes), fading=0.0, recent=len(log.items))]


def one_in(count: int) -> Callable[[str], bool]:
    """Chooses one film of so many by a hash of its IRI."""
    return lambda iri: int(hashlib.sha256(iri.encode()).hexdigest(), 16) % count == 0


def of_same_users(
    mine: Sequence[Statistics], against: Sequence[Statistics], users: Sequence[tuple[str, ...]]
) -> tuple[list[Statistics], list[Statistics], list[str]]:
    """Two arms on the users that are in all splits, in one order."""
    common = sorted(set.intersection(*map(set, users)))
    places = [[{user: at for at, user in enumerate(one)}[user] for user in common] for one in users]
    kept = [np.array(rows, np.int64) for rows in places]
    both = ([one.of(rows) for one, rows in zip(arm, kept, strict=True)] for arm in (mine, against))
    return *both, common


def _asked(log: Interactions, split: Split, seen: np.ndarray) -> Sequence[Example]:
    """All examples; where films were made cold, only what is wanted of these."""
    examples = _examples(log, split)
    return _among_cold(log, examples, seen) if (log.splits == HIDDEN).any() else examples


def guessed(log: Interactions, split: Split, seed: int) -> Found:
    """Scores drawn at random."""
    examples = _asked(log, split, np.asarray(log.train.sum(axis=0) > 0))
    scores = np.random.default_rng(seed).random((len(examples), len(log.items))).astype(np.float32)
    return _measured(log, examples, [scores], 0.0, {})


def _examples(log: Interactions, split: Split) -> Sequence[Example]:
    source = log_source(log, log_task(log, TASK), EventSettings(show_valid=False), TASK)
    return [source.examples[row] for row in source.positions(split).tolist()]


def _measured(
    log: Interactions,
    examples: Sequence[Example],
    parts: Sequence[np.ndarray],
    seconds: float,
    weights: dict[str, float],
) -> Found:
    task, start, found = log_task(log, TASK), 0, []
    for scores in parts:
        found.append(task.measure(scores, examples[start : start + len(scores)]))
        start += len(scores)
    metrics = {name: concatenate([one[name] for one in found]) for name in METRICS}
    return Found(metrics, tuple(example.group for example in examples), seconds, weights)


def _entities(folder: Path) -> dict[str, str]:
    with (folder / "items.tsv").open(encoding="utf-8") as file:
        return {row["item"]: row["entity"] for row in csv.DictReader(file, delimiter="\t")}
