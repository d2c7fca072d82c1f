from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.encoding.names import name_lengths, rank_blanks, write_names

NODES = 12
marks_of = st.lists(st.sampled_from([0, 0, 1, 2, 11, 101]), min_size=NODES, max_size=NODES)
rows = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(-3, NODES - 1), st.integers(0, 2)), max_size=25)
graphs_of = st.lists(st.integers(-1, NODES - 1), min_size=3, max_size=3)


def expected(marks: list[int], rows: list[tuple[int, int, int]], graphs: list[int]) -> tuple[dict[int, str], set[int]]:
    """The names of blank nodes, in the order in which statements use them, and the nodes that stand in one."""
    names, counts, used = dict[int, str](), dict[int, int](), set[int]()
    for head, tail, origin in rows:
        used |= {node for node in (head, tail) if node >= 0}
        for node in (head, tail, graphs[origin]):
            if node >= 0 and marks[node] and node not in names:
                names[node] = f"_:f{marks[node] - 1}b{counts.setdefault(marks[node], 0)}"
                counts[marks[node]] += 1
    return names, used


@settings(deadline=None)
@given(marks_of, rows, graphs_of)
def test_blank_nodes_are_numbered_by_file_in_the_order_of_their_use(
    marks: list[int], statements: list[tuple[int, int, int]], graphs: list[int]
) -> None:
    graphs = [node if node >= 0 and marks[node] else -1 for node in graphs]  # only blank nodes name graphs so
    table = np.array(statements, np.int64).reshape(-1, 3)
    heads, tails, origins = (np.ascontiguousarray(column, np.int32) for column in table.T)
    files = np.array(marks, np.int32)
    ranks, used = rank_blanks(heads, tails, origins, np.array(graphs), files, np.zeros(max(marks) + 1, np.int64))
    names, stated = expected(marks, statements, graphs)
    assert {f"_:f{marks[node] - 1}b{ranks[node]}" for node in names} == {*names.values()}
    assert all(names[node] == f"_:f{marks[node] - 1}b{ranks[node]}" for node in names)
    assert set(np.flatnonzero(used).tolist()) == stated

    iris = [f"http://x/{'y' * node}" for node in range(NODES)]
    blob = np.frombuffer("".join(iris).encode(), np.uint8)
    ends = np.concatenate(([0], np.cumsum([len(iri) for iri in iris]))).astype(np.int64)
    lengths = name_lengths(ends, files, ranks, used)
    target = np.empty(int(lengths[-1]), np.uint8)
    write_names(blob, ends, files, ranks, used, target)
    written = [target[start:end].tobytes().decode() for start, end in zip(lengths, lengths[1:], strict=False)]
    assert written == [names.get(node, iris[node]) for node in sorted(stated)]
