"""A server as a process: it opens its runs, says where it listens, and ends when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import uvicorn

from ragmtl.errors import ConfigError
from ragmtl.server.access import Access, Limits
from ragmtl.server.app import create_app
from ragmtl.server.inside import refuse_outside
from ragmtl.server.metrics import Metrics
from ragmtl.server.opened import Opened
from ragmtl.server.service import Service

GRACE = 10
"""Seconds that requests under way have when the server ends."""


def serve_runs(
    folders: Sequence[Path],
    access: Access,
    limits: Limits,
    *,
    port: int,
    roots: Sequence[Path],
    tell: Callable[[str], object],
) -> None:
    """Serve some runs until the process is told to end (SIGINT or SIGTERM); SIGHUP opens the runs anew.

    Args:
        folders: Of the runs.
        access: Who may ask, and on which address.
        limits: How much may be asked.
        port: Where it listens; 0 takes a free one.
        roots: Folders from which runs may read, beside those that hold them.
        tell: Told where the server listens.

    Raises:
        ConfigError: The address cannot be listened on.
        MismatchError: A folder holds no run, one that does not fit its index, or one that reads elsewhere.
    """
    service = Service(named(folders), limits, Metrics.new(), partial(open_inside, roots))
    with _listening(access.host, port) as listening:
        service.open()
        config = uvicorn.Config(
            create_app(service, access),
            log_level="warning",
            server_header=False,
            date_header=False,
            ws="none",
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=30,
        )
        listening.listen()  # who is told may connect at once
        place = f"[{access.host}]" if ":" in access.host else access.host
        tell(f"serving {', '.join(service.folders)} on http://{place}:{listening.getsockname()[1]}/ (Ctrl+C ends it)")
        asyncio.run(_serve(uvicorn.Server(config), service, listening))


async def _serve(server: uvicorn.Server, service: Service, listening: socket.socket) -> None:
    loop, reloads = asyncio.get_running_loop(), set[asyncio.Task[list[str]]]()

    def reload() -> None:
        task = loop.create_task(service.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    if hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, reload)
    await server.serve(sockets=[listening])


def open_inside(roots: Sequence[Path], name: str, folder: Path) -> Opened:
    """Open a run that reads only from some folders."""
    refuse_outside(folder, roots)
    return Opened.load(name, folder)


def named(folders: Sequence[Path]) -> dict[str, Path]:
    """A name for each run: its folder, with as much of the path as tells it from the others.

    >>> list(named([Path("runs/kitchen/run"), Path("runs/movies/run")]))
    ['kitchen/run', 'movies/run']
    """
    whole = [folder.absolute().parts for folder in folders]
    for length in range(1, max(map(len, whole)) + 1):
        names = ["/".join(parts[-length:]).lstrip("/") for parts in whole]
        if len(set(names)) == len(names):
            return dict(zip(names, folders, strict=True))
    raise ConfigError("expected each run once, found one twice")


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket of an address that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise ConfigError(
            f"expected to listen on {host}, port {port}, found: {error.strerror or error}; choose another with --port"
        ) from None
    with found:
        yield found
