from __future__ import annotations

import numpy as np
import pytest
import sacrebleu

from ragmtl.tasks.bootstrap import bootstrap
from ragmtl.tasks.metrics import concatenate
from ragmtl.tasks.text_metrics import Written, bleu, chrf, names_in, supported

TEXTS = ["Fight Club is a 1999 film by David Fincher.", "a soup", "", "nothing alike here"]
RIGHT = ["Fight Club is a 1999 American film directed by David Fincher.", "a hot soup", "abc", "xyz uvw rst klm"]
ALL = np.ones(4, np.bool_)


@pytest.mark.parametrize("rows", [[0], [0, 1], [1], [2], [3], [0, 1, 2, 3]])
def test_the_sums_give_what_sacrebleu_gives(rows: list[int]) -> None:
    texts, right = [TEXTS[row] for row in rows], [RIGHT[row] for row in rows]
    assert chrf(TEXTS, RIGHT, ALL).of(np.array(rows)).value == pytest.approx(
        sacrebleu.corpus_chrf(texts, [right]).score / 100
    )
    assert bleu(TEXTS, RIGHT, ALL).of(np.array(rows)).value == pytest.approx(
        sacrebleu.corpus_bleu(texts, [right]).score / 100
    )


def test_texts_without_a_right_one_count_for_nothing_and_parts_add_up() -> None:
    some = np.array([True, False, True, True])
    for metric in (chrf, bleu):
        whole = metric(TEXTS, RIGHT, some)
        assert whole.value == metric([TEXTS[0], *TEXTS[2:]], [RIGHT[0], *RIGHT[2:]], ALL[:3]).value
        parts = [metric(TEXTS[:2], RIGHT[:2], some[:2]), metric(TEXTS[2:], RIGHT[2:], some[2:])]
        assert concatenate(parts).value == whole.value
        interval = bootstrap([whole], list("abcd"), samples=20)
        assert interval.low <= whole.value <= interval.high
        assert np.isnan(metric([], [], ALL[:0]).value)


def test_names_are_words_with_a_capital_one_after_the_other_and_numbers() -> None:
    assert names_in("The film of 1999 stars Brad Pitt, Edward Norton and a cat. Élan is in it.") == [
        "1999",
        "Brad Pitt",
        "Edward Norton",
    ]
    assert names_in("в 1999 снял Финчер") == ["1999", "Финчер"]
    assert names_in("") == []


def test_what_is_written_is_looked_for_in_the_evidence_and_not_in_the_query() -> None:
    written = Written("Fight Club is a film of 1999 by Ridley Scott", "Fight Club", ("Fight Club (film)", "year 1999"))
    support = written.support()
    assert support.words == ("film", "1999")
    assert support.other_words == ("ridley", "scott")
    assert (support.names, support.other_names) == (("1999",), ("Ridley Scott",))
    figures = supported([written, written], np.array([True, False]))
    assert figures["supported"].value == 0.5
    assert figures["names_supported"].value == 0.5
    assert np.isnan(supported([Written("Fight Club", "Fight Club")], ALL[:1])["supported"].value)


def test_a_part_of_a_name_is_not_the_name() -> None:
    assert Written("by Ann Lee", "", ("Joann Leeds",)).support().names == ()
