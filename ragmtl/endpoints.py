"""The SPARQL endpoints of a configuration: fetched before the graph is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ragmtl.config import Config
from ragmtl.config.graph import EndpointConfig
from ragmtl.errors import ConfigError
from ragmtl.kg.endpoints.endpoint import Endpoint
from ragmtl.kg.endpoints.web import Manners


def endpoints_beside(folder: str | Path) -> Path:
    """Where what endpoints gave is kept, beside the index."""
    return Path(folder).with_name(f"{Path(folder).name}-endpoints")


def fetch_endpoints(config: Config, cache: Path, progress: Callable[[str, int], None] | None = None) -> list[Path]:
    """Fetch what SPARQL endpoints have; what is there already is not asked for.

    Args:
        config: Which endpoints there are.
        cache: Folder for the files.
        progress: Called with the address and the number of its triples so far.

    Raises:
        ConfigError: The environment variable with a token is not set.
        DataError: An endpoint does not give the triples.
    """
    found = [endpoint_of(chosen) for chosen in config.graph.endpoints]
    return [endpoint.fetch(cache, progress) for endpoint in found]


def endpoint_of(chosen: EndpointConfig) -> Endpoint:
    """An endpoint as the configuration describes it.

    Raises:
        ConfigError: The environment variable with a token is not set.
    """
    return Endpoint(
        url=chosen.url,
        classes=tuple(chosen.classes),
        predicates=tuple(chosen.predicates),
        graphs=tuple(chosen.graphs),
        query=chosen.query,
        page=chosen.page,
        authorization=header_from(chosen.authorization, "graph.endpoints"),
        manners=Manners(chosen.attempts, chosen.timeout, chosen.pause, elsewhere=chosen.other_hosts),
    )


def header_from(variable: str, table: str) -> str:
    """The header `Authorization` out of an environment variable; empty where none is named.

    Args:
        variable: Its name.
        table: Where the configuration names it.

    Raises:
        ConfigError: It is not set.
    """
    if variable and variable not in os.environ:
        where = f"the environment variable {variable}"
        raise ConfigError(f"`{table}.authorization`: expected {where}, found it unset; set it, or drop the key")
    return os.environ.get(variable, "")


def refuse_served_passages(config: Config) -> None:
    """Refuse to index passages that are on a server.

    Raises:
        ConfigError: They are.
    """
    if config.corpus.server is not None:
        raise ConfigError(
            "expected passages to index, found those of [corpus.server], which are indexed there: `ragmtl push` writes "
            "them, `ragmtl retrieve CONFIG` asks for them"
        )


def refuse_servers(config: Config) -> None:
    """Refuse to work on servers with what needs an index.

    Raises:
        ConfigError: Graph or passages are on one.
    """
    if config.is_served:
        raise ConfigError(
            "expected graph and passages that are read into an index, found a server, for which models cannot be "
            "trained: name RDF in [graph] sources or [[graph.endpoints]], and passages in [corpus] path"
        )
