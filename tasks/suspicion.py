"""Columns that cannot be what they are named for: ids, texts or IRIs in the place of classes or of a text.

They are refused before training starts, since what would be learned from them is nothing, and takes long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

MOST_ANSWERS = 10_000
FEWEST_ROWS = 20
LONG = 200
"""Letters of the usual name of an answer, from which on it is a text."""

_SCHEMES = ("http://", "https://", "urn:")


def suspicious_answers(counts: Mapping[str, int]) -> str | None:
    """What is wrong with the answers of a column, and what to do; None where nothing is.

    Args:
        counts: How many rows have each.
    """
    rows, number = sum(counts.values()), len(counts)
    if rows >= FEWEST_ROWS and sum(len(name) * count for name, count in counts.items()) > LONG * rows:
        return f"expected names of answers, found texts of more than {LONG} letters; is it the column of the text?"
    if rows >= FEWEST_ROWS and number > rows / 2:
        return (
            f"expected answers that return, found {number:,} different ones in {rows:,} rows; is it a column of ids or "
            "texts? Name another, or leave out rare answers with min_count"
        )
    if number > MOST_ANSWERS:
        return (
            f"expected at most {MOST_ANSWERS:,} answers, found {number:,} in {rows:,} rows; leave out rare ones with "
            'min_count, or rank them (kind = "rank") where they are entities'
        )
    return None


def suspicious_texts(texts: Sequence[str]) -> str | None:
    """What is wrong with a column of texts; None where nothing is."""
    given = [text.strip() for text in texts if text.strip()]
    iris = sum(text.startswith(_SCHEMES) and not any(map(str.isspace, text)) for text in given)
    if len(given) >= FEWEST_ROWS and iris > 0.9 * len(given):
        return f"expected texts, found IRIs in {iris:,} of {len(given):,} rows; name the column as `entity`"
    return None


def single_answers(counts: Counter[str]) -> str | None:
    """A note about answers with a single row, which cannot be learned and measured both; None where there are none."""
    alone = sorted(name for name, count in counts.items() if count == 1)
    if not alone:
        return None
    some = ", ".join(repr(name) for name in alone[:3]) + (", …" if len(alone) > 3 else "")
    return f"{len(alone)} answers have a single row ({some}); min_count = 2 leaves them out"


def suspicious_targets(texts: Sequence[str]) -> str | None:
    """What is wrong with texts that are to be written; None where nothing is."""
    rows, number = len(texts), len(set(texts))
    if rows and number == 1:
        return f"expected texts that differ, found {texts[0][:60]!r} in all {rows:,} training rows"
    if rows < FEWEST_ROWS:
        return None
    if (numbers := sum(_is_number(text) for text in texts)) > 0.9 * rows:
        return f'expected texts, found numbers in {numbers:,} of {rows:,} training rows; is it of kind "number"?'
    if (iris := sum(text.startswith(_SCHEMES) and len(text.split()) == 1 for text in texts)) > 0.9 * rows:
        return (
            f"expected texts, found IRIs in {iris:,} of {rows:,} training rows; is it of kind "
            '"question", "rank" or "class"?'
        )
    if number <= rows / 10:
        return (
            f"expected texts of which few return, found only {number:,} different ones in {rows:,} training rows, "
            f'such as {texts[0][:60]!r}; is it of kind "class"?'
        )
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
