"""Who may ask a server, and how much: checked before a request reaches anything that knows the run.

>>> Access(host="0.0.0.0")
Traceback (most recent call last):
ragmtl.errors.ConfigError: expected a token where others can reach the server (0.0.0.0), found none; give --token-file
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from ragmtl.errors import ConfigError

SHORTEST_TOKEN = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request, and all of them together, may take.

    Attributes:
        body: Bytes of a request.
        seconds: For a request, from its arrival to its answer; its body must be there in as many.
        waiting: Requests that wait for the model; more are turned away.
        together: Requests that become one batch of the model.
    """

    body: int = 262_144
    seconds: float = 30.0
    waiting: int = 256
    together: int = 32


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    Attributes:
        host: The address that is listened on.
        token: What others must show; empty where only this machine can ask.
        names: Host names, beside addresses and localhost, under which the server is known.

    Raises:
        ConfigError: Others can reach the server, and there is no token, or one that is guessed too easily.
    """

    host: str = "127.0.0.1"
    token: str = ""
    names: tuple[str, ...] = ()
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise ConfigError(
                f"expected a token where others can reach the server ({self.host}), found none; give --token-file"
            )
        if self.token and len(self.token) < SHORTEST_TOKEN:
            raise ConfigError(
                f"expected a token of at least {SHORTEST_TOKEN} characters, found {len(self.token)}; make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )

    def knows(self, host: str) -> bool:
        """Whether a Host header may be answered: a page that rebinds a name of its own to this address may not."""
        name = host_name(host)
        return name == "localhost" or name in self.names or _is_address(name)

    def admits(self, token: str) -> bool:
        """Whether a token is the right one; no faster where its beginning is."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode("utf-8", "replace"))

    @property
    def cookie(self) -> str:
        """What a browser shows instead of the token, as long as this process lives."""
        return hmac.new(self._key, self.token.encode("utf-8"), hashlib.sha256).hexdigest()

    def remembers(self, cookie: str) -> bool:
        """Whether a cookie is the right one."""
        return hmac.compare_digest(cookie.encode("utf-8", "replace"), self.cookie.encode("ascii"))


def read_token(path: Path) -> str:
    """The token in a file.

    Raises:
        ConfigError: It cannot be read, or holds none or more than one line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected a file with a token, found: {error}") from None
    if len(lines) != 1:
        raise ConfigError(f"{path}: expected one token, found {len(lines)} words; write the token alone into the file")
    return lines[0]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    name = host_name(host)
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def host_name(host: str) -> str:
    """A Host header without its port, in small letters.

    >>> host_name("[::1]:8000"), host_name("Example.org:80")
    ('::1', 'example.org')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    name, colon, port = host.rpartition(":")
    alone = colon and ":" not in name and port.isdecimal()
    return (name if alone else host).lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
