"""What clients may ask: every field with its limit, unknown fields refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ragmtl.predict import Choices
from ragmtl.retrieval.query import Query

LONGEST_TEXT, LONGEST_IRI = 20_000, 2_000
MOST_ENTITIES, MOST_HISTORY, MOST_TASKS, MOST_PASSAGES, MOST_NODES, MOST_ITEMS = 64, 500, 64, 50, 500, 100

Text = Annotated[str, Field(max_length=LONGEST_TEXT, description="What is asked, in words.")]
Iri = Annotated[str, Field(min_length=1, max_length=LONGEST_IRI)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
RunName = Annotated[Name | None, Field(description="Which of the runs that are served; the first where none is named.")]
Passages = Annotated[int | None, Field(ge=0, le=MOST_PASSAGES, description="Most passages; as trained by default.")]
Nodes = Annotated[int | None, Field(ge=0, le=MOST_NODES, description="Most nodes; as trained by default.")]
Entities = Annotated[list[Iri], Field(max_length=MOST_ENTITIES, description="IRIs of entities that it is about.")]
History = Annotated[list[Iri], Field(max_length=MOST_HISTORY, description="IRIs of items met before, oldest first.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RetrieveAsked(_Strict):
    """A query, and how much is retrieved for it."""

    text: Text = ""
    entities: Entities = []
    history: History = []
    passages: Passages = None
    nodes: Nodes = None
    run: RunName = None

    def query(self) -> Query:
        """What is asked of the run."""
        return Query(self.text, tuple(self.entities), tuple(self.history))


class PredictAsked(RetrieveAsked):
    """A query, which tasks are to answer it, and from what."""

    tasks: Annotated[list[Name] | None, Field(max_length=MOST_TASKS, description="All tasks by default.")] = None
    knowledge: Annotated[bool, Field(description="Whether evidence is retrieved.")] = True
    evidence: Annotated[bool, Field(description="Whether the evidence comes with the answers.")] = True

    def choices(self) -> Choices:
        """How it is to be answered."""
        tasks = None if self.tasks is None else frozenset(self.tasks)
        return Choices(tasks, self.passages, self.nodes, self.knowledge, evidence=self.evidence)


class WhyAsked(RetrieveAsked):
    """A query, and the answer of one task that is asked about."""

    task: Name
    answer: Annotated[str, Field(min_length=1, max_length=LONGEST_IRI, description="A class, a label, or an item.")]


class RecommendAsked(_Strict):
    """Items met so far, what is wanted in words, or both."""

    items: History = []
    text: Text = ""
    task: Annotated[Name | None, Field(description="Which ranking; needed where the run has several.")] = None
    top: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 10
    run: RunName = None
