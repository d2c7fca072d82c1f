"""The table `[graph]` of the configuration: where the RDF is, how it is read, and how its words are found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from ragmtl.config.section import Section
from ragmtl.config.servers import GraphServerConfig
from ragmtl.kg.parsing.iri import is_iri
from ragmtl.kg.parsing.unpack import RATIO

Rule = Literal["subclass", "subproperty", "inverse", "symmetric", "transitive", "same_as"]
OnError = Literal["strict", "skip"]


class EndpointConfig(Section):
    """A SPARQL endpoint to fetch triples from.

    Only statements about instances of `classes`, with `predicates`, of the named `graphs`; or those that `query`, a
    CONSTRUCT, makes. At most `page` at once, every `pause` seconds, within `timeout`, `attempts` times. `other_hosts`
    lets redirects lead elsewhere; `authorization` names an environment variable that holds the header of this name.
    """

    url: str = Field(pattern=r"^https?://")
    classes: list[str] = []
    predicates: list[str] = []
    graphs: list[str] = []
    query: str = ""
    page: int = Field(default=10_000, ge=2)
    pause: float = Field(default=0.0, ge=0)
    timeout: float = Field(default=120.0, gt=0)
    attempts: int = Field(default=6, ge=1)
    other_hosts: bool = False
    authorization: str = ""


class GraphConfig(Section):
    """Where the RDF is, and how its words are found.

    Attributes:
        sources: Files, folders or globs; none, and no endpoints: a graph is made of the titles of the passages.
        endpoints: SPARQL endpoints to fetch from.
        server: A SPARQL endpoint that is asked for each query instead; nothing is fetched before.
        languages: Preferred languages of labels and descriptions, the best first.
        labels: IRIs of more relations that give a node its label; they go before the usual ones, as do all below.
        alternative_labels: IRIs of more relations that give a node other names.
        descriptions: IRIs of more relations that say in a sentence what a node is.
        types: IRIs of more relations that lead to the type of a node.
        infer: What to state beside what the files state: rules of `ragmtl.kg.changes.infer`.
        base: What relative IRIs are relative to, where a file names no base itself; they are refused where left out.
        on_error: What a bad statement does: end the reading (`strict`), or be left out and counted (`skip`).
        max_ratio: How many times its packed size a file may unpack to.
    """

    sources: list[str] = []
    endpoints: list[EndpointConfig] = []
    server: GraphServerConfig | None = None
    languages: list[str] = ["en"]
    labels: list[str] = []
    alternative_labels: list[str] = []
    descriptions: list[str] = []
    types: list[str] = []
    infer: list[Rule] = []
    base: str | None = None
    on_error: OnError = "strict"
    max_ratio: int = Field(default=RATIO, ge=1)

    @field_validator("base")
    @classmethod
    def _base_is_absolute(cls, base: str | None) -> str | None:
        if base is not None and not is_iri(base):
            raise ValueError(f"expected an absolute IRI (http://example.org/), found {base!r}")
        return base

    @model_validator(mode="after")
    def _has_sources(self) -> GraphConfig:
        if not self.sources and not self.endpoints and self.model_fields_set & {"sources", "endpoints"}:
            raise ValueError("sources or endpoints are needed, found neither")
        if self.server and (self.sources or self.endpoints or self.infer):
            raise ValueError("a server is asked as it is; found sources, endpoints or rules of inference beside it")
        return self
