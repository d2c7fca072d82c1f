"""The tables of `[[tasks]]`: what to learn, and from which columns.

Each kind of task is a section here. One of your own is a section too, in your own file, handed to `read_config`
(docs/new-task.md): a `TableSection`, which says with `target` what its column makes, and is read like all tables.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ragmtl.config.section import Section
from ragmtl.models.heads.generation import Search
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.tasks.classify import class_task, labels_task, pair_task
from ragmtl.tasks.entities import COLUMN, Stated
from ragmtl.tasks.generation import Writing, generation_task
from ragmtl.tasks.question import question_task
from ragmtl.tasks.regress import Loss, number_task
from ragmtl.tasks.spans import span_task
from ragmtl.tasks.targets import Target
from ragmtl.tasks.tokenizer import LEAST_VOCABULARY


class TaskSection(Section):
    """What every task says: its name, its table, the relations that state its labels, and its weight.

    The weight says how much the task counts in what tasks share, beside the others.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    data: str
    hide: list[str] = []
    weight: float = Field(default=1.0, gt=0)


class TableSection(TaskSection):
    """A task whose examples are the rows of a table: texts, entities or both. Tasks that read a table alike share it.

    `text`, `entity`, `id`, `split`, `group` and `exclude` are names of columns. Without `split`, examples are shared
    out by `fractions`, never dividing a group. `exclude` names groups of passages not to retrieve.
    """

    text: str | None = None
    entity: str | None = None
    id: str | None = None
    split: str | None = None
    group: str | None = None
    exclude: str | None = None
    separator: str = "|"
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)

    def target(self) -> Target:
        """Which column to learn, how its cells are read, and the task that it makes."""
        raise NotImplementedError(f"{type(self).__name__}: a section of a table says its target")

    @model_validator(mode="after")
    def _has_input(self) -> TableSection:
        if self.text is None and self.entity is None:
            raise ValueError("expected a column for `text`, for `entity`, or both; found neither")
        return self


class ClassificationConfig(TableSection):
    """Classes (`kind = "class"`: one of many) or labels (`kind = "labels"`: any number) of a text, an entity, or both.

    `label` is the name of a column.
    """

    kind: Literal["class", "labels"]
    label: str
    min_count: int = Field(default=1, ge=1, description="classes with fewer examples are left out, and counted")
    balanced: bool = Field(default=False, description="rare answers count more in the loss, so that all count alike")

    def target(self) -> Target:
        """Classes or labels."""
        make = class_task if self.kind == "class" else labels_task
        return Target(self.name, self.label, self.kind, partial(make, balanced=self.balanced), self.min_count)


class PairConfig(TableSection):
    """How a text stands to the passages that are retrieved for it (`kind = "pair"`): supported, contradicted, neither.

    `label` is the name of a column of classes.
    """

    kind: Literal["pair"]
    text: str
    label: str
    min_count: int = Field(default=1, ge=1, description="classes with fewer examples are left out, and counted")
    balanced: bool = False

    def target(self) -> Target:
        """Classes."""
        return Target(self.name, self.label, "class", partial(pair_task, balanced=self.balanced), self.min_count)


class EntityConfig(TaskSection):
    """Classes of entities straight from the graph (`kind = "entity"`): where `relation` leads is the label.

    There is no table. The relation is hidden from what is retrieved.
    """

    kind: Literal["entity"]
    data: str = ""
    relation: str
    of: str = ""
    inverse: bool = False
    many: bool = False
    describe: bool = True
    min_count: int = Field(default=1, ge=1, description="classes with fewer entities are left out, and counted")
    balanced: bool = False
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)

    @model_validator(mode="before")
    @classmethod
    def _hides_its_labels(cls, fields: dict[str, Any]) -> dict[str, Any]:
        relation = [iri for iri in (fields.get("relation"),) if iri and iri not in fields.get("hide", ())]
        return fields | {"hide": [*fields.get("hide", ()), *relation]}

    def target(self) -> Target:
        """Classes, or any number of them."""
        make = labels_task if self.many else class_task
        kind: Literal["labels", "class"] = "labels" if self.many else "class"
        return Target(self.name, COLUMN, kind, partial(make, balanced=self.balanced), self.min_count)

    @property
    def stated(self) -> Stated:
        """Which statements are labels."""
        return Stated(self.relation, self.of, self.inverse, self.describe)


class NumberConfig(TableSection):
    """A number of a text, an entity, or both (`kind = "number"`); `label` is the name of a column."""

    kind: Literal["number"]
    label: str
    error: Loss = Field(default="huber", description="what the loss counts")

    def target(self) -> Target:
        """A number."""
        make = partial(number_task, unit=self.label, error=self.error)
        return Target(self.name, self.label, "number", make)


class QuestionConfig(TableSection):
    """Questions that an entity of the graph answers, or nothing in it (`kind = "question"`).

    `answer` is a column of IRIs, any of which is right; an empty list says that the graph holds no answer.
    """

    kind: Literal["question"]
    answer: str

    def target(self) -> Target:
        """Nodes of the evidence, of which there are as many as are retrieved (`question_within`)."""
        return self.target_within(RetrievalSettings().nodes)

    def target_within(self, places: int) -> Target:
        """Nodes of evidence of at most so many."""
        return Target(self.name, self.answer, "nodes", partial(question_task, places=places))


class GenerationConfig(TableSection):
    """Texts to write (`kind = "generation"`): a sentence from triples, an answer in words, a translation.

    `output` is the name of a column of texts.
    """

    kind: Literal["generation"]
    output: str
    longest: int = Field(default=64, ge=2, le=512, description="the most tokens that are written")
    shortest: int = Field(default=0, ge=0, description="the fewest")
    beams: int = Field(default=4, ge=1, le=32, description="texts that are followed at once; 1 is greedy")
    no_repeat: int = Field(default=0, ge=0, description="tokens in a row that must not come twice; 0: any may")
    smoothing: float = Field(default=0.1, ge=0, lt=1, description="share of the loss that wants all words alike")
    reads: int = Field(default=256, ge=16, le=4096, description="the most tokens of query and evidence that are read")
    vocabulary: int = Field(default=2000, ge=LEAST_VOCABULARY, le=100_000, description="tokens of a new tokenizer")
    layers: int = Field(default=2, ge=1, le=12, description="of a new encoder, and of a new decoder")
    checkpoint: str = Field(default="", description="a sequence-to-sequence model to start from")

    def target(self) -> Target:
        """A text."""
        search = Search(self.longest, self.shortest, self.beams, self.no_repeat, self.smoothing)
        writing = Writing(search, self.reads, self.vocabulary, self.layers, checkpoint=self.checkpoint)
        return Target(self.name, self.output, "text", partial(generation_task, output=self.output, writing=writing))

    @model_validator(mode="after")
    def _writes_something_else(self) -> GenerationConfig:
        if self.output == self.text:
            raise ValueError(f"`output` must be another column than `text`, found {self.output!r} for both")
        if self.shortest > self.longest:
            raise ValueError(f"`shortest` must be at most `longest`, found {self.shortest} and {self.longest}")
        return self


class SpansConfig(TableSection):
    """Stretches of a text that name something (`kind = "spans"`): token classification.

    `label` is a column of lists of `[start, end, "label"]`, places of characters in `text`.
    """

    kind: Literal["spans"]
    text: str
    label: str

    def target(self) -> Target:
        """Stretches of the text."""
        return Target(self.name, self.label, "spans", span_task)


class RecommendConfig(TaskSection):
    """Recommendation from a log of interactions: rank all items for a user, given what came earlier.

    `user`, `item`, `time`, `rating` and `split` are names of columns. Splits come from `split`, or from two times
    (`valid_from`, `test_from`), or from `fractions` of each user's events, or else each user's last item is for test
    and the one before for validation. `entities` is a table of items and their IRIs.
    """

    kind: Literal["recommend"]
    user: str
    item: str
    time: str | None = None
    rating: str | None = None
    min_rating: float | None = None
    entities: str | None = None
    split: str | None = None
    valid_from: float | None = None
    test_from: float | None = None
    fractions: tuple[float, float, float] | None = None
    cold_items: int = Field(default=0, ge=0, description="one item of so many loses its train events")
    cold_users: int = Field(default=0, ge=0, description="one user of so many is not learned from")
    min_history: int = Field(default=1, ge=1)
    history: int = Field(default=20, ge=1, description="the most recent items that are read")
    without: tuple[str, ...] = Field(default=(), description="signals that are switched off")

    @model_validator(mode="after")
    def _splits_once(self) -> RecommendConfig:
        ways = {"split": self.split, "valid_from": self.valid_from, "fractions": self.fractions}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"expected one way to split, found {' and '.join(given)}")
        if self.fractions and (min(self.fractions) < 0 or abs(sum(self.fractions) - 1) > 1e-6):
            raise ValueError(f"fractions must be three shares that add up to 1, found {self.fractions}")
        return self

    @model_validator(mode="after")
    def _least_needs_ratings(self) -> RecommendConfig:
        if self.min_rating is not None and self.rating is None:
            raise ValueError("min_rating needs a `rating` column; found none")
        return self

    @model_validator(mode="after")
    def _cuts_need_times(self) -> RecommendConfig:
        if (self.valid_from is None) != (self.test_from is None):
            raise ValueError("valid_from and test_from go together; found only one of them")
        if self.valid_from is not None and self.time is None:
            raise ValueError("valid_from and test_from need a `time` column; found none")
        return self


class RankConfig(TaskSection):
    """Ranking from a text and the items it mentions (`kind = "rank"`): which item is meant or wanted.

    `text`, `history` (a list of IRIs), `item`, `split`, `group` and `exclude` are names of columns.
    """

    kind: Literal["rank"]
    item: str
    text: str | None = None
    history: str | None = None
    id: str | None = None
    split: str | None = None
    group: str | None = None
    exclude: str | None = None
    separator: str = "|"
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    without: tuple[str, ...] = Field(default=(), description="signals that are switched off")


class LinkConfig(TaskSection):
    """Links of the graph (`kind = "link"`): which entity a relation leads to, or comes from, given the other end.

    `data` is a table of its edges, as `ragmtl kg hold-out` writes it; `relation` is an IRI.
    """

    kind: Literal["link"]
    relation: str
    side: Literal["tail", "head"] = "tail"
    most: int = Field(default=5000, ge=1, description="the most edges to train on")


TaskConfig = Annotated[
    ClassificationConfig
    | EntityConfig
    | GenerationConfig
    | NumberConfig
    | PairConfig
    | QuestionConfig
    | SpansConfig
    | LinkConfig
    | RecommendConfig
    | RankConfig,
    Field(discriminator="kind"),
]
