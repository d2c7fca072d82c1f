"""Literals: values that hang on nodes (names, years, definitions), kept as they were written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsIndex, TypeAlias

import numpy as np
from jaxtyping import Integer

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import row_of
from ragmtl.kg.origins import Further
from ragmtl.kg.terms import BLANK, Strings


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: its text, and its datatype or language.

    Attributes:
        text: The lexical form, as written ("01" stays "01").
        datatype: IRI of the datatype; empty for plain text (xsd:string) and for text with a language.
        language: Language tag in lower case; empty where there is none.
    """

    text: str
    datatype: str = ""
    language: str = ""


Triple: TypeAlias = tuple[str, str, str | Literal]
"""Head, relation, and a node or a literal."""


def checked(triple: Triple) -> Triple:
    """The triple, if its parts may stand where they stand.

    Raises:
        DataError: A part is empty, or the relation is a blank node.
    """
    head, relation, tail = triple
    if not head or not relation or not tail or relation.startswith(BLANK):
        raise DataError(f"expected an IRI or blank node, an IRI, and an IRI, blank node or literal, found {triple!r}")
    return triple


@dataclass(frozen=True, slots=True, eq=False)
class Literals:
    """All literals of a graph as columns, sorted by (node, relation, text).

    Attributes:
        indptr: Row `indptr[node]` is the first of a node; the last entry is the number of rows.
        nodes: Node of each row.
        relation_ids: Relation of each row.
        texts: Lexical form of each row.
        datatypes: Row of each in `datatype_names`.
        languages: Row of each in `language_names`.
        origin_ids: Row of each in the `origins` of the graph: the first that states it.
        further: The other origins of those that several state.
        datatype_names: IRIs; the first is "".
        language_names: Language tags; the first is "".
    """

    indptr: Integer[np.ndarray, " pointers"]
    nodes: Integer[np.ndarray, " rows"]
    relation_ids: Integer[np.ndarray, " rows"]
    texts: Strings
    datatypes: Integer[np.ndarray, " rows"]
    languages: Integer[np.ndarray, " rows"]
    origin_ids: Integer[np.ndarray, " rows"]
    further: Further
    datatype_names: tuple[str, ...]
    language_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, row: SupportsIndex) -> Literal:
        datatype, language = self.datatype_names[self.datatypes[row]], self.language_names[self.languages[row]]
        return Literal(self.texts[row], datatype, language)

    def rows(self, node: SupportsIndex) -> range:
        """The rows of one node."""
        row = row_of(self.indptr, node)
        return range(row.start, row.stop)
