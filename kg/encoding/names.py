"""Names of blank nodes and numbers of terms, in the order in which statements use them; compiled.

A blank node is called after its file and its place among the blank nodes of that file: `_:f0b0`. A term that no
statement uses (its line was refused in the end) gets no number.
"""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import compiled


@compiled
def rank_blanks(
    heads: np.ndarray, tails: np.ndarray, origins: np.ndarray, graphs: np.ndarray, marks: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The place of each blank node in its file, and which terms are heads or tails.

    Args:
        heads: Node of each statement.
        tails: Node of each statement, or ~ the number of a literal.
        origins: Origin of each statement.
        graphs: Of each origin the node that names it, or -1.
        marks: Of each node its file plus one where it is blank, else 0.
        counts: Room for how many blank nodes each mark has, all 0.
    """
    ranks = np.full(len(marks), -1, np.int32)
    used = np.zeros(len(marks), np.uint8)
    for row in range(len(heads)):
        for node in (heads[row], tails[row]):
            if node >= 0:
                used[node] = 1
                if marks[node] > 0 and ranks[node] < 0:
                    ranks[node] = counts[marks[node]]
                    counts[marks[node]] += 1
        node = graphs[origins[row]]
        if node >= 0 and ranks[node] < 0:
            ranks[node] = counts[marks[node]]
            counts[marks[node]] += 1
    return ranks, used


@compiled
def _digits(value: int) -> int:
    count = 1
    while value >= 10:
        value //= 10
        count += 1
    return count


@compiled
def _write_number(target: np.ndarray, place: int, value: int) -> int:
    end = place + _digits(value)
    for at in range(end - 1, place - 1, -1):
        target[at] = 48 + value % 10
        value //= 10
    return int(end)


@compiled
def name_lengths(ends: np.ndarray, marks: np.ndarray, ranks: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Where each used term ends once blank nodes are named, after a zero."""
    result = np.zeros(used.sum() + 1, np.int64)
    at = 0
    for number in range(len(marks)):
        if used[number]:
            length = np.int64(ends[number + 1] - ends[number])
            if marks[number] > 0:
                length = 4 + _digits(marks[number] - 1) + _digits(ranks[number])
            result[at + 1] = result[at] + length
            at += 1
    return result


@compiled
def write_names(
    blob: np.ndarray, ends: np.ndarray, marks: np.ndarray, ranks: np.ndarray, used: np.ndarray, target: np.ndarray
) -> None:
    """Write the used terms one after the other, blank nodes by their names."""
    place = 0
    for number in range(len(marks)):
        if not used[number]:
            continue
        if marks[number] > 0:
            target[place], target[place + 1], target[place + 2] = 95, 58, 102  # _:f
            place = _write_number(target, place + 3, marks[number] - 1)
            target[place] = 98  # b
            place = _write_number(target, place + 1, ranks[number])
        else:
            for at in range(ends[number], ends[number + 1]):
                target[place] = blob[at]
                place += 1
