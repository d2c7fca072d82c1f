"""A graph on disk: one array per file, opened with a memory map, and a manifest that says what belongs together.

Nothing is pickled. A directory holds a whole graph or none, as it is written beside the old one (`kg.disk.replace`);
on loading, the size and type of every file must be those of the manifest, and no number may lead outside of the arrays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ragmtl import __version__
from ragmtl.errors import MismatchError
from ragmtl.kg.adjacency import Adjacency, outgoing
from ragmtl.kg.disk.replace import put_back, replacing, watching
from ragmtl.kg.disk.whole import check_whole
from ragmtl.kg.encoding.encode import digest_of
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.labels import Labels
from ragmtl.kg.literals import Literals
from ragmtl.kg.origins import Further, Origin, Report, Source
from ragmtl.kg.terms import Aliases, Strings, Terms, frozen
from ragmtl.kg.view import View
from ragmtl.kg.vocabulary import Roles, Vocabulary

FORMAT = "ragmtl graph 4"
MANIFEST = "manifest.json"
_AGAIN = "build it again"
_TRIES, _PAUSE = 10, 0.002
"""How often, and after how many seconds each, to look for a graph that is not there: another may take its place now."""
_QUICK = 2
"""How often to try to open a graph before writers have to wait."""
_PATIENCE = 60.0
"""For how many seconds to try to open a graph that is replaced each time."""


def save(graph: KnowledgeGraph, directory: Path) -> None:
    """What `KnowledgeGraph.save` does."""
    put_back(directory, _load)
    if directory.exists() and not _may_be_replaced(directory):
        raise MismatchError(f"{directory}: expected a saved graph or nothing, found other files; choose another place")
    with replacing(directory) as building:
        write(graph, building)


def load(directory: Path, *, verify: bool = False) -> KnowledgeGraph:
    """What `KnowledgeGraph.load` does."""
    graph = _load_steady(directory)
    if verify:
        _check_digest(graph, directory)
    return graph


def _load_steady(directory: Path) -> KnowledgeGraph:
    """Open a graph, anew where another process replaced it on the way; what is broken and stays so is told at once."""
    end, tries, missing = time.monotonic() + _PATIENCE, 0, 0
    while True:
        put_back(directory, _load)
        with watching(directory, hold=tries >= _QUICK) as is_same:
            before = written_at(directory)
            try:
                graph = _load(directory)
            except MismatchError:
                missing += before is None
                stays = is_same() and written_at(directory) == before
                if stays and (before is not None or missing == _TRIES) or time.monotonic() > end:
                    raise
            else:
                if is_same() and written_at(directory) == before:
                    return graph
        tries += 1
        time.sleep(_PAUSE)


def written_at(directory: Path) -> tuple[int, int] | None:
    """What tells one saved graph from another that took its place; None where there is none at the moment."""
    try:
        found = (directory / MANIFEST).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _load(directory: Path) -> KnowledgeGraph:
    manifest = _read_manifest(directory)
    try:
        described: Mapping[str, Any] = manifest["arrays"]
        if set(described) != set(_NAMES):
            raise MismatchError(f"{directory}: expected the arrays of a {FORMAT}, found others; {_AGAIN}")
        arrays = {name: _open(directory, name, described[name]) for name in _NAMES}
        names = {"datatypes": "datatype_names", "languages": "language_names", "origins": "origins"}
        check_whole(arrays, {name: len(manifest[key]) for name, key in names.items()}, directory)
        graph = _restore(manifest, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise MismatchError(f"{directory / MANIFEST}: expected a whole manifest, found {error!r}; {_AGAIN}") from error
    if len(graph.relation_names) != len(graph.relations):
        raise MismatchError(f"{directory}: expected the arrays of one graph, found some of another; {_AGAIN}")
    return graph


def _arrays(graph: KnowledgeGraph) -> dict[str, np.ndarray]:
    literals, texts = graph.literals, {"nodes": graph.nodes.strings, "relations": graph.relations.strings}
    texts |= {"texts": literals.texts}
    arrays = {f"{name}.{part}": getattr(text, part) for name, text in texts.items() for part in ("blob", "offsets")}
    for name in ("heads", "relation_ids", "tails", "origin_ids"):
        arrays[name] = getattr(graph, name)
    for name in ("indptr", "relation_ids", "datatypes", "languages", "origin_ids"):
        arrays[f"literals.{name}"] = getattr(literals, name)
    for name in ("rows", "origin_ids"):
        arrays[f"further.{name}"] = getattr(graph.further, name)
        arrays[f"literals.further.{name}"] = getattr(literals.further, name)
    for name in ("indptr", "neighbours", "relations", "triples"):
        arrays[f"incoming.{name}"] = getattr(graph.incoming, name)
    arrays |= {"outgoing.indptr": graph.outgoing.indptr}
    aliases = graph.nodes.aliases or Aliases(Strings.of([]), np.zeros(0, np.int32))
    arrays |= {"aliases.blob": aliases.strings.blob, "aliases.offsets": aliases.strings.offsets}
    arrays["aliases.ids"] = aliases.ids
    return arrays | {"labels.rows": graph.labels.rows}


_NAMES = (
    *(f"{name}.{part}" for name in ("nodes", "relations", "texts") for part in ("blob", "offsets")),
    *("heads", "relation_ids", "tails", "origin_ids"),
    *(f"literals.{name}" for name in ("indptr", "relation_ids", "datatypes", "languages", "origin_ids")),
    *(f"incoming.{name}" for name in ("indptr", "neighbours", "relations", "triples")),
    *("outgoing.indptr", "labels.rows"),
    *("aliases.blob", "aliases.offsets", "aliases.ids"),
    *(f"{of}further.{name}" for of in ("", "literals.") for name in ("rows", "origin_ids")),
)


def write(graph: KnowledgeGraph, directory: Path) -> None:
    """Write a graph into an empty folder."""
    arrays = _arrays(graph)
    for name, array in arrays.items():
        if not _is_constant(array):
            np.save(directory / f"{name}.npy", array, allow_pickle=False)
    manifest = {
        "format": FORMAT,
        "version": __version__,
        "digest": graph.digest,
        "counts": _counts(graph),
        "report": asdict(graph.report),
        "languages": graph.languages,
        "vocabulary": asdict(graph.labels.vocabulary),
        "relation_names": graph.relation_names,
        "datatype_names": graph.literals.datatype_names,
        "language_names": graph.literals.language_names,
        "origins": [(origin.source, origin.graph) for origin in graph.origins],
        "sources": [asdict(source) for source in graph.sources],
        "arrays": {name: _described(array, directory / f"{name}.npy") for name, array in arrays.items()},
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")


def _counts(graph: KnowledgeGraph) -> dict[str, int]:
    literals = graph.literals
    counts = {"nodes": len(graph.nodes), "relations": len(graph.relations), "triples": len(graph)}
    return counts | {"literals": len(literals)}


def _is_constant(array: np.ndarray) -> bool:
    """Whether an array is one value that looks like many (`ragmtl.kg.terms.once`)."""
    return len(array) > 1 and array.strides == (0,)


def _described(array: np.ndarray, path: Path) -> dict[str, object]:
    described = {"dtype": array.dtype.str, "length": len(array)}
    return described | ({"value": int(array[0])} if _is_constant(array) else {"bytes": path.stat().st_size})


def _may_be_replaced(directory: Path) -> bool:
    if not directory.is_dir():
        return False
    return not any(directory.iterdir()) or (directory / MANIFEST).is_file() and (directory / "heads.npy").is_file()


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MismatchError(f"{directory}: expected a saved graph, found no {MANIFEST}; {_AGAIN}") from error
    except (ValueError, RecursionError) as error:
        raise MismatchError(f"{path}: expected JSON, found {error}; {_AGAIN}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise MismatchError(f"{directory}: expected {FORMAT!r}, found {found!r} (another version); {_AGAIN}")
    return dict(manifest)


def _open(directory: Path, name: str, described: Mapping[str, Any]) -> np.ndarray:
    if "value" in described and name.endswith(("origin_ids", "datatypes", "languages")):
        return np.broadcast_to(np.array(described["value"], described["dtype"]), (int(described["length"]),))
    path = directory / f"{name}.npy"
    try:
        size = path.stat().st_size
        if size != described["bytes"]:
            raise MismatchError(f"{path}: expected {described['bytes']} bytes, found {size} (truncated?); {_AGAIN}")
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except MismatchError:
        raise
    except Exception as error:  # numpy reads the beginning of a file as Python, and raises all kinds of errors
        raise MismatchError(f"{path}: expected an array, found {error}; {_AGAIN}") from error
    if array.dtype.str != described["dtype"] or array.shape != (described["length"],):
        found = f"{array.dtype} {array.shape}"
        raise MismatchError(f"{path}: expected {described['dtype']} ({described['length']},), found {found}; {_AGAIN}")
    return array


def _restore(manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> KnowledgeGraph:
    strings = {name: Strings(arrays[f"{name}.blob"], arrays[f"{name}.offsets"]) for name in _TEXTS}
    report = dict(manifest["report"])
    for name in ("left_out", "inferred"):
        report[name] = tuple((str(reason), int(count)) for reason, count in report[name])
    report["examples"] = tuple((str(reason), str(found)) for reason, found in report.get("examples", ()))
    out = outgoing(arrays["outgoing.indptr"], arrays["tails"], arrays["relation_ids"])
    incoming = (arrays[f"incoming.{name}"] for name in ("indptr", "neighbours", "relations", "triples"))
    aliases = Aliases(Strings(arrays["aliases.blob"], arrays["aliases.offsets"]), arrays["aliases.ids"])
    nodes, relations = Terms(strings["nodes"], aliases if len(aliases) else None), Terms(strings["relations"])
    literals, ways = _restore_literals(manifest, arrays, strings["texts"]), (out, Adjacency(*incoming))
    labels = _restore_labels(manifest, arrays["labels.rows"], (nodes, relations, literals, *ways))
    return KnowledgeGraph(
        nodes=nodes,
        relations=relations,
        heads=arrays["heads"],
        relation_ids=arrays["relation_ids"],
        tails=arrays["tails"],
        origin_ids=arrays["origin_ids"],
        further=Further(arrays["further.rows"], arrays["further.origin_ids"]),
        literals=literals,
        outgoing=ways[0],
        incoming=ways[1],
        labels=labels,
        relation_names=labels.relation_names,
        languages=labels.view.languages,
        origins=tuple(Origin(*_texts([source, graph])) for source, graph in manifest["origins"]),
        sources=tuple(Source(**source) for source in manifest["sources"]),
        report=Report(**report),
        digest=str(manifest["digest"]),
    )


_TEXTS = ("nodes", "relations", "texts")


def _restore_labels(
    manifest: Mapping[str, Any],
    rows: np.ndarray,
    parts: tuple[Terms, Terms, Literals, Adjacency, Adjacency],
) -> Labels:
    vocabulary = Vocabulary(**{role: _texts(iris) for role, iris in manifest["vocabulary"].items()})
    view = View(*parts, Roles.of(parts[1], vocabulary), _texts(manifest["languages"]))
    return Labels(rows, _texts(manifest["relation_names"]), view, vocabulary)


def _restore_literals(manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray], texts: Strings) -> Literals:
    return Literals(
        indptr=arrays["literals.indptr"],
        nodes=_owners(arrays["literals.indptr"]),
        relation_ids=arrays["literals.relation_ids"],
        texts=texts,
        datatypes=arrays["literals.datatypes"],
        languages=arrays["literals.languages"],
        origin_ids=arrays["literals.origin_ids"],
        further=Further(arrays["literals.further.rows"], arrays["literals.further.origin_ids"]),
        datatype_names=_texts(manifest["datatype_names"]),
        language_names=_texts(manifest["language_names"]),
    )


def _owners(indptr: np.ndarray) -> np.ndarray:
    return frozen(np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr)))


def _texts(values: object) -> tuple[str, ...]:
    """A list of texts in a manifest."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"expected texts, found {values!r:.100}")
    return tuple(values)


def _check_digest(graph: KnowledgeGraph, directory: Path) -> None:
    triples = graph.heads, graph.relation_ids, graph.tails
    found = digest_of(graph.nodes, graph.relations, triples, graph.literals)
    if found != graph.digest:
        raise MismatchError(f"{directory}: expected the digest {graph.digest[:12]}…, found {found[:12]}…; {_AGAIN}")
