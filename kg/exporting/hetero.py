"""A graph as `HeteroData` of PyTorch Geometric, in memory and in a folder; nothing is pickled.

save_hetero_data(to_hetero_data(graph), "out")       out/tensors.safetensors, out/types.json
load_hetero_data("out")
"""

from __future__ import annotations

import json
import re
import warnings
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64, Integer

from ragmtl.errors import MismatchError
from ragmtl.kg.disk.replace import replacing
from ragmtl.kg.graph import KnowledgeGraph

if TYPE_CHECKING:
    from torch import Tensor
    from torch_geometric.data import HeteroData

FORMAT = "ragmtl hetero 1"
UNTYPED = "node"
_TENSORS, _TYPES = "tensors.safetensors", "types.json"


def to_hetero_data(graph: KnowledgeGraph) -> HeteroData:
    """Nodes by class, edges by (class of head, relation, class of tail).

    A node of several classes counts for the one with most members; one of none is a `node`. `data[class].node_id` are
    ids of the graph, `data[edge type].triple_id` those of triples; there are no features, and no literals.
    """
    import torch

    kinds, names = _kinds(graph)
    order = np.argsort(kinds, kind="stable")
    places = np.empty(len(order), np.int64)
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(kinds, minlength=len(names)))))
    places[order] = np.arange(len(order)) - starts[kinds[order]]
    data = _empty()
    for kind, name in enumerate(names):
        nodes = order[starts[kind] : starts[kind + 1]]
        data[name].node_id = torch.from_numpy(nodes.astype(np.int64))
        data[name].num_nodes = len(nodes)
    relations = _unique_names([graph.relation_label(relation) for relation in range(len(graph.relations))])
    keys = (kinds[graph.heads] * len(relations) + graph.relation_ids) * len(names) + kinds[graph.tails]
    by_key = np.argsort(keys, kind="stable")
    for triples in np.split(by_key, np.flatnonzero(np.diff(keys[by_key])) + 1) if len(by_key) else []:
        head, relation, tail = graph.triple(int(triples[0]))
        store = data[names[kinds[head]], relations[relation], names[kinds[tail]]]
        ends = np.stack((places[graph.heads[triples]], places[graph.tails[triples]]))
        store.edge_index, store.triple_id = torch.from_numpy(ends), torch.from_numpy(triples.astype(np.int64))
    return data


def save_hetero_data(data: HeteroData, folder: str | Path) -> None:
    """Write the tensors, and beside them the names of types; a folder that holds another such graph is replaced.

    Raises:
        MismatchError: Something else stands there.
        DataError: The folder cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    target = Path(folder)
    if target.exists() and not (target.is_dir() and (not any(target.iterdir()) or (target / _TYPES).is_file())):
        raise MismatchError(f"{target}: expected nothing or saved HeteroData, found other files; choose another place")
    tensors: dict[str, Tensor] = {}
    for kind, name in enumerate(data.node_types):
        tensors[f"nodes.{kind}.node_id"] = data[name].node_id
    for kind, name in enumerate(data.edge_types):
        tensors[f"edges.{kind}.edge_index"] = data[name].edge_index.contiguous()
        tensors[f"edges.{kind}.triple_id"] = data[name].triple_id
    types = {"format": FORMAT, "nodes": data.node_types, "edges": data.edge_types}
    with replacing(target) as building:
        try:
            save_file(tensors, building / _TENSORS)
        except SafetensorError as error:  # its own error of a full disk
            raise OSError(str(error)) from error
        (building / _TYPES).write_text(json.dumps(types, ensure_ascii=False, indent=1), "utf-8")


def load_hetero_data(folder: str | Path) -> HeteroData:
    """Open what `save_hetero_data` wrote.

    Raises:
        MismatchError: The folder holds nothing of the kind.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    place = Path(folder)
    data = _empty()
    try:
        types = json.loads((place / _TYPES).read_text("utf-8"))
        if types["format"] != FORMAT:
            raise ValueError(types["format"])
        tensors = load_file(place / _TENSORS)
        for kind, name in enumerate(types["nodes"]):
            data[name].node_id = tensors[f"nodes.{kind}.node_id"]
            data[name].num_nodes = len(data[name].node_id)
        for kind, edge in enumerate(types["edges"]):
            data[tuple(edge)].edge_index = tensors[f"edges.{kind}.edge_index"]
            data[tuple(edge)].triple_id = tensors[f"edges.{kind}.triple_id"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise MismatchError(f"{place}: expected saved HeteroData, found {error!r}; write it again") from error
    return data


def _empty() -> HeteroData:
    with warnings.catch_warnings():  # torch_geometric 2.8 calls torch.jit.script, which torch 2.13 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        from torch_geometric.data import HeteroData
    return HeteroData()


def _kinds(graph: KnowledgeGraph) -> tuple[Int64[np.ndarray, " nodes"], list[str]]:
    """The number of the class of each node, and the names of classes."""
    typed = np.flatnonzero(np.isin(graph.relation_ids, list(graph.labels.view.roles.types)))
    classes, places, members = np.unique(graph.tails[typed], return_inverse=True, return_counts=True)
    order = np.lexsort((classes[places], -members[places], graph.heads[typed]))
    heads, firsts = np.unique(graph.heads[typed][order], return_index=True)
    chosen = np.full(len(graph.nodes), -1, np.int64)
    chosen[heads] = classes[places[order[firsts]]]
    used, kinds = np.unique(chosen, return_inverse=True)
    names = [UNTYPED if node < 0 else graph.label(node) for node in used.tolist()]
    return _ids(kinds), _unique_names(names)


def _ids(values: Integer[np.ndarray, " nodes"]) -> Int64[np.ndarray, " nodes"]:
    return values.astype(np.int64)


def _unique_names(names: list[str]) -> list[str]:
    """Names that PyG takes (`part_of`), each with a number where another is the same."""
    result: dict[str, None] = {}
    for name in names:
        plain = re.sub(r"\W+", "_", name).strip("_") or UNTYPED
        numbered = (plain if number == 1 else f"{plain}_{number}" for number in count(1))
        result[next(one for one in numbered if one not in result)] = None
    return list(result)
