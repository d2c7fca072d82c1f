"""The rows of `result.json`: what is measured anew replaces what was there; ratios are computed from all of them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.result import Row, plain_row

GROWTH = ("cpu seconds to index", "p50 cpu ms", "mb more at the peak of indexing")
PEER, MEDIAN = "peer: networkx + rank_bm25", "p50 cpu ms"
TIMES_A_TENTH, TIMES_AS_FAST = ", times that of a tenth", f"times as fast as {PEER}"


def without(rows: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The rows that are neither measured anew nor computed from others."""
    places = {_place(row) for row in new}
    kept = [row for row in rows if _place(row) not in places]
    return [row for row in kept if TIMES_A_TENTH not in str(row["metric"]) and row["metric"] != TIMES_AS_FAST]


def _place(row: Row) -> tuple[object, object, object]:
    return row["slice"], row["arm"], row["metric"]


def derived(rows: list[Row]) -> list[Row]:
    """The rows, smaller sizes first, with how they grow and how many times as fast as the peer each arm is."""
    ordered = sorted(rows, key=_size)
    return [*ordered, *growth(ordered), *beside_the_peer(ordered)]


def _size(row: Row) -> int:
    return int(str(row["slice"]).split()[0].replace(",", ""))


def growth(rows: Sequence[Row]) -> list[Row]:
    """How many times as much the next larger size takes; ten times as much is linear."""
    sizes = list(dict.fromkeys(str(row["slice"]) for row in rows))
    found = []
    for smaller, larger in zip(sizes[:-1], sizes[1:], strict=True):
        before = {(row["arm"], row["metric"]): float(str(row["value"])) for row in rows if row["slice"] == smaller}
        for row in rows:
            place = (row["arm"], row["metric"])
            if row["slice"] == larger and row["metric"] in GROWTH and before.get(place):
                times = float(str(row["value"])) / before[place]
                name = f"{row['metric']}{TIMES_A_TENTH}"
                found.append(plain_row(("made up", "speed", larger, "all"), str(row["arm"]), name, times))
    return found


def beside_the_peer(rows: Sequence[Row]) -> list[Row]:
    """How many times as fast as the peer each arm is, by the medians of the time of the processor."""
    medians = [row for row in rows if row["metric"] == MEDIAN]
    slow = {row["slice"]: float(str(row["value"])) for row in medians if row["arm"] == PEER}
    return [
        plain_row(
            ("made up", "speed", str(row["slice"]), "all"),
            str(row["arm"]),
            TIMES_AS_FAST,
            slow[row["slice"]] / float(str(row["value"])),
        )
        for row in medians
        if row["arm"] != PEER and row["slice"] in slow
    ]
