"""What is in a graph, in a terminal of 80 columns; texts of the graph are hostile and printed plain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ragmtl.inspector.markup import clean

Facts = dict[str, Any]
_LONGEST, _BAR, _LITERALS = 120, 30, 20


def print_info(console: Console, facts: Facts, top: int) -> None:
    """Counts, classes, relations, languages, degrees, sources, and what looks wrong; of long lists the first."""
    _print_counts(console, facts)
    classes = [(_number(one["members"]), _label(one), _dim(one["iri"])) for one in facts["classes"]]
    _print_table(console, "Classes", ("members", "class", "IRI"), classes, top)
    relations = [
        (_number(one["triples"] + one["literals"]), _label(one), f"{one['functionality']:.2f}", _text(one["example"]))
        for one in facts["relations"]
    ]
    _print_table(console, "Relations", ("uses", "relation", "heads/use", "for example"), relations, top)
    languages = [(_number(one["literals"]), _text(one["language"] or "none")) for one in facts["languages"]]
    _print_table(console, "Languages of literals", ("literals", "language"), languages, top)
    datatypes = [(_number(one["literals"]), _text(one["iri"] or "plain text")) for one in facts["datatypes"]]
    _print_table(console, "Datatypes of other literals", ("literals", "datatype"), datatypes, top)
    _print_degrees(console, facts["degrees"], top)
    origins = [(_number(one["statements"]), _text(one["source"]), _text(one["graph"])) for one in facts["origins"]]
    _print_table(console, "Sources", ("statements", "file", "graph"), origins, top)
    _print_suspicious(console, facts["suspicious"])


def print_neighbours(console: Console, facts: Facts) -> None:
    """A node and what is around it."""
    console.print(Text.assemble((_line(facts["label"]), "bold"), "  ", (_line(facts["iri"]), "dim")))
    kinds = f"{', '.join(map(_line, facts['types']))} · " if facts["types"] else ""
    console.print(Text(f"{kinds}{_count(facts['degree'], 'edge')}, {_count(len(facts['literals']), 'literal')}"))
    if facts["same_name"]:
        others = ", ".join(_line(one["iri"]) for one in facts["same_name"][:3])
        number = _count(len(facts["same_name"]), "more node")
        console.print(Text.assemble(("note ", "bold yellow"), f"{number} of this name, such as {others}"))
    literals = [(_line(one["relation_label"]), _value(one)) for one in facts["literals"]]
    _print_table(console, "Literals", ("relation", "text"), literals, _LITERALS)
    beside = [one for one in facts["triples"] if facts["iri"] in _ends(one)]
    beside.sort(key=lambda one: (one["head"]["iri"] != facts["iri"], one["relation"]["label"], one["tail"]["label"]))
    near = [_direct(one, facts["iri"]) for one in beside]
    _print_table(console, "Beside it", ("", "relation", "node", "IRI"), near, len(near))
    far = [
        (_label(one["head"]), _line(one["relation"]["label"]), _label(one["tail"]))
        for one in facts["triples"]
        if facts["iri"] not in _ends(one) and not one["relation"]["is_type"]
    ]
    _print_table(console, "Among the others", ("head", "relation", "tail"), far, len(far))
    if len(near) < facts["degree"]:
        console.print(_dim(f"{len(near):,} of {facts['degree']:,} edges shown; --nodes and --hops show more"))


def print_paths(console: Console, facts: Facts, longest: int) -> None:
    """The paths, one a line."""
    for word, one in (("from", facts["start"]), ("to", facts["end"])):
        others = _count(len(one["same_name"]), "more node")
        note = f"  ({others} of this name)" if one["same_name"] else ""
        console.print(Text.assemble(f"{word:4} ", (_label(one), "bold"), "  ", (_line(one["iri"]) + note, "dim")))
    console.print()
    for path in facts["paths"]:
        alike = f"  (and {path['alike']:,} more alike)" if path["alike"] else ""
        console.print(Text.assemble(_line(path["line"]), (alike, "dim")))
    if not facts["paths"]:
        console.print(Text(f"no path of at most {longest} steps was found; --types and a larger --longest find more"))
    if not facts["complete"]:
        note = "not everything was looked at: paths through hubs were left out; a larger --hub widens the search"
        console.print(_dim(note))


def print_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The rows of a table."""
    table = _table([clean(column) for column in columns], ())
    for row in rows:
        table.add_row(*(Text(_line(cell)) for cell in row))
    console.print(table)


def _print_counts(console: Console, facts: Facts) -> None:
    named = facts["nodes"] - facts["blank"]
    console.print(Text(f"{facts['triples']:,} triples and {facts['literals']:,} literals", style="bold"))
    console.print(Text(f"nodes: {facts['nodes']:,}, {facts['blank']:,} of them blank"))
    console.print(Text(f"labels: {_share(facts['labelled'], named)} of the nodes with an IRI have one"))
    parts = _count(facts["components"], "component")
    console.print(Text(f"parts: {parts}, the largest has {_share(facts['largest_component'], facts['nodes'])}"))
    left = [f"{one['count']:,} {one['reason']}" for one in facts["left_out"] if one["count"]]
    merged = f"{facts['merged']:,} repeated statements merged"
    console.print(Text(f"reading: {merged}; left out: {'; '.join(map(_line, left)) or 'nothing'}"))


def _print_degrees(console: Console, degrees: Facts, top: int) -> None:
    console.print()
    console.print(Text("Edges of nodes", style="bold"))
    figures = f"mean {degrees['mean']:.1f}, median {degrees['median']:g}, 95 % at most {degrees['p95']:g}"
    console.print(_dim(f"{figures}, most {degrees['most']:,}; {degrees['alone']:,} nodes have none"))
    largest = max(degrees["histogram"], default=1)
    for power, nodes in enumerate(degrees["histogram"]):
        low, high = 2**power, 2 ** (power + 1) - 1
        span = f"{low:,}" if low == high else f"{low:,}–{high:,}"
        bar = "█" * round(_BAR * nodes / largest) or ("▏" if nodes else "")
        console.print(Text.assemble(f"{span:>19} {nodes:>11,} ", (bar, "cyan")))
    hubs = [(_number(one["degree"]), _label(one), _dim(one["iri"])) for one in degrees["hubs"]]
    _print_table(console, "Hubs", ("edges", "node", "IRI"), hubs, min(top, 5))


def _print_suspicious(console: Console, suspicious: Sequence[Facts]) -> None:
    console.print()
    console.print(Text("Suspicious" if suspicious else "Nothing suspicious was found", style="bold"))
    for one in suspicious:
        number = f" ({one['count']:,}): {one['meaning']}"
        console.print(Text.assemble(("▲ ", "yellow"), (one["kind"], "bold"), number))
        for example in one["examples"]:
            console.print(Padding(_dim(example), (0, 0, 0, 4)))


def _print_table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Text]], top: int
) -> None:
    if not rows:
        return
    more = "" if len(rows) <= top else f" (the first {top} of {len(rows):,}; --json has all)"
    console.print()
    console.print(Text(title + more, style="bold"))
    table = _table(columns, ("members", "uses", "literals", "edges", "statements", "heads/use"))
    for row in rows[:top]:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    console.print(table)


def _table(columns: Iterable[str], right: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _direct(one: Facts, iri: str) -> tuple[str, str, str, Text]:
    forward = one["head"]["iri"] == iri
    other = one["tail"] if forward else one["head"]
    return "→" if forward else "←", _line(one["relation"]["label"]), _label(other), _dim(other["iri"])


def _ends(one: Facts) -> tuple[str, str]:
    return one["head"]["iri"], one["tail"]["iri"]


def _value(one: Facts) -> str:
    mark = f" @{one['language']}" if one["language"] else ""
    return _text(one["text"]) + mark


def _label(one: Facts) -> str:
    return _line(one["label"])


def _dim(text: str) -> Text:
    return Text(_line(text), style="dim")


def _text(text: str) -> str:
    """Hostile text on one line, cut."""
    line = _line(text[: 4 * _LONGEST])
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _number(value: int) -> str:
    return f"{value:,}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else f"{part:,}"
