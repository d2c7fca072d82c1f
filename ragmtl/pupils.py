"""What can be learned for retrieval from questions: each with the retriever before it, after it, and how it is kept.

triples     which triples answer a question: `walk = "learned"`
fusion      how much each source of passages counts for a question: `fusion = "learned"`
two-tower   a small text encoder, from nothing: `[encoder] name = "FOLDER"`
encoder     a transformer, fine-tuned: `[encoder] name = "FOLDER"`
reranker    a cross-encoder, which reads the best passages: `rerank = "FOLDER"`
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ragmtl.build import Watch
from ragmtl.errors import MismatchError
from ragmtl.kg.disk.replace import replacing
from ragmtl.retrieval.encoders.cross_training import CrossTuning, choices_of, train_cross_encoder
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder
from ragmtl.retrieval.encoders.fine_tuning import Tuning, fine_tune
from ragmtl.retrieval.encoders.learned_folder import refuse_folder
from ragmtl.retrieval.encoders.pairs import pairs_of
from ragmtl.retrieval.encoders.two_tower import PACE, train_two_tower
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.hybrid import Retriever, Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.learned_fusion import LearnedFusion, fusion_file, learn_fusion, learned_with
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.routes.learning import learn_triples
from ragmtl.retrieval.routes.scorer import TripleScorer, learned_folder
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.retrieval.settings import RetrievalSettings

PASSAGES, TRIPLES = 10, 10
"""How many passages, and how many triples of a subgraph, are looked at where what was learned is measured."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to learn from, and how.

    Attributes:
        index: Holds what the questions are about.
        settings: How the retriever works beside what is learned.
        train, valid: Questions to learn from, and to tell when to stop.
        start: The model to start from; that of the index, or "minilm", where empty.
        out: The folder to write, for models; beside the index where None.
        lora: Whether to fine-tune low-rank additions only.
        epochs: The most passes; as the method has it where None.
        seed: Of training.
        hops: The most steps from an entity to an answer.
        watch: Gives progress bars.
        unanswered: How many questions of the table nothing answers; they are not learned from.
    """

    index: Index
    settings: RetrievalSettings
    train: Sequence[Question]
    valid: Sequence[Question]
    watch: Watch
    start: str = ""
    out: Path | None = None
    lora: bool = False
    epochs: int | None = None
    seed: int = 0
    hops: int = 3
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Pupil:
    """What was learned.

    Attributes:
        before, after: Retrievers without and with it.
        report: How learning went.
        figures: What it is to better: the first of these that questions have.
        keep: Puts it in the place of the old one.
        place: Where it is kept.
        aside: Where it lies if it is not kept; nowhere where None.
        replaces: Whether there is an old one.
        use: What the configuration says to use it.
    """

    before: Retrieves
    after: Retrieves
    report: str
    figures: tuple[str, ...]
    keep: Callable[[], None]
    place: Path
    aside: Path | None
    replaces: bool
    use: str


_OF_TRIPLES = ("triple_recall@5", "answer_recall")
_OF_PASSAGES = (f"ndcg@{PASSAGES}",)


def triples(lesson: Lesson) -> Pupil:
    """A scorer of triples."""
    index, place = lesson.index, learned_folder(lesson.index.directory)
    training = RouteTraining(seed=lesson.seed)
    if lesson.epochs is not None:
        training = replace(training, epochs=lesson.epochs)
    scorer, report = learn_triples(
        index.graph, index.linker, lesson.train, lesson.valid, training,
        longest=lesson.hops, progress=lesson.watch("learning routes"),
    )  # fmt: skip
    old = None
    with suppress(MismatchError):
        old = TripleScorer.load(place, index.graph)
    few = replace(_plain(lesson.settings), walk="learned", triples=TRIPLES)
    walk = "pagerank" if lesson.settings.walk == "learned" else lesson.settings.walk
    before = Retriever(index, replace(few, walk=walk)) if old is None else Retriever(index, few, scorer=old)
    after = Retriever(index, few, scorer=scorer)
    use = 'walk = "learned" under [retrieval]'
    return Pupil(before, after, str(report), _OF_TRIPLES, lambda: scorer.save(place), place, None, old is not None, use)


def fusion(lesson: Lesson) -> Pupil:
    """Weights of the sources of passages."""
    index, plain = lesson.index, _plain(lesson.settings)
    asked = [question for question in lesson.train if question.passages]
    proposed = Retriever(index, plain).candidates([question.query for question in asked])
    learned = learn_fusion(zip(proposed, [question.passages for question in asked], strict=True))
    fits = learned_with(index, plain)
    old = None
    with suppress(MismatchError):
        old = LearnedFusion.load(index.directory, fits)
    settings = replace(plain, fusion="learned")
    before = Retriever(index, plain if old is None else settings, fusion=old)
    after = Retriever(index, settings, fusion=learned)
    report = f"{learned.queries:,} questions to learn from, for which a source finds a right passage"
    return Pupil(
        before, after, report, _OF_PASSAGES, lambda: learned.save(index.directory, fits),
        fusion_file(index.directory), None, old is not None, 'fusion = "learned" under [retrieval]',
    )  # fmt: skip


def two_tower(lesson: Lesson) -> Pupil:
    """A small encoder, learned from nothing but the corpus and the pairs."""
    place, aside = _places(lesson, "two-tower")
    refuse_folder(place)
    train, valid = (pairs_of(part, lesson.index) if part else [] for part in (lesson.train, lesson.valid))
    pace = replace(PACE, seed=lesson.seed, epochs=PACE.epochs if lesson.epochs is None else lesson.epochs)
    texts = lesson.index.corpus.readings()
    encoder, done = train_two_tower(
        train, aside, texts=texts, valid=valid, pace=pace, progress=lesson.watch("learning an encoder")
    )
    return _encoder(lesson, encoder, f"{len(train):,} pairs; {done}", (place, aside))


def encoder(lesson: Lesson) -> Pupil:
    """A fine-tuned transformer."""
    place, aside = _places(lesson, "encoder")
    refuse_folder(place)
    tuning = Tuning(_start(lesson), lora=lesson.lora, seed=lesson.seed)
    if lesson.epochs is not None:
        tuning = replace(tuning, epochs=lesson.epochs)
    train, valid = (pairs_of(part, lesson.index) if part else [] for part in (lesson.train, lesson.valid))
    tuned, done = fine_tune(train, aside, tuning, valid=valid, progress=lesson.watch("fine-tuning the encoder"))
    return _encoder(lesson, tuned, f"{len(train):,} pairs; {done}", (place, aside))


def reranker(lesson: Lesson) -> Pupil:
    """A cross-encoder that chooses among what the retriever proposes."""
    place, aside = _places(lesson, "reranker")
    refuse_folder(place)
    tuning = CrossTuning(_start(lesson), seed=lesson.seed)
    if lesson.epochs is not None:
        tuning = replace(tuning, epochs=lesson.epochs)
    settings = replace(lesson.settings, passages=max(lesson.settings.passages, PASSAGES))
    proposing = Retriever(lesson.index, replace(settings, rerank=""))
    reading = lesson.index.corpus.reading
    train, valid = (choices_of(part, proposing, reading) if part else [] for part in (lesson.train, lesson.valid))
    learned, done = train_cross_encoder(train, aside, tuning, valid=valid, progress=lesson.watch("learning to rerank"))
    return Pupil(
        Retriever(lesson.index, settings), Retriever(lesson.index, settings, reranker=learned),
        f"{len(train):,} choices; {done}", _OF_PASSAGES, lambda: _move(aside, place), place, aside,
        bool(settings.rerank), f'rerank = "{place}" under [retrieval]',
    )  # fmt: skip


def _encoder(lesson: Lesson, learned: Encoder, report: str, places: tuple[Path, Path]) -> Pupil:
    """An encoder, measured by the vectors that it gives all passages; they are kept for the index to come."""
    index, (place, aside) = lesson.index, places
    plain = _plain(lesson.settings)
    settings = replace(plain, linking="fuzzy" if plain.linking in ("full", "tagged") else plain.linking)
    cached = CachedEncoder(learned, vectors_beside(index.directory))
    dense = Dense.build(cached.encode(index.corpus.readings(), lesson.watch("encoding passages")))
    after = Retriever(replace(index, dense=dense, encoder=cached), settings)
    use = f'name = "{place}" under [encoder], then `ragmtl index` (vectors of passages are there already)'
    before = Retriever(index, settings)
    return Pupil(before, after, report, _OF_PASSAGES, lambda: _move(aside, place), place, aside, True, use)


def _plain(settings: RetrievalSettings) -> RetrievalSettings:
    """The settings without what else may have been learned for this index."""
    fused = "shape" if settings.fusion == "learned" else settings.fusion
    return replace(settings, fusion=fused, rerank="", passages=max(settings.passages, PASSAGES))


def _places(lesson: Lesson, what: str) -> tuple[Path, Path]:
    """Where a model is kept, and where it lies until then."""
    directory = lesson.index.directory
    place = (lesson.out or directory.with_name(f"{directory.name}.{what}")).expanduser().absolute()
    return place, place.with_name(place.name + ".new")


def _start(lesson: Lesson) -> str:
    """The model to start from: that of the index, where it is a transformer."""
    if lesson.start:
        return lesson.start
    name = str(lesson.index.manifest["encoder"]["name"])
    small = name == "hashing" or (Path(name) / "two_tower.json").is_file()
    return "minilm" if small else name


def _move(aside: Path, place: Path) -> None:
    with replacing(place) as building:
        shutil.copytree(aside, building, dirs_exist_ok=True)
    shutil.rmtree(aside)
