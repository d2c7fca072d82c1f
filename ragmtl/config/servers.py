"""The tables of the configuration that speak of servers which are asked for each query."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ragmtl.config.section import Section


class AskedConfig(Section):
    """A server that is asked for each query.

    Attributes:
        url: Its address; a name and password in it are sent, and shown nowhere.
        timeout: Seconds for one request.
        attempts: How often a request is made before the server counts as silent.
        requests: The most requests to it at once.
        authorization: Name of an environment variable that holds the header of this name.
    """

    url: str = Field(pattern=r"^https?://")
    timeout: float = Field(default=10.0, gt=0)
    attempts: int = Field(default=3, ge=1)
    requests: int = Field(default=4, ge=1, le=64)
    authorization: str = ""


class GraphServerConfig(AskedConfig):
    """A SPARQL endpoint whose graph is explored for each query.

    Attributes:
        graphs: IRIs of named graphs to ask; the endpoint's default graph where there are none.
        languages: In which names are looked up; those of `[graph]` where there are none.
        hops: How often the edges of a frontier are fetched.
        frontier: The most nodes of which edges are fetched at a hop.
        edges: The most edges of a node and direction; of a node with more, a quarter of that for each relation.
    """

    graphs: list[str] = []
    languages: list[str] = []
    hops: int = Field(default=2, ge=1, le=5)
    frontier: int = Field(default=128, ge=1, le=2000)
    edges: int = Field(default=64, ge=4, le=10_000)


class PassageServerConfig(AskedConfig):
    """A server of passages.

    Attributes:
        kind: Which server.
        index: Name of the index; for Solr, it is part of the address.
        id, title, text, search, group, entities, vector: Names of fields; the adapter's usual ones where left out, none
            where empty (see `ragmtl.retrieval.servers.passages.Fields`).
        analyzer: How texts become words in an index that `ragmtl push` makes; not for Solr, whose schema says it.
    """

    kind: Literal["elasticsearch", "opensearch", "solr"]
    index: str = ""
    id: str | None = None
    title: str | None = None
    text: str | None = None
    search: str | None = None
    group: str | None = None
    entities: str | None = None
    vector: str | None = None
    analyzer: str = "english"

    @model_validator(mode="after")
    def _names_an_index(self) -> PassageServerConfig:
        if (self.kind == "solr") == bool(self.index):
            wanted = "no `index`, as `url` names the core" if self.kind == "solr" else "the name of an `index`"
            raise ValueError(f"expected {wanted}, found {self.index!r}")
        return self
