"""The page behind a prediction: what was asked, what was answered, and the evidence that counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ragmtl.inspector.graph_view import graph_block, graph_section
from ragmtl.inspector.markup import bar, clean, escape, link, page, static
from ragmtl.inspector.words import (
    KINDS,
    attention_sentence,
    attention_shares,
    chosen,
    count,
    known_names,
    local_name,
    percent,
    shorten,
)
from ragmtl.prediction import Answer, ExampleView, MentionView, PassageView, Prediction, Score
from ragmtl.retrieval.query import Query

LONG = 400
SHOWN_SCORES = 6
SHOWN_CHOSEN = 4
SHOWN_LETTERS = 420

_EVIDENCE = {"passages": "passages", "graph": "graph", "examples": "labelled examples", "none": "no evidence"}


def render_prediction(prediction: Prediction) -> str:
    """One self-contained HTML page that works offline and shows everything the prediction holds."""
    body = "\n".join((_header(prediction), "<main>", sections(prediction), "</main>", _FOOTER))
    drawn = bool(prediction.nodes)
    return page(
        f"{title_of(prediction)} \u00b7 ragmtl",
        body,
        blocks=[graph_block(prediction)] if drawn else [],
        scripts=[static("cytoscape.min.js"), static("page.js")] if drawn else [],
    )


def sections(prediction: Prediction) -> str:
    """Everything about a prediction as HTML: what was asked, the answers, where the model looked, the evidence."""
    parts = (
        _notes(prediction.notes),
        _asked(prediction),
        _answers(prediction.answers),
        attention_section(prediction),
        _passages(prediction.passages),
        _examples(prediction.examples),
        graph_section(prediction),
    )
    return "\n".join(parts)


_FOOTER = """<footer><p>Attention says where the model looked, not what caused its answer;
<code>ragmtl compare</code> measures whether the knowledge helps. Scores of passages and weights of triples are those of
the retriever. This page holds everything it shows and loads nothing.</p></footer>"""


def title_of(prediction: Prediction) -> str:
    """A title for the window."""
    names = known_names(prediction)
    seeds = [names.get(iri, local_name(iri)) for iri in (*prediction.query.entities, *prediction.query.history)]
    text = clean(prediction.query.text or ", ".join(seeds) or "Prediction")
    return shorten(text, 60)


def _header(prediction: Prediction) -> str:
    run = f'<span class="run">run <b>{escape(prediction.run)}</b></span>' if prediction.run else ""
    return (
        f'<header class="top"><p class="brand">ragmtl <span>inspector</span></p>{run}'
        '<nav aria-label="On this page"><a href="#answers">Answers</a> <a href="#passages">Passages</a> '
        '<a href="#graph">Graph</a></nav></header>'
    )


def _notes(notes: tuple[str, ...]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<section class="notes" id="notes"><h2>Please note</h2><ul>{items}</ul></section>'


# --- what was asked ---------------------------------------------------------------------------------------------------


def _asked(prediction: Prediction) -> str:
    query, names = prediction.query, known_names(prediction)
    text = (
        highlighted(query.text, prediction.mentions) if query.text else '<span class="quiet">No text was given.</span>'
    )
    rows = (
        _chips("Seed entities", query.entities, names),
        _chips("History, oldest first", query.history, names),
        _hidden(query),
    )
    kind = "asked long" if len(query.text) > LONG else "asked"
    facts = f'<dl class="facts">{"".join(rows)}</dl>' if any(rows) else ""
    return f'<section id="asked"><h1>What was asked</h1><p class="{kind}" dir="auto">{text}</p>{facts}</section>'


def highlighted(text: str, mentions: tuple[MentionView, ...]) -> str:
    """The text as HTML with its mentions marked; a mention that overlaps an earlier one is left out."""
    pieces, end = [], 0
    for mention in sorted(mentions, key=lambda mention: (mention.start, -mention.end)):
        if not end <= mention.start < mention.end <= len(text):
            continue
        named = escape(text[mention.start : mention.end])
        title = escape("\n".join(filter(None, (mention.label, mention.iri, mention.reason))))
        pieces += [
            escape(text[end : mention.start]),
            f'<mark data-iri="{escape(mention.iri)}" title="{title}">{named}</mark>',
        ]
        end = mention.end
    return "".join([*pieces, escape(text[end:])])


def _chips(title: str, iris: tuple[str, ...], names: Mapping[str, str]) -> str:
    if not iris:
        return ""
    chips = "".join(f'<li class="chip">{link(iri, names.get(iri, local_name(iri)))}</li>' for iri in iris)
    return f'<div><dt>{title}</dt><dd><ol class="chips">{chips}</ol></dd></div>'


def _hidden(query: Query) -> str:
    names = [f"triples of {local_name(iri)}" for iri in sorted(query.hide)]
    names += [f"passages of {group}" for group in sorted(query.exclude)]
    return f"<div><dt>Kept out of the evidence</dt><dd>{escape(', '.join(names))}</dd></div>" if names else ""


# --- what was answered ------------------------------------------------------------------------------------------------


def _answers(answers: tuple[Answer, ...]) -> str:
    cards = "".join(answer_card(answer) for answer in answers) or '<p class="quiet">No task answered.</p>'
    return f'<section id="answers"><h2>Answers</h2><div class="cards answers">{cards}</div></section>'


def answer_card(answer: Answer) -> str:
    """The answer of one task: what it settles on, and the best of the others."""
    first, rest = answer.scores[:SHOWN_SCORES], answer.scores[SHOWN_SCORES:]
    more = f"<details><summary>{len(rest)} more</summary>{_bars(answer, rest)}</details>" if rest else ""
    return (
        f'<article class="card answer" data-task="{escape(answer.task)}" data-kind="{answer.kind}">'
        f"<h3>{escape(answer.task)}</h3>"
        f'<p class="chosen" dir="auto">{escape(_headline(answer))}</p>{_bars(answer, first)}{more}'
        f"{_path(answer)}{_marked(answer)}{_judged(answer)}{_votes(answer)}"
        f'<p class="quiet small">{_scale(answer)}</p></article>'
    )


def _path(answer: Answer) -> str:
    """How one gets from the entities of the query to the answer."""
    steps = "".join(
        f'<li><bdi>{escape(step.head)}</bdi> <span class="quiet">{escape(step.relation)} \u2192</span> '
        f"<bdi>{escape(step.tail)}</bdi></li>"
        for step in answer.path
    )
    return f'<p class="quiet small">The path to it:</p><ol class="path">{steps}</ol>' if steps else ""


def _marked(answer: Answer) -> str:
    """The stretches of the text that the task marks, each with its place."""
    rows = "".join(
        f"<li><mark>{escape(one.text)}</mark> <bdi>{escape(one.label)}</bdi> "
        f'<span class="quiet">at {one.start}–{one.end}</span> <span class="number">{percent(one.value)}</span></li>'
        for one in answer.marked
    )
    return f'<ul class="marked">{rows}</ul>' if rows else ""


def _judged(answer: Answer) -> str:
    """Which passages spoke for or against what was chosen."""
    rows = "".join(
        f'<li><bdi title="{escape(one.passage)}">{escape(one.title or one.passage)}</bdi> '
        f'<span class="quiet">on</span> <bdi>{escape(one.answer)}</bdi> '
        f'<span class="number">{one.value:+.2f}</span></li>'
        for one in answer.judged
    )
    return (
        f'<details class="votes" open><summary>Passages that decided</summary><ul>{rows}</ul></details>' if rows else ""
    )


def _votes(answer: Answer) -> str:
    """Which entities spoke for or against what was chosen, beside what the model read."""
    if not answer.votes:
        return ""
    rows = "".join(
        f'<li>{link(vote.iri, vote.label)} <span class="quiet">on</span> <bdi>{escape(vote.answer)}</bdi> '
        f'<span class="number">{vote.value:+.2f}</span></li>'
        for vote in answer.votes
    )
    return f'<details class="votes"><summary>Votes of entities</summary><ul>{rows}</ul></details>'


def _headline(answer: Answer) -> str:
    if answer.kind == "ranking":
        return answer.chosen[0] if answer.chosen else chosen(answer)
    if len(answer.chosen) <= SHOWN_CHOSEN:
        return chosen(answer)
    return f"{', '.join(answer.chosen[:SHOWN_CHOSEN])} and {len(answer.chosen) - SHOWN_CHOSEN} more"


def _scale(answer: Answer) -> str:
    if answer.kind == "labels" and answer.threshold is not None:
        return f"{KINDS['labels'].capitalize()}: chosen from a probability of {percent(answer.threshold)} on, the line."
    if answer.kind == "ranking":
        return f"{KINDS['ranking'].capitalize()}; bars are relative to the first."
    if answer.meaning:
        return escape(answer.meaning)
    return f"{KINDS[answer.kind].capitalize()}, with probabilities." if answer.kind in KINDS else ""


def _bars(answer: Answer, scores: tuple[Score, ...]) -> str:
    if not scores:
        return ""
    best = max((score.value for score in answer.scores), default=1.0) if answer.kind == "ranking" else 1.0
    return f'<ol class="bars">{"".join(_scored(answer, score, best or 1.0) for score in scores)}</ol>'


def _scored(answer: Answer, score: Score, best: float) -> str:
    name = link(score.iri, score.name) if score.iri else f"<bdi>{escape(score.name)}</bdi>"
    taken = score.name in answer.chosen
    tick = '<span class="tick" aria-label="chosen">\u2713</span>' if taken and answer.kind == "labels" else ""
    kind, taken_class = ("answer", ' class="taken"') if taken else ("answer other", "")
    threshold = answer.threshold if answer.kind == "labels" else None
    iri = f' data-iri="{escape(score.iri)}"' if score.iri else ""
    return (
        f'<li{taken_class}{iri}><span class="name">{tick}{name}</span> '
        f'<span class="number">{percent(score.value)}</span>{bar(score.value / best, kind, threshold=threshold)}</li>'
    )


# --- the evidence -----------------------------------------------------------------------------------------------------


def attention_section(prediction: Prediction) -> str:
    """How much attention each kind of evidence had."""
    shares = attention_shares(prediction)
    keys = "".join(
        f'<li><span class="key {kind}"></span>{_EVIDENCE[kind]} <b>{percent(share)}</b></li>'
        for kind, share in shares.items()
    )
    return (
        '<section id="attention"><h2>Where the model looked</h2>'
        f'<p class="lead">{escape(attention_sentence(prediction))}</p>{_shares_bar(shares)}'
        f'<ul class="legend">{keys}</ul></section>'
    )


def _shares_bar(shares: Mapping[str, float]) -> str:
    widths = [max(share, 0.0) if math.isfinite(share) else 0.0 for share in shares.values()]
    total, at, parts = math.fsum(widths) or 1.0, 0.0, []
    for kind, width in zip(shares, widths, strict=True):
        parts.append(f'<rect class="{kind}" x="{at:.1f}" width="{1000 * width / total:.1f}" height="10"/>')
        at += 1000 * width / total
    return (
        '<svg class="shares" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )


def _passages(passages: tuple[PassageView, ...]) -> str:
    most = max((passage.attention for passage in passages), default=0.0) or 1.0
    cards = "".join(passage_card(rank, passage, most) for rank, passage in enumerate(passages, 1))
    shown = f'<ol class="cards passages">{cards}</ol>' if passages else '<p class="quiet">No passage was retrieved.</p>'
    return f'<section id="passages"><h2>Passages</h2>{shown}</section>'


def passage_card(rank: int, passage: PassageView, most: float) -> str:
    """A passage: its rank, its attention beside the most that one had, its text with who is named, and its scores."""
    by_source = sorted(passage.sources.items(), key=lambda source: (-source[1], source[0]))
    sources = "".join(f'<li class="chip">{escape(name)} <b>{score:.2f}</b></li> ' for name, score in by_source)
    return (
        f'<li class="card passage"><article><h3><span class="rank">{rank}</span>'
        f'<bdi title="{escape(passage.id)}">{escape(passage.title or passage.id)}</bdi></h3>'
        f'<p class="weighed">attention <span class="number">{percent(passage.attention)}</span>'
        f"{bar(passage.attention / most, 'passages')}</p>{_shortened(passage.text, passage.mentions)}"
        f'<p class="reason">{escape(passage.reason)}</p>'
        '<ul class="chips" aria-label="Scores">'
        f'<li class="chip strong">score <b>{passage.score:.2f}</b></li> {sources}</ul>'
        "</article></li>"
    )


def _examples(examples: tuple[ExampleView, ...]) -> str:
    if not examples:
        return ""
    most = max(example.attention for example in examples) or 1.0
    cards = "".join(
        f'<li class="card passage"><article><h3><bdi>{escape(example.id)}</bdi></h3>'
        f'<p class="weighed">attention <span class="number">{percent(example.attention)}</span>'
        f"{bar(example.attention / most, 'examples')}</p>{_shortened(example.text)}"
        f'<p class="reason">{escape(example.reason)}</p><ul class="chips" aria-label="Labels">'
        f"{_labels(example.labels)}</ul></article></li>"
        for example in examples
    )
    return f'<section id="examples"><h2>Labelled examples</h2><ol class="cards passages">{cards}</ol></section>'


def _labels(labels: tuple[str, ...]) -> str:
    return "".join(f'<li class="chip strong">{escape(label)}</li> ' for label in labels)


def _shortened(text: str, mentions: tuple[MentionView, ...] = ()) -> str:
    if len(text) <= SHOWN_LETTERS * 1.25:
        return f'<p class="text" dir="auto">{highlighted(text, mentions)}</p>'
    cut = text.rfind(" ", SHOWN_LETTERS // 2, SHOWN_LETTERS)
    cut = cut if cut > 0 else SHOWN_LETTERS
    start = len(text) - len(text[cut:].lstrip())
    rest = tuple(replace(one, start=one.start - start, end=one.end - start) for one in mentions if one.start >= start)
    return (
        f'<p class="text" dir="auto">{highlighted(text[:cut], mentions)}\u2026</p>'
        f'<details class="rest"><summary>{count(len(text) - cut, "letter")} more</summary>'
        f'<p class="text" dir="auto">{highlighted(text[start:], rest)}</p></details>'
    )
