"""The command `ragmtl serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.speaking import tell


def serve(  # noqa: PLR0913 -- each is an option
    run: Annotated[
        list[Path], typer.Argument(help="Folders of trained runs; the first is asked unless another is named.")
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8000,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that clients must show.")] = None,
    name: Annotated[
        list[str], typer.Option(help="Host name under which clients know this server; once for each.")
    ] = [],  # noqa: B006
    files: Annotated[
        list[Path], typer.Option(help="Folder from which runs may read; once for each. [default: .]")
    ] = [],  # noqa: B006
    together: Annotated[int, typer.Option(help="Most requests in a batch of the model.", min=1)] = 32,
    timeout: Annotated[float, typer.Option(help="Seconds that a request may take.", min=0.1)] = 30.0,
) -> None:
    """Serve runs: the inspector as a live page, and an HTTP API."""
    from ragmtl.server.access import Access, Limits, read_token
    from ragmtl.server.run import serve_runs

    access = Access(host, "" if token_file is None else read_token(token_file), tuple(one.lower() for one in name))
    limits = Limits(seconds=timeout, together=together)
    serve_runs(run, access, limits, port=port, roots=files or [Path.cwd()], tell=tell)
