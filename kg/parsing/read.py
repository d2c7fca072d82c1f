"""RDF files in, a knowledge graph out.

    graph = read_rdf(["films.ttl", "people/*.nt.gz"])

Literals keep the form in which they are written, blank nodes stay within their file, and nothing is fetched from the
network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.files import Sources, find_files, format_of
from ragmtl.kg.parsing.iri import is_iri
from ragmtl.kg.parsing.lanes import Lane
from ragmtl.kg.parsing.parallel import read_files
from ragmtl.kg.parsing.reading import Options, Progress
from ragmtl.kg.parsing.unpack import RATIO
from ragmtl.kg.vocabulary import USUAL, Vocabulary

__all__ = ["Lane", "read_rdf"]


def read_rdf(  # noqa: PLR0913 -- each argument is one thing that files may ask for
    sources: Sources,
    *,
    rdf_format: str | None = None,
    languages: Sequence[str] = ("en",),
    vocabulary: Vocabulary = USUAL,
    infer: Sequence[str] = (),
    progress: Progress | None = None,
    base: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
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
        on_error: What a bad statement does: end the reading ("raise"), or be left out and counted in
            `graph.report.left_out` ("skip"). Skipped are any bad line of N-Triples and N-Quads; in other formats
            statements with a bad IRI or language tag, while bad syntax always ends the reading.
        max_ratio: How many times its packed size a file may unpack to (64 MiB are always accepted).
        lane: What reads the files; the fastest that can where None. "scan" reads N-Triples and N-Quads only.
        threads: How many threads read: several files at once, and several blocks of N-Triples and N-Quads; the graph is
            the same.

    Raises:
        DataError: A file is missing, unknown or malformed (with the line), there is no triple at all, or a relation
            that was added to the vocabulary is not in the graph.
    """
    if threads < 1:
        raise DataError(f"expected 1 thread or more, found threads={threads}")
    files, passed_over = find_files(sources)
    named = [(path, format_of(path, rdf_format)) for path in files]
    options = Options(_checked(base), on_error == "skip", max_ratio)
    builder, readings, read = read_files(named, lane, options, progress, threads)
    left_out = sum((reading.left_out for reading in readings), passed_over)
    if not len(builder):
        names = ", ".join(str(path) for path in files[:5])
        raise DataError(f"expected at least one triple, found none in {len(files)} files; check them", names)
    counts = tuple((reason, count) for reason, count in left_out.items() if count)
    graph = builder.build(
        languages=languages, vocabulary=vocabulary, sources=read, left_out=counts, spend=True, threads=threads
    )
    vocabulary.check(graph.relations)
    if not infer:
        return graph
    from ragmtl.kg.changes.infer import infer as with_inferred

    return with_inferred(graph, infer)


def _checked(base: str | None) -> str | None:
    if base is not None and not is_iri(base):
        raise DataError(f"expected base to be an absolute IRI (http://example.org/), found {base!r}; give one")
    return base
