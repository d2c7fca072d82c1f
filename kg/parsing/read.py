"""RDF files in, a knowledge graph out.

    graph = read_rdf(["films.ttl", "people/*.nt.gz"])

Literals keep the form in which they are written, blank nodes stay within their file, and nothing is fetched from the
network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.files import Sources, find_files, format_of
from ragmtl.kg.parsing.iri import is_iri
from ragmtl.kg.parsing.lanes import Lane
from ragmtl.kg.parsing.left_out import LeftOut
from ragmtl.kg.parsing.parallel import read_files
from ragmtl.kg.parsing.reading import Options, Progress
from ragmtl.kg.parsing.unpack import RATIO
from ragmtl.kg.vocabulary import USUAL, Vocabulary

__all__ = ["Lane", "read_rdf"]

OnError = Literal["strict", "skip"]
"""What a bad statement does: end the reading, or be left out and counted."""


def read_rdf(  # noqa: PLR0913 -- each argument is one thing that files may ask for
    sources: Sources,
    *,
    rdf_format: str | None = None,
    languages: Sequence[str] = ("en",),
    vocabulary: Vocabulary = USUAL,
    infer: Sequence[str] = (),
    progress: Progress | None = None,
    base: str | None = None,
    on_error: OnError = "strict",
    max_ratio: int = RATIO,
    lane: Lane | None = None,
    threads: int = 1,
) -> KnowledgeGraph:
    """Read RDF: Turtle, N-Triples, N-Quads, TriG, RDF/XML, JSON-LD or N3; plain or as .gz, .bz2, .xz or .zst.

    Args:
        sources: A file, folder (with all below it) or glob, or a list of them.
        rdf_format: The format of all files; by the ending of each file's name where None.
        languages: Preferred languages of labels and descriptions, the best first.
        vocabulary: Relations that name, describe and class things: `USUAL.extended(labels=[...])`.
        infer: Rules by which more is stated, such as "subclass" and "same_as"; see `ragmtl.kg.changes.infer`.
        progress: Called with a file and the number of its statements read so far.
        base: What relative IRIs are relative to, where a file names no base itself; they are refused where None.
        on_error: What a bad statement does: end the reading ("strict"), or be left out and counted in
            `graph.report.left_out` ("skip"), the first ones with their places in `graph.report.examples`. Skipped are
            any bad line of N-Triples and N-Quads; in other formats statements with a bad IRI or language tag, while
            bad syntax always ends the reading.
        max_ratio: How many times its packed size a file may unpack to (64 MiB are always accepted).
        lane: What reads the files; the fastest that can where None, and for what the scanner ("scan") does not read.
        threads: How many threads read: several files at once, and several blocks of N-Triples and N-Quads; the graph is
            the same.

    Raises:
        DataError: A file is missing, unknown or malformed (with the line), there is no triple at all, or a relation
            that was added to the vocabulary is not in the graph.
    """
    if threads < 1:
        raise DataError(f"expected 1 thread or more, found threads={threads}")
    files, left_out = find_files(sources)
    named = [(path, format_of(path, rdf_format)) for path in files]
    options = Options(wanted(base, on_error, lane), on_error == "skip", max_ratio)
    builder, readings, read = read_files(named, lane, options, progress, threads)
    for reading in readings:
        left_out.update(reading.left_out)
    if not len(builder):
        raise _nothing(files, left_out)
    counts = left_out.counts()
    graph = builder.build(
        languages=languages, vocabulary=vocabulary, sources=read, left_out=counts, spend=True, threads=threads
    )
    graph = replace(graph, report=replace(graph.report, examples=left_out.examples()))
    vocabulary.check(graph.relations)
    if not infer:
        return graph
    from ragmtl.kg.changes.infer import infer as with_inferred

    return with_inferred(graph, infer)


def _nothing(files: Sequence[Path], left_out: LeftOut) -> DataError:
    names = ", ".join(str(path) for path in files[:5])
    found = "".join(f"; left out: {count:,} {reason}" for reason, count in left_out.counts())
    example = next((f", such as {example}" for _, example in left_out.examples()), "")
    message = f"expected at least one triple, found none in {len(files)} files{found}{example}"
    return DataError(message if found else f"{message}; check them", names)


def wanted(base: str | None, on_error: str, lane: str | None) -> str | None:
    """The base, if it and the other choices can be used.

    Raises:
        DataError: One of them cannot.
    """
    for name, given, known in (("on_error", on_error, OnError), ("lane", lane or "scan", Lane)):
        if given not in get_args(known):
            raise DataError(f"expected {name} to be one of {', '.join(get_args(known))}; found {given!r}")
    if base is not None and not is_iri(base):
        raise DataError(f"expected base to be an absolute IRI (http://example.org/), found {base!r}; give one")
    return base
