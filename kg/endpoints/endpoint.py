"""A SPARQL endpoint as a source: its triples are fetched page by page into a file, which is then read as any other.

    source = Endpoint("https://example.org/sparql", classes=("http://schema.org/Movie",))
    graph = read_rdf(source.fetch("cache"))

The file grows in a folder of its own below the cache, with a manifest that says how far it is; a page that is there is
never asked for again, also after a kill, and a file that is whole is not asked for at all (delete the folder to fetch
anew). How pages fit together stands in `ragmtl.kg.endpoints.pages`, how a server is asked in `ragmtl.kg.endpoints.web`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.disk.replace import writing
from ragmtl.kg.endpoints.pages import Part, lines_of, number_of, parts_of, second_blank
from ragmtl.kg.endpoints.web import Client, Manners, shown, split

FORMAT = "ragmtl endpoint 1"
MANIFEST = "manifest.json"
_AGAIN = 100  # rows that are asked for twice, to see whether blank nodes keep their names

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What to fetch, and from where.

    Attributes:
        url: Address for queries; http or https.
        classes: Only statements about instances of these classes.
        predicates: Only statements with these predicates.
        graphs: Only statements of these named graphs, which are kept.
        query: A CONSTRUCT instead, without LIMIT, OFFSET or ORDER BY.
        page: Triples to ask for at once.
        authorization: The header of this name, for servers that want a token.
        manners: How the server is asked.
    """

    url: str = field(repr=False)
    classes: tuple[str, ...] = ()
    predicates: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    query: str = ""
    page: int = 10_000
    authorization: str = field(default="", repr=False)
    manners: Manners = Manners()

    def fetch(self, cache: str | Path, progress: Progress | None = None) -> Path:
        """Fetch what is not there yet; gives the file, N-Triples or N-Quads.

        Args:
            cache: Folder for this and other endpoints.
            progress: Called with the address and the number of triples so far.

        Raises:
            DataError: The server gives something else than the triples; what was fetched until then is kept.
            MismatchError: The cache was changed by somebody else.
        """
        split(self.url)
        if self.page < 2:
            raise DataError(f"expected pages of at least 2 triples, found {self.page}", shown(self.url))
        parts = parts_of(self.classes, self.predicates, self.graphs, self.query)
        client = Client(self.url, self.authorization, self.manners)
        return _Fetching(client, parts, self.page, Path(cache), progress).run()


@dataclass(frozen=True, slots=True)
class _State:
    """How far a file is.

    Attributes:
        part: The part that is being fetched; their number where all are.
        offset: Where its next page begins.
        pages: Pages that were fetched.
        triples: Triples in the file.
        size: Bytes of the file that count.
        last: Where in it the last page of this part begins.
        named: Whether blank nodes were seen to keep their names.
        ordered: Whether this part is fetched in a given order.
        before: Triples and bytes before this part.
    """

    part: int = 0
    offset: int = 0
    pages: int = 0
    triples: int = 0
    size: int = 0
    last: int = 0
    named: bool = False
    ordered: bool = False
    before: tuple[int, int] = (0, 0)


class _Fetching:
    """One endpoint on its way into one file."""

    def __init__(self, client: Client, parts: list[Part], page: int, cache: Path, progress: Progress | None) -> None:
        self._client, self._parts, self._page, self._progress = client, parts, page, progress
        asked = [part.page(0, 0, ordered=True) for part in parts]
        key = hashlib.sha256(json.dumps([client.shown, asked]).encode()).hexdigest()[:16]
        self._folder = cache / key
        self._path = self._folder / ("data.nq" if any(part.graph for part in parts) else "data.nt")
        self._about = {"format": FORMAT, "url": client.shown, "asked": asked}
        self._writer = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None

    def run(self) -> Path:
        """Fetch what is missing, unless or until another process does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._read_state().part < len(self._parts):
            with writing(self._folder):
                self._fetch(self._read_state())
        return self._path

    def _fetch(self, state: _State) -> None:
        if state.part == len(self._parts):
            return
        with self._path.open("ab") as file:
            file.truncate(state.size)
        known = self._last_page(state)
        try:
            while state.part < len(self._parts):
                state, known = self._next(state, known)
                if self._progress is not None:
                    self._progress(self._client.shown, state.triples)
        finally:  # also after Ctrl-C: what came is kept
            self._writer.shutdown()
        self._settle()
        if not state.triples:
            raise DataError("expected triples, found none; check classes, predicates and query", self._client.shown)

    def _next(self, state: _State, known: frozenset[bytes]) -> tuple[_State, frozenset[bytes]]:
        """Fetch a page, and write what is new in it."""
        part = self._parts[state.part]
        body = self._client.ask(part.page(self._page, state.offset, ordered=state.ordered))
        lines = list(dict.fromkeys(lines_of(body, part.graph)))
        if known and known.isdisjoint(lines):
            return self._in_order(state, "pages that do not continue each other"), frozenset()
        new = [line for line in lines if line not in known] if known else lines
        named = state.named or self._names_are_kept(state, body)
        if named is None:
            return self._in_order(state, "blank nodes that each answer names anew"), frozenset()
        if not new:
            return self._end_of_part(replace(state, named=named, pages=state.pages + 1)), frozenset()
        content = b"\n".join(new) + b"\n"
        size, triples = state.size + len(content), state.triples + len(new)
        offset, pages = state.offset + len(lines) - 1, state.pages + 1
        moved = replace(state, offset=offset, pages=pages, last=state.size, size=size, triples=triples, named=named)
        self._settle()
        self._written = self._writer.submit(self._keep, content, moved)  # while the next page comes
        return moved, frozenset(lines)

    def _end_of_part(self, state: _State) -> _State:
        """Go on to the next part, if this one is whole: sorted, or as many triples as the server counts."""
        found = state.triples - state.before[0]
        if not state.ordered:
            counted = self._count(self._parts[state.part], found)
            if counted not in (None, found):
                return self._in_order(state, f"{found:,} triples where it counts {counted:,}")
        before = state.triples, state.size
        moved = replace(state, part=state.part + 1, offset=0, ordered=False, before=before)
        self._settle()
        self._write_state(moved)
        return moved

    def _count(self, part: Part, found: int) -> int | None:
        """How many triples the server counts; different ones where that is not what was found."""
        counted = number_of(self._client.ask(part.count(distinct=False)))
        return counted if counted == found else number_of(self._client.ask(part.count(distinct=True)))

    def _in_order(self, state: _State, found: str) -> _State:
        """Begin this part anew, in a given order.

        Raises:
            DataError: It was asked in order already.
        """
        if state.ordered:
            advice = "the server keeps no order, or changed meanwhile; ask for larger pages, or for less at once"
            raise DataError(f"expected pages that fit together, found {found}: {advice}", self._client.shown)
        triples, size = state.before
        self._settle()
        with self._path.open("ab") as file:
            file.truncate(size)
        moved = replace(state, offset=0, triples=triples, size=size, last=size, ordered=True)
        self._write_state(moved)
        return moved

    def _names_are_kept(self, state: _State, body: bytes) -> bool | None:
        """See whether blank nodes have the same names in another answer; False where there are too few to see it.

        None: they have not, so nodes of different pages cannot be told apart.
        """
        part = self._parts[state.part]
        place = second_blank(lines_of(body, "")) if b"_:" in body else None
        if place is None:
            return False
        lines = lines_of(body, part.graph)
        query = part.page(min(len(lines) - place, _AGAIN), state.offset + place, ordered=state.ordered)
        again = lines_of(self._client.ask(query), part.graph)
        return True if set(again) <= set(lines) else None

    def _keep(self, content: bytes, state: _State) -> None:
        with self._path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._write_state(state)

    def _settle(self) -> None:
        """Wait until the last page is written, and raise what went wrong with that."""
        if self._written is not None:
            self._written.result()

    def _last_page(self, state: _State) -> frozenset[bytes]:
        """The new rows of the last page of a part that is not done; the last of them comes again."""
        if state.offset == 0:
            return frozenset()
        with self._path.open("rb") as file:
            file.seek(state.last)
            return frozenset(file.read(state.size - state.last).splitlines())

    def _read_state(self) -> _State:
        path = self._folder / MANIFEST
        if not path.exists():
            return _State()
        try:
            found = json.loads(path.read_text("utf-8"))
            kept = found.pop("state")
            state = _State(**kept | {"before": (int(kept["before"][0]), int(kept["before"][1]))})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise MismatchError(f"{path}: expected a manifest of ours, found {error!r}; delete the folder") from error
        if found != self._about:
            raise MismatchError(f"{path}: expected the manifest of this endpoint, found another; delete the folder")
        size = self._path.stat().st_size if self._path.exists() else 0
        if size < state.size:
            message = f"expected at least {state.size:,} bytes, found {size:,}; delete the folder to fetch again"
            raise MismatchError(f"{self._path}: {message}")
        return state

    def _write_state(self, state: _State) -> None:
        path = self._folder / MANIFEST
        building = path.with_suffix(".new")
        building.write_text(json.dumps(self._about | {"state": asdict(state)}, indent=1), "utf-8")
        building.replace(path)
