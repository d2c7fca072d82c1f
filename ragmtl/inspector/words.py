r"""Figures and sentences that the pages and the terminal share, so that both say the same.

>>> figure(0.0874), signed(-0.01), percent(0.462)
('.087', '-.010', '46\xa0%')
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from urllib.parse import unquote

from ragmtl.prediction import Answer, Prediction

KINDS: Mapping[str, str] = {
    "class": "one of these",
    "labels": "any number of these",
    "ranking": "the best of all items",
}


def figure(value: float) -> str:
    """A figure with three decimals and no leading zero, as in tables of results."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 and not text.endswith("1.000") else text


def signed(value: float) -> str:
    """A difference: like `figure`, with its sign."""
    return figure(value) if value < 0 or math.isnan(value) else f"+{figure(value)}"


def interval(low: float, high: float) -> str:
    """The ends of an interval: `[.062, .111]`."""
    return f"[{figure(low)}, {figure(high)}]"


def shorten(text: str, most: int) -> str:
    """Text of at most `most` characters, with an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def percent(value: float) -> str:
    """A share or probability; never rounded to nothing or to all."""
    share = 100 * value
    if 0 < share < 0.1:
        return "<\u00a00.1\u00a0%"
    if 99.5 <= share < 100:
        return ">\u00a099\u00a0%"
    return f"{share:.1f}\u00a0%" if 0 < share < 9.95 else f"{share:.0f}\u00a0%"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 passage`, `5 passages`, `3 entities`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def local_name(iri: str) -> str:
    """The readable end of an IRI, for an entity whose label is not known.

    >>> local_name("http://example.org/dish/pad_thai")
    'pad thai'
    """
    return unquote(iri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1]).replace("_", " ") or iri


def known_names(prediction: Prediction) -> dict[str, str]:
    """The labels of all entities that the prediction knows by name, by IRI."""
    names = {score.iri: score.name for answer in prediction.answers for score in answer.scores if score.iri}
    names |= {mention.iri: mention.label for mention in prediction.mentions}
    return names | {node.iri: node.label for node in prediction.nodes}


def chosen(answer: Answer) -> str:
    """What the task settles on, in one line."""
    if answer.chosen:
        return ", ".join(answer.chosen)
    return "none of them" if answer.kind == "labels" else "no answer"


def attention_sentence(prediction: Prediction) -> str:
    """How much attention went to passages, to the graph and to no evidence, in plain words."""
    passages, nodes, examples = prediction.passages, prediction.nodes, prediction.examples
    if not (passages or nodes or examples):
        return "Nothing was retrieved: the answers rest on the input alone."
    shares = attention_shares(prediction)
    parts = [
        f"{percent(shares['passages'])} of the attention went to {count(len(passages), 'passage')}",
        f"{percent(shares['graph'])} to {count(len(nodes), 'entity', 'entities')} of the graph",
    ]
    if examples:
        parts.append(f"{percent(shares['examples'])} to {count(len(examples), 'labelled example')}")
    return f"{', '.join(parts)} and {percent(shares['none'])} to no evidence. {_what_counted(shares)}"


def attention_shares(prediction: Prediction) -> dict[str, float]:
    """The attention that went to passages, to the graph, to labelled examples if there are any, and to no evidence."""
    shares = {
        "passages": math.fsum(passage.attention for passage in prediction.passages),
        "graph": math.fsum(node.attention for node in prediction.nodes),
    }
    if prediction.examples:
        shares["examples"] = math.fsum(example.attention for example in prediction.examples)
    return shares | {"none": prediction.no_evidence}


def _what_counted(shares: dict[str, float]) -> str:
    most = max(shares, key=lambda kind: shares[kind])
    if shares[most] <= 0.5:
        return "No single kind of evidence had most of it."
    if most == "none":
        return "The model mostly set the evidence aside and used the input alone."
    return "Most of it went to the " + {"examples": "labelled examples"}.get(most, most) + "."
