"""Find the entity that a person means: by its IRI, by a prefixed name, or by one of its names.

    find_entity(graph, "http://x/Casablanca"), find_entity(graph, "schema:Person"), find_entity(graph, "casablanca")

Names are compared as bytes, all at once, so that nothing is built beforehand.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import BLANK, Strings
from ragmtl.kg.wording import local_name

_PREFIXED = re.compile(r"([\w.-]*):(?!//)(\S+)")
_PREFIX = re.compile(r"[a-z][a-z0-9_-]*")
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[ord("A") : ord("Z") + 1] += 32
_MOST_COMPARED, _SUGGESTED, _BESIDE, _OFTEN = 4_000, 3, 300, 5


@dataclass(frozen=True, slots=True)
class Found:
    """A node, and the others that have the same name, those with most edges first."""

    node: int
    others: tuple[int, ...] = ()


def find_entity(graph: KnowledgeGraph, asked: str) -> Found:
    """The node that is meant: of several with the same name one that has it as its label, then the one with most edges.

    Args:
        graph: Where to look.
        asked: An IRI, with or without `<>`; `prefix:name`; a name, whatever its case; or the end of an IRI.

    Raises:
        DataError: Nothing is called so; the message says what comes near.
    """
    text = asked.strip()
    iri = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    node = graph.nodes.find(iri)
    if node is None and (match := _PREFIXED.fullmatch(iri)):
        node = _prefixed(graph, match[1], match[2])
    if node is not None:
        return Found(node)
    for nodes in _candidates(graph, text):
        if nodes:
            first, *others = sorted(
                nodes, key=lambda found: (not _is_label(graph, found, text), -graph.degree(found), found)
            )
            return Found(first, tuple(others))
    raise _not_found(graph, text)


def _is_label(graph: KnowledgeGraph, node: int, text: str) -> bool:
    return graph.label(node).casefold() == text.casefold()


def _prefixed(graph: KnowledgeGraph, prefix: str, name: str) -> int | None:
    """The node of a prefixed name: a prefix that everybody uses, or the last part of a namespace of the graph."""
    from ragmtl.kg.sparql.questions import usual_prefixes

    usual = str(usual_prefixes().get(prefix, ""))
    own = [space for space in namespaces(graph) if _last(space) == prefix.lower()]
    spaces = [usual, usual.replace("https:", "http:", 1), *own]
    nodes = (graph.nodes.find(space + name) for space in spaces if space)
    return next((node for node in nodes if node is not None), None)


def namespaces(graph: KnowledgeGraph) -> list[str]:
    """What the IRIs of relations and of some nodes begin with, up to the last / or #; each once, in order."""
    return sorted({*map(_space_of, graph.relations), *_sampled(graph)} - {""})


def own_prefixes(graph: KnowledgeGraph) -> dict[str, str]:
    """The last part of each namespace of relations and nodes as its prefix, where no two have the same."""
    spaces: dict[str, list[str]] = {}
    for space in namespaces(graph):
        if _PREFIX.fullmatch(_last(space)):
            spaces.setdefault(_last(space), []).append(space)
    return {name: found[0] for name, found in spaces.items() if len(found) == 1}


def common_namespaces(graph: KnowledgeGraph) -> list[str]:
    """Those of relations, and those of many nodes."""
    often = {space for space, count in _sampled(graph).items() if count >= _OFTEN}
    return sorted({*map(_space_of, graph.relations), *often} - {""})


def _sampled(graph: KnowledgeGraph) -> Counter[str]:
    some = range(0, len(graph.nodes), max(len(graph.nodes) // 1000, 1))
    return Counter(_space_of(iri) for node in some if not (iri := graph.nodes[node]).startswith(BLANK))


def _space_of(iri: str) -> str:
    return iri[: 1 + max(iri.rfind("/"), iri.rfind("#"))]


def _last(space: str) -> str:
    return re.split(r"[/#]", space.rstrip("/#"))[-1].lower()


def _candidates(graph: KnowledgeGraph, text: str) -> Iterator[set[int]]:
    """Nodes that are called so, the strictest way to compare first."""
    literals = graph.literals
    rows = np.flatnonzero(_naming(graph)[literals.relation_ids])
    for fold in (False, True):
        wanted = " ".join(text.split()).encode("utf-8", "surrogatepass")
        found = rows[equal(literals.texts, rows, wanted, fold=fold)]
        yield {node for row in found.tolist() for node in _named_by(graph, row)}
    ends = re.sub(r"\s+", "_", text.strip()).encode("utf-8", "surrogatepass")
    every = np.arange(len(graph.nodes))
    for fold in (False, True):
        yield {int(node) for sep in (b"/", b"#") for node in every[_ending(graph.nodes.strings, sep + ends, fold=fold)]}


def _naming(graph: KnowledgeGraph) -> Bool[np.ndarray, " relations"]:
    roles = graph.labels.view.roles
    naming = np.zeros(len(graph.relations), np.bool_)
    naming[[*roles.labels, *roles.alternatives, *roles.forms]] = True
    return naming


def _named_by(graph: KnowledgeGraph, row: int) -> list[int]:
    """Whom a name names: its node, or those that have the node as their label where it stands for a text."""
    node, roles = int(graph.literals.nodes[row]), graph.labels.view.roles
    if int(graph.literals.relation_ids[row]) not in roles.forms:
        return [node]
    place = graph.incoming.row(node)
    pairs = zip(graph.incoming.relations[place].tolist(), graph.incoming.neighbours[place].tolist(), strict=True)
    return [head for relation, head in pairs if relation in roles.links or relation in roles.alternatives] or [node]


def equal(strings: Strings, rows: Int64[np.ndarray, " rows"], text: bytes, *, fold: bool) -> Bool[np.ndarray, " rows"]:
    """Which of some texts are this one; whatever the case of ASCII letters, where they are folded."""
    same = np.asarray(strings.offsets[rows + 1] - strings.offsets[rows] == len(text))
    places = np.flatnonzero(same)
    same[places] = _same(strings.blob, strings.offsets[rows[places]].astype(np.int64), text, fold)
    return same


def _ending(strings: Strings, text: bytes, *, fold: bool) -> Bool[np.ndarray, " texts"]:
    """Which texts end so."""
    same = np.asarray(strings.offsets[1:] - strings.offsets[:-1] >= len(text))
    places = np.flatnonzero(same)
    same[places] = _same(strings.blob, strings.offsets[places + 1].astype(np.int64) - len(text), text, fold)
    return same


def _same(
    blob: UInt8[np.ndarray, " bytes"], starts: Int64[np.ndarray, " places"], text: bytes, fold: bool
) -> Bool[np.ndarray, " places"]:
    """At which places of the bytes a text stands; compares its last letter first, as that leaves few."""
    left = np.arange(len(starts))
    for place in range(len(text) - 1, -1, -1):
        letters, wanted = blob[starts[left] + place], text[place]
        left = left[(_LOWER[letters] == _LOWER[wanted]) if fold else (letters == wanted)]
    same = np.zeros(len(starts), np.bool_)
    same[left] = True
    return same


def _not_found(graph: KnowledgeGraph, text: str) -> DataError:
    near = _near_names(graph, text) or _near_iris(graph, text)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "look at some with `ragmtl kg info`"
    return DataError(f"expected the IRI, prefix:name or name of a node of the graph, found {text!r}; {hint}")


def _near_names(graph: KnowledgeGraph, text: str) -> list[str]:
    """Names that are nearly so: those of about the same length that begin or end alike."""
    strings, wanted = graph.literals.texts, text.encode("utf-8", "surrogatepass")
    if len(wanted) < 3:
        return []
    rows = np.flatnonzero(_naming(graph)[graph.literals.relation_ids])
    starts, ends = strings.offsets[rows].astype(np.int64), strings.offsets[rows + 1].astype(np.int64)
    lengths = ends - starts
    alike = np.abs(lengths - len(wanted)) <= max(2, len(wanted) // 4)
    rows, starts, ends = (column[alike & (lengths > 2)] for column in (rows, starts, ends))
    begins = [_LOWER[strings.blob[starts + place]] == _LOWER[wanted[place]] for place in (0, 1)]
    stops = [_LOWER[strings.blob[ends - place]] == _LOWER[wanted[-place]] for place in (1, 2)]
    likeness = sum(part.astype(np.int64) for part in (*begins, *stops))
    order = np.argsort(-likeness, kind="stable")[:_MOST_COMPARED]
    names = {strings[row].lower(): strings[row] for row in rows[order].tolist()[::-1]}
    return [names[near] for near in difflib.get_close_matches(text.lower(), names, n=_SUGGESTED, cutoff=0.7)]


def _near_iris(graph: KnowledgeGraph, text: str) -> list[str]:
    """IRIs that stand near in the order of IRIs, or whose last part is alike."""
    place = bisect_left(range(len(graph.nodes)), text, key=graph.nodes.__getitem__)
    beside = [graph.nodes[node] for node in range(max(place - _BESIDE, 0), min(place + _BESIDE, len(graph.nodes)))]
    by_name = {local_name(iri).lower(): iri for iri in beside if not iri.startswith(BLANK)}
    near = difflib.get_close_matches(local_name(text).lower(), by_name, n=_SUGGESTED, cutoff=0.7)
    return [by_name[name] for name in near]
