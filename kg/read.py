"""RDF files in, a knowledge graph out.

    graph = read_rdf(["films.ttl", "people/*.nt.gz"])

Literals keep the form in which they are written, blank nodes stay within their file, and nothing is fetched from the
network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ragmtl.errors import DataError
from ragmtl.kg import rdflib_reader
from ragmtl.kg.encode import GraphBuilder
from ragmtl.kg.files import Sources, find_files, format_of, sha256
from ragmtl.kg.graph import KnowledgeGraph, Source
from ragmtl.kg.reading import Progress, Reading
from ragmtl.kg.vocabulary import USUAL, Vocabulary

_FOREIGN_FILES = "files in folders that are no RDF"


def read_rdf(
    sources: Sources,
    *,
    rdf_format: str | None = None,
    languages: Sequence[str] = ("en",),
    vocabulary: Vocabulary = USUAL,
    infer: Sequence[str] = (),
    progress: Progress | None = None,
) -> KnowledgeGraph:
    """Read RDF: Turtle, N-Triples, N-Quads, TriG, RDF/XML, JSON-LD or N3, plain or gzipped.

    Args:
        sources: A file, folder (with all below it) or glob, or a list of them.
        rdf_format: The format of all files; by the ending of each file's name where None.
        languages: Preferred languages of labels and descriptions, the best first.
        vocabulary: Relations that name, describe and class things: `USUAL.extended(labels=[...])`.
        infer: Rules by which more is stated, such as "subclass" and "same_as"; see `ragmtl.kg.infer`.
        progress: Called with a file and the number of its statements read so far.

    Raises:
        DataError: A file is missing, unknown or malformed (with the line), there is no triple at all, or a relation
            that was added to the vocabulary is not in the graph.
    """
    files, passed_over = find_files(sources)
    formats = [format_of(path, rdf_format) for path in files]
    builder, left_out = GraphBuilder(), Counter({_FOREIGN_FILES: passed_over})
    read = []
    with rdflib_reader.literals_as_written():
        for number, (path, name) in enumerate(zip(files, formats, strict=True)):
            reading = Reading(builder, path, number, left_out, progress)
            rdflib_reader.parse(reading, name)
            reading.finish()
            read.append(Source(str(path), sha256(path), reading.count))
    if not len(builder):
        names = ", ".join(str(path) for path in files[:5])
        raise DataError(f"expected at least one triple, found none in {len(files)} files; check them", names)
    counts = tuple((reason, count) for reason, count in left_out.items() if count)
    graph = builder.build(languages=languages, vocabulary=vocabulary, sources=tuple(read), left_out=counts)
    vocabulary.check(graph.relations)
    if not infer:
        return graph
    from ragmtl.kg.infer import infer as with_inferred

    return with_inferred(graph, infer)
