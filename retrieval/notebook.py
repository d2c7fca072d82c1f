"""What a notebook shows for evidence (`_repr_html_`): passages with their scores and reasons, and the subgraph."""

from __future__ import annotations

from collections.abc import Iterator

from ragmtl.kg.looking.markup import escape, small_table
from ragmtl.kg.looking.notebook import subgraph_html
from ragmtl.retrieval.evidence import Evidence

LETTERS = 160


def evidence_html(evidence: Evidence) -> str:
    """The query, what the user should know, the passages and the subgraph."""
    asked = evidence.query.text or ", ".join((*evidence.query.entities, *evidence.query.history))
    notes = "".join(f"<li>{escape(note)}</li>" for note in evidence.notes)
    told = f"<ul>{notes}</ul>" if notes else ""
    passages = (
        small_table(("score", "passage", "why"), _passages(evidence)) if evidence.passages else "<p>no passages</p>"
    )
    return (
        f"<div><p><b>Evidence</b> for <q>{escape(_cut(asked))}</q></p>{told}{passages}"
        f"{subgraph_html(evidence.subgraph)}</div>"
    )


def _passages(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    for found in evidence.passages:
        if evidence.within is None:
            shown = f"passage {found.passage}"
        else:
            corpus = evidence.within.corpus
            title, text = corpus.titles[found.passage], corpus.texts[found.passage]
            shown = f"<b>{escape(title or corpus.ids[found.passage])}</b><br>{escape(_cut(text))}"
        yield f"{found.score:.2f}", shown, escape(found.reason)


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1].rstrip()}\u2026"
