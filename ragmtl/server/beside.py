"""Two runs side by side: the same question, their answers, where they looked, and what only one of them found."""

from __future__ import annotations

from ragmtl.inspector.markup import escape
from ragmtl.inspector.page import answer_card, passage_card
from ragmtl.inspector.words import attention_sentence, chosen, count
from ragmtl.prediction import Answer, Prediction


def side_by_side(names: tuple[str, str], found: tuple[Prediction, Prediction], links: tuple[str, str]) -> str:
    """Both predictions as HTML.

    Args:
        names: Of the runs.
        found: What each predicts.
        links: Where each answers alone.
    """
    headings = "".join(f'<h2 class="of">{escape(name)}</h2>' for name in names)
    return (
        f'<section id="answers" class="pair"><h1>Answers</h1><p class="lead">{_agreement(*found)}</p>'
        f'<div class="beside">{headings}</div>{_answers(*found)}</section>'
        f'<section id="attention" class="pair"><h2>Where the models looked</h2><div class="beside">'
        f"{''.join(f'<p>{escape(attention_sentence(one))}</p>' for one in found)}</div></section>"
        f'<section id="passages" class="pair"><h2>Passages</h2><p class="lead">{_shared(*found)}</p>'
        f'<div class="beside">{"".join(map(_passages, found))}</div></section>'
        f'<section id="graph" class="pair"><h2>Knowledge graph</h2>'
        f"<p>{_nodes(*found)} {_drawings(names, links)}</p></section>"
    )


def _answers(first: Prediction, second: Prediction) -> str:
    by_task = {answer.task: answer for answer in second.answers}
    tasks = dict.fromkeys([answer.task for answer in (*first.answers, *second.answers)])
    own = {answer.task: answer for answer in first.answers}
    return "".join(
        f'<div class="beside answers">{_card(own.get(task), task)}{_card(by_task.get(task), task)}</div>'
        for task in tasks
    )


def _card(answer: Answer | None, task: str) -> str:
    if answer is not None:
        return answer_card(answer)
    none = '<p class="quiet">This run does not answer it.</p>'
    return f'<article class="card answer"><h3>{escape(task)}</h3>{none}</article>'


def _agreement(first: Prediction, second: Prediction) -> str:
    """Which tasks both answer, and differently."""
    own = {answer.task: answer for answer in first.answers}
    both = [(own[answer.task], answer) for answer in second.answers if answer.task in own]
    if not both:
        return "The runs have no task in common."
    differing = [one.task for one, other in both if _settled(one) != _settled(other)]
    if not differing:
        return f"Both agree on {'all ' if len(both) > 1 else ''}{count(len(both), 'task')}."
    return f"They differ on {escape(', '.join(differing))}."


def _settled(answer: Answer) -> str:
    return answer.chosen[0] if answer.kind == "ranking" and answer.chosen else chosen(answer)


def _shared(first: Prediction, second: Prediction) -> str:
    both = {passage.id for passage in first.passages} & {passage.id for passage in second.passages}
    return f"{count(len(both), 'passage')} found by both."


def _passages(prediction: Prediction) -> str:
    most = max((passage.attention for passage in prediction.passages), default=0.0) or 1.0
    cards = "".join(passage_card(rank, passage, most) for rank, passage in enumerate(prediction.passages, 1))
    return f'<ol class="cards">{cards}</ol>' if cards else '<p class="quiet">No passage was retrieved.</p>'


def _nodes(first: Prediction, second: Prediction) -> str:
    sets = [{node.iri for node in one.nodes} for one in (first, second)]
    counts = " and ".join(count(len(one), "entity", "entities") for one in sets)
    return f"{counts}, {len(sets[0] & sets[1])} of them the same."


def _drawings(names: tuple[str, str], links: tuple[str, str]) -> str:
    """Where the subgraph of each run is drawn."""
    first, second = (
        f'<a href="{escape(link)}#graph">{escape(name)}</a>' for name, link in zip(names, links, strict=True)
    )
    return f"Draw that of {first} or of {second}."
