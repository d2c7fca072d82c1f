"""What a comparison says, in sentences that claim no more than its intervals.

A difference whose interval holds zero shows nothing, and is said to show nothing: neither that arms are alike, nor
that one is ahead. A gain is called gone in a control only where the control's own interval holds zero (or lies below)
and the full arm is ahead of the control on the same examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ragmtl.inspector.words import interval, signed
from ragmtl.report import Comparison, Difference

ARMS: Mapping[str, str] = {
    "single": "Each task is trained alone, on its input and without any retrieved knowledge.",
    "rag-single": "Each task is trained alone, with retrieved passages and the retrieved part of the graph.",
    "mtl": "All tasks are trained together on one shared model, without retrieved knowledge.",
    "rag-mtl": "All tasks are trained together, with retrieved passages and the retrieved part of the graph.",
    "random-passages": "A control: like rag-mtl, but the passages are drawn at random. A gain that stays does not come "
    "from what the passages say.",
    "shuffled-graph": "A control: like rag-mtl, but the facts of the graph are permuted, so that they are false while "
    "their number and the names stay. A gain that stays does not come from the facts.",
}


class Phrases(NamedTuple):
    """How a comparison of two arms reads when the first is ahead, when it is behind, and when neither is shown."""

    better: str
    worse: str
    unclear: str


_PHRASES: Mapping[tuple[str, str], Phrases] = {
    ("rag-mtl", "mtl"): Phrases(
        "retrieval helps {task} in joint training",
        "retrieval hurts {task} in joint training",
        "no effect of retrieval on {task} is shown in joint training",
    ),
    ("rag-single", "single"): Phrases(
        "retrieval helps {task} trained alone",
        "retrieval hurts {task} trained alone",
        "no effect of retrieval on {task} trained alone is shown",
    ),
    ("mtl", "single"): Phrases(
        "joint training helps {task} without retrieval",
        "joint training hurts {task} without retrieval",
        "no effect of joint training on {task} is shown without retrieval",
    ),
    ("rag-mtl", "rag-single"): Phrases(
        "joint training helps {task} with retrieval",
        "joint training hurts {task} with retrieval",
        "no effect of joint training on {task} is shown with retrieval",
    ),
    ("rag-mtl", "single"): Phrases(
        "retrieval and joint training together help {task}",
        "retrieval and joint training together hurt {task}",
        "no effect of retrieval and joint training together is shown on {task}",
    ),
    ("rag-mtl", "random-passages"): Phrases(
        "the retrieved passages do better than random ones",
        "the retrieved passages do worse than random ones",
        "no difference between retrieved and random passages is shown",
    ),
    ("rag-mtl", "shuffled-graph"): Phrases(
        "the true graph does better than the shuffled one",
        "the true graph does worse than the shuffled one",
        "no difference between the true and the shuffled graph is shown",
    ),
}

_CONTROLS: Mapping[str, str] = {"random-passages": "with random passages", "shuffled-graph": "under the shuffled graph"}


def sentence(difference: Difference, comparison: Comparison) -> str:
    """One difference in words, as "retrieval helps genre in joint training: +.087 [.062, .111]"."""
    figures = f"{signed(difference.value)} {interval(difference.low, difference.high)}"
    return f"{_claim(difference, comparison)}: {figures}"


def _claim(difference: Difference, comparison: Comparison) -> str:
    pair = (difference.arm, difference.against)
    if pair in _PHRASES:
        phrases = _PHRASES[pair]
        by_verdict = {"better": phrases.better, "worse": phrases.worse}
        return by_verdict.get(difference.verdict, phrases.unclear).format(task=difference.task)
    if difference.arm in _CONTROLS and difference.against in ("mtl", "single"):
        return _control(difference, comparison)
    if difference.verdict == "no difference shown":
        return f"no difference between {difference.arm} and {difference.against} is shown"
    return f"{difference.arm} does {difference.verdict} than {difference.against}"


def _control(control: Difference, comparison: Comparison) -> str:
    """What is left of the gain of retrieval in a control."""
    where = _CONTROLS[control.arm]
    full = "rag-mtl"
    gain = find(comparison.differences, control, full, control.against)
    ahead = find(comparison.differences, control, full, control.arm)
    if gain is None or gain.verdict != "better":
        shown = {"better": "a gain over", "worse": "a loss against"}.get(control.verdict, "no difference to")
        return f"{shown} {control.against} is shown {where}"
    if control.verdict == "better":
        part = "only a part of the gain stays" if ahead and ahead.verdict == "better" else "a gain stays"
        return f"{part} {where}"
    gone = ahead is not None and ahead.verdict == "better"
    return f"the gain is gone {where}" if gone else f"no gain is shown {where}, nor that it falls behind {full}"


def find(differences: Sequence[Difference], like: Difference, arm: str, against: str) -> Difference | None:
    """The difference of two other arms on the same task, slice and metric."""
    place = (like.task, like.slice, like.metric, arm, against)
    return next((d for d in differences if (d.task, d.slice, d.metric, d.arm, d.against) == place), None)


def kind(difference: Difference) -> str:
    """`better`, `worse` or `none`, to mark a sentence or a dot with."""
    return difference.verdict if difference.verdict in ("better", "worse") else "none"


def caution(comparison: Comparison) -> str:
    """What the intervals of this comparison do and do not cover."""
    number = len(comparison.differences)
    seeds = len(comparison.seeds)
    trained = (
        "Every arm was trained once, with one seed: the intervals do not cover how much another seed would change."
        if seeds <= 1
        else f"Figures are means over {seeds} seeds."
    )
    by_chance = (
        f" Were none of the {number} differences real, about {round(number / 20)} would still look so by chance."
    )
    return trained + (by_chance if number >= 20 else "")
