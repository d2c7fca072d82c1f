"""What the page asks: everything that is chosen on it stands in its address, so that a link shows the same again."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.predict import Choices, as_query
from ragmtl.retrieval.query import Query
from ragmtl.server.asked import Entities, History, Name, Nodes, Passages, RunName

Typed = Annotated[str, Field(max_length=20_000, description="A text, or the IRI of an entity.")]


class PageAsked(BaseModel):
    """The address of the page."""

    model_config = ConfigDict(frozen=True)

    q: Typed = ""
    entity: Entities = []
    history: History = []
    task: Annotated[str, Field(max_length=200, description="Which task; all where none is named.")] = ""
    passages: Passages = None
    nodes: Nodes = None
    knowledge: Annotated[Literal["on", "off"], Field(description="Whether evidence is retrieved.")] = "on"
    run: RunName = None
    beside: Annotated[str, Field(max_length=200, description="Another run, to compare with.")] = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.q.strip() or self.entity or self.history)

    def query(self, graph: KnowledgeGraph) -> Query:
        """What is asked of a run.

        Raises:
            DataError: What was typed looks like an IRI, and the graph has none such.
        """
        typed = as_query(self.q.strip(), graph) if self.q.strip() else Query()
        entities = dict.fromkeys((*self.entity, *typed.entities))
        return Query(typed.text, tuple(entities), tuple(self.history))

    def choices(self) -> Choices:
        """How it is to be answered."""
        tasks = frozenset({self.task}) if self.task else None
        return Choices(tasks, self.passages, self.nodes, self.knowledge == "on")

    def link(self, **changes: object) -> str:
        """The address of the page with something else chosen."""
        fields = self.model_dump(exclude_defaults=True) | changes
        return "/?" + urlencode({name: value for name, value in fields.items() if value not in (None, "")}, doseq=True)


class WhyPageAsked(PageAsked):
    """The address of the page, and an answer that is asked about."""

    task: Name
    answer: Annotated[str, Field(min_length=1, max_length=2_000, description="A class, a label, or an item.")]
