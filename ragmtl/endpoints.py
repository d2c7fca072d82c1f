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
    if chosen.authorization and chosen.authorization not in os.environ:
        where = f"the environment variable {chosen.authorization}"
        raise ConfigError(f"`graph.endpoints.authorization`: expected {where}, found it unset; set it, or drop the key")
    return Endpoint(
        url=chosen.url,
        classes=tuple(chosen.classes),
        predicates=tuple(chosen.predicates),
        graphs=tuple(chosen.graphs),
        query=chosen.query,
        page=chosen.page,
        authorization=os.environ.get(chosen.authorization, ""),
        manners=Manners(chosen.attempts, chosen.timeout, chosen.pause, elsewhere=chosen.other_hosts),
    )
