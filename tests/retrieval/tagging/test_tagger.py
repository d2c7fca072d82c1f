from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.tagging.spans import Span
from ragmtl.retrieval.tagging.tagger import Tagger, TaggerTraining, Text, known_text, tagger_folder, train_tagger
from ragmtl.retrieval.tagging.words import WordReader

FILMS = ("Alien", "Brazil", "Duel", "Heat", "Psycho", "Vertigo")
"""Each is a film in `I saw Alien`, and a word in `the alien of`."""
READER = WordReader("hashing")


def text(film: str, *, named: bool) -> Text:
    said = f"I saw {film} last night" if named else f"the {film.lower()} of my friend"
    start = said.lower().index(film.lower())
    return known_text(said, [Mention(start, start + len(film), 7, 0.5)], nodes=frozenset({7} if named else ()))


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    train = [text(film, named=named) for film in FILMS[:4] for named in (True, False)]
    return train_tagger(READER, train, train, TaggerTraining(epochs=30, patience=30, batch_size=4, learning_rate=5e-3))


def test_a_name_is_told_from_a_word_in_texts_that_were_not_learned_from(tagger: Tagger) -> None:
    for film in FILMS[4:]:
        [kept] = tagger(text(film, named=True).text, text(film, named=True).found)
        assert 0 < kept.weight <= 0.5
        assert kept.how.endswith("sure that it is a name")
        assert tagger(text(film, named=False).text, text(film, named=False).found) == ()
    assert tagger("", ()) == ()


def test_what_was_learned_is_kept(tagger: Tagger, tmp_path: Path) -> None:
    folder = tagger_folder(tmp_path / "index")
    tagger.save(folder)
    again, asked = Tagger.load(folder, "hashing"), text("Vertigo", named=True)
    assert folder.name == "index.tagger"
    assert again(asked.text, asked.found) == tagger(asked.text, asked.found)
    with pytest.raises(MismatchError, match="reads words by 'minilm'"):
        Tagger.load(folder, "minilm")
    (folder / "model.safetensors").write_bytes(b"?")
    with pytest.raises(MismatchError, match="expected a whole tagger"):
        Tagger.load(folder, "hashing")
    with pytest.raises(MismatchError, match="ragmtl learn --what tagger"):
        Tagger.load(tmp_path / "none", "hashing")


def test_names_are_given_or_found_by_what_is_spoken_of_or_by_the_surest_mentions() -> None:
    said, found = "Alien and Heat", [Mention(0, 5, 1, 0.9), Mention(10, 14, 2, 0.1)]
    assert known_text(said, found, spans=[Span(10, 14, "film")]).right == (False, True)
    assert known_text(said, found, nodes=frozenset({2})).names == (Span(10, 14, "entity"),)
    assert known_text(said, found).names == (Span(0, 5, "entity"),)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(DataError, match="found none in 1 texts"):
        train_tagger(READER, [replace(text("Heat", named=False))], [])
