"""The index: graph, corpus and everything to search them by, in one directory that is written once and memory-mapped.

    index = Index.build(graph, corpus, load_encoder("minilm"), "runs/index")
    index = Index.load("runs/index")

`manifest.json` says what belongs together: format, digests of graph and corpus, the encoder, the source files, and the
size of every file. A directory is replaced only when the new one is complete; `ragmtl.retrieval.update` changes one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragmtl import __version__
from ragmtl.errors import MismatchError
from ragmtl.kg.disk.replace import put_back, replacing, watching
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.files import sha256
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.encoders.encoder import DeferredEncoder, Encoder
from ragmtl.retrieval.files.arrays import AGAIN, load_json, save_json
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.linking.written import Written
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.passages.words import Words
from ragmtl.retrieval.progress import Progress

FORMAT = "ragmtl index"
VERSION = 2
MANIFEST = "manifest.json"
NAMES = "names"
"""The part of an index that not every one has: vectors of names."""

_TRIES, _PAUSE = 10, 0.002
"""How often, and after how many seconds each, to look for an index that is not there: another may come right now."""
_QUICK = 2
"""How often to try to open an index before writers have to wait."""
_PATIENCE = 60.0
"""For how many seconds to try to open an index that is replaced each time."""
_DIGEST = 64


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Everything that a `Retriever` searches.

    Attributes:
        directory: Where it is.
        graph: The knowledge graph.
        corpus: The passages.
        bm25, tfidf: Search by words.
        dense: Search by vectors of the encoder.
        linker: Finds nodes named in a text.
        encoder: Makes vectors of queries; loaded when first used, where none was given.
        manifest: What `manifest.json` says.
    """

    directory: Path
    graph: KnowledgeGraph
    corpus: Corpus
    bm25: Lexical
    tfidf: Lexical
    dense: Dense
    linker: Linker
    encoder: Encoder
    manifest: Mapping[str, Any]

    @classmethod
    def build(
        cls,
        graph: KnowledgeGraph,
        corpus: Corpus,
        encoder: Encoder,
        directory: str | Path,
        progress: Progress | None = None,
    ) -> Index:
        """Index a graph and a corpus, and open the result.

        Args:
            graph: The knowledge graph.
            corpus: Passages that are linked to this graph.
            encoder: Makes vectors of passages and queries.
            directory: Where to write; an index that stands there stays until the new one is complete.
            progress: Called as passages are encoded.

        Raises:
            MismatchError: The corpus is linked to another graph, or the directory holds something else than an index.
        """
        target = Path(directory).expanduser().absolute()
        if len(corpus.mention_indptr) != len(graph.nodes) + 1:
            raise MismatchError(
                f"expected a corpus linked to this graph ({len(graph.nodes)} nodes), found one linked to a graph of "
                f"{len(corpus.mention_indptr) - 1}; read the corpus again with this graph"
            )
        put_back(target, _check)
        _refuse_other_folders(target)
        with replacing(target) as building:
            _write(graph, corpus, encoder, building, progress)
        return cls.load(target, encoder=encoder)

    @classmethod
    def load(cls, directory: str | Path, *, encoder: Encoder | None = None, check_sources: bool = False) -> Index:
        """Open an index, memory-mapped.

        Args:
            directory: Where `build` wrote it.
            encoder: Makes vectors of queries; that of the index is loaded when first used, where this is None.
            check_sources: Whether to refuse an index whose source files have changed since.

        Raises:
            MismatchError: It is no index, is of another version or truncated, or was made with another encoder or,
                where that is checked, from other files.
        """
        folder = Path(directory).expanduser().absolute()
        index = _open_steady(folder, encoder)
        if check_sources:
            index.check_sources()
        return index

    @property
    def count(self) -> int:
        """How many passages there are."""
        return len(self.corpus)

    def newest(self) -> Index:
        """This index as it is on disk by now: itself, unless `ragmtl update` has changed it."""
        return self if self._is_newest() else Index.load(self.directory, encoder=self.encoder)

    @property
    def has_names(self) -> bool:
        """Whether the names of entities were encoded (`ragmtl index --names`)."""
        return NAMES in self.manifest.get("places", {})

    def names(self) -> NameVectors | None:
        """The vectors of names, opened; None where names were not encoded.

        Raises:
            MismatchError: An update has replaced them since the index was opened, or they are damaged.
        """
        if not self.has_names:
            return None
        try:
            place = place_of(NAMES, self.directory, self.manifest)
            return NameVectors.load(place, self.encoder, len(self.graph.nodes))
        except MismatchError as error:
            if self._is_newest():
                raise
            raise MismatchError(
                f"expected the index in {self.directory} as it was opened, found that it was updated meanwhile; open "
                "it again, or take `Index.newest`"
            ) from error

    def _is_newest(self) -> bool:
        return read_manifest(self.directory) == self.manifest

    def check_sources(self) -> None:
        """See whether the files that the index was made from are still the same; those that are gone do not count.

        Raises:
            MismatchError: One has changed.
        """
        for source in self.manifest["sources"]:
            path = Path(source["path"])
            if path.is_file() and sha256(path) != source["sha256"]:
                raise MismatchError(f"{path} has changed since the index in {self.directory} was made from it; {AGAIN}")


def _open_steady(folder: Path, encoder: Encoder | None) -> Index:
    """Open an index, anew where it was updated or built anew on the way; what is broken and stays so is told."""
    end, tries, missing = time.monotonic() + _PATIENCE, 0, 0
    while True:
        put_back(folder, _check)
        with watching(folder, hold=tries >= _QUICK) as is_same:
            before = _written(folder)
            try:
                index = _open_whole(folder, encoder)
            except MismatchError:
                missing += before is None
                stays = is_same() and _written(folder) == before
                if (stays and (before is not None or missing == _TRIES)) or time.monotonic() > end:
                    raise
            else:
                if is_same():  # an update leaves the parts of a manifest as they are; building anew does not
                    return index
        tries += 1
        time.sleep(_PAUSE)


def _written(folder: Path) -> bytes | None:
    """The manifest as it is written; None where there is none."""
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return None


def _open_whole(folder: Path, encoder: Encoder | None) -> Index:
    try:
        return _open(folder, read_manifest(folder), encoder)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise MismatchError(f"expected a whole index in {folder}, found {error!r}; {AGAIN}") from error


def _open(folder: Path, manifest: dict[str, Any], encoder: Encoder | None) -> Index:
    _check_files(folder, manifest)
    _check_encoder(folder, manifest, encoder)
    stated = manifest["encoder"]
    index = Index(
        folder,
        KnowledgeGraph.load(place_of("graph", folder, manifest)),
        Corpus.load(place_of("corpus", folder, manifest)),
        Lexical.load(place_of("bm25", folder, manifest)),
        Lexical.load(place_of("tfidf", folder, manifest)),
        Dense.load(place_of("dense", folder, manifest)),
        Linker.load(place_of("linker", folder, manifest)),
        encoder or DeferredEncoder(stated["name"], stated["dim"], stated["fingerprint"]),
        manifest,
    )
    _check_parts(index)
    return index


def place_of(part: str, folder: Path, manifest: Mapping[str, Any]) -> Path:
    """The folder of a part of an index: of its own name, or as the last update wrote it."""
    return folder / str(manifest.get("places", {}).get(part, part))


def _write(graph: KnowledgeGraph, corpus: Corpus, encoder: Encoder, folder: Path, progress: Progress | None) -> None:
    texts = corpus.readings()
    graph.save(folder / "graph")
    corpus.save(folder / "corpus")
    written = Written.of(texts)
    words = Words.read(written)
    words.save(folder / "words")
    Lexical.of(words, "bm25").save(folder / "bm25")
    Lexical.of(words, "tfidf").save(folder / "tfidf")
    Linker.knowing(graph, written).save(folder / "linker")
    dense = Dense.build(encoder.encode(texts, progress))
    dense.save(folder / "dense")
    sources = [(Path(source.path), source.sha256) for source in (*graph.sources, *corpus.sources)]
    files = files_in(folder)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "library": __version__,
        "graph": graph.digest,
        "corpus": corpus.digest,
        "dense": dense.choice.stated(),
        "encoder": {"name": encoder.name, "dim": encoder.dim, "fingerprint": encoder.fingerprint},
        "sources": [{"path": str(path.absolute()), "sha256": digest} for path, digest in sources],
        "files": sizes(files, folder),
    }
    save_json(folder / MANIFEST, manifest)


def files_in(folder: Path) -> list[Path]:
    """All files below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def sizes(files: list[Path], folder: Path) -> dict[str, int]:
    """The size of each file, by its place below a folder."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _refuse_other_folders(target: Path) -> None:
    """Never replace what is not an index."""
    if not target.exists():
        return
    if not target.is_dir() or (any(target.iterdir()) and not _is_index(target)):
        raise MismatchError(
            f"expected an index, an empty folder or nothing in {target}, found other files; choose another"
        )


def _is_index(folder: Path) -> bool:
    try:
        return load_json(folder / MANIFEST).get("format") == FORMAT
    except MismatchError:
        return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `manifest.json` of an index says."""
    if not (folder / MANIFEST).is_file():
        raise MismatchError(f"expected an index in {folder}, found no {MANIFEST}; make one with `ragmtl index`")
    manifest = load_json(folder / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise MismatchError(
            f"expected an index in {folder}, found {manifest.get('format', 'something else')!r}; {AGAIN}"
        )
    if manifest.get("version") != VERSION:
        raise MismatchError(
            f"expected an index of version {VERSION} in {folder}, found version {manifest.get('version')} (made by "
            f"ragmtl {manifest.get('library')}); {AGAIN}"
        )
    parts = {"graph": str, "corpus": str, "encoder": dict, "sources": list, "files": dict}
    if wrong := [name for name, kind in parts.items() if not isinstance(manifest.get(name), kind)]:
        raise MismatchError(f"expected a whole {MANIFEST} in {folder}, found it without {', '.join(wrong)}; {AGAIN}")
    return manifest


def _check(folder: Path) -> dict[str, Any]:
    """The manifest of an index whose files are all there."""
    manifest = read_manifest(folder)
    _check_files(folder, manifest)
    return manifest


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    for name, size in manifest["files"].items():
        path = folder / name
        found = path.stat().st_size if path.is_file() else "no file"
        if found != size:
            raise MismatchError(f"expected {size} bytes in {path}, found {found}: the index is damaged; {AGAIN}")


def _check_encoder(folder: Path, manifest: Mapping[str, Any], encoder: Encoder | None) -> None:
    stated = manifest["encoder"]
    if encoder is not None and encoder.fingerprint != stated["fingerprint"]:
        raise MismatchError(
            f"expected the text encoder {stated['name']!r} ({_short(stated['fingerprint'])}), with which the index in "
            f"{folder} was made, found {encoder.name!r} ({_short(encoder.fingerprint)}); {AGAIN}, or use that encoder"
        )


def _short(fingerprint: str) -> str:
    """The first signs of a digest, and how the model is used, such as "-bfloat16"."""
    return fingerprint[:12] + fingerprint[_DIGEST:]


def _check_parts(index: Index) -> None:
    """See whether the parts are those of which the manifest speaks."""
    for name, part in (("graph", index.graph), ("corpus", index.corpus)):
        if part.digest != index.manifest[name]:
            raise MismatchError(
                f"expected the {name} that the index in {index.directory} was made of, found another; {AGAIN}"
            )
    counts = {len(index.corpus), index.bm25.count, index.tfidf.count, len(index.dense.vectors)}
    if len(counts) > 1:
        raise MismatchError(f"expected parts of one index in {index.directory}, found parts of several; {AGAIN}")
