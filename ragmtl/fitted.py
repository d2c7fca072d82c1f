"""Numbers that were fitted to the tables of a run: opening it reads them from its folder instead of fitting them again.

    fitted/   a checkpoint; each array is named by its task, by what it was fitted to, and by what it is

Where the tables or the version have changed there is no such name, and the array is fitted as if nothing were there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped

from ragmtl import __version__
from ragmtl.models.checkpoint import load_checkpoint, save_checkpoint

FITTED = "fitted"


class Fitted:
    """Arrays by name, those of the folder and those that were fitted since.

    Args:
        known: What was fitted before.
    """

    def __init__(self, known: Mapping[str, Shaped[np.ndarray, "..."]] | None = None) -> None:
        self._arrays = dict(known or {})

    def array(
        self, name: str, shape: tuple[int, ...], fit: Callable[[], Shaped[np.ndarray, "..."]]
    ) -> Shaped[np.ndarray, "..."]:
        """The array of a name; it is fitted where there is none of this shape."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape:
            found = self._arrays[name] = fit()
        return found

    def save(self, folder: Path) -> None:
        """Write all into the folder of a run."""
        save_checkpoint(
            folder / FITTED, {name: torch.from_numpy(np.array(one)) for name, one in self._arrays.items()}, {}
        )

    @classmethod
    def load(cls, folder: Path) -> Fitted:
        """What a run holds; nothing for a run that has kept nothing.

        Raises:
            MismatchError: The folder holds something else.
        """
        if not (folder / FITTED).is_dir():
            return cls()
        return cls({name: one.numpy() for name, one in load_checkpoint(folder / FITTED).tensors.items()})


def fitted_to(*data: str | Iterable[str] | Shaped[np.ndarray, "..."]) -> str:
    """A short digest of what something is fitted to, and of the version that fits.

    >>> fitted_to("a", ["b"]) == fitted_to("a", ["b", "c"])
    False
    """
    found = hashlib.sha256(__version__.encode())
    for one in data:
        blob = _bytes(one)
        found.update(b"%d " % len(blob) + blob)
    return found.hexdigest()[:16]


def _bytes(data: str | Iterable[str] | Shaped[np.ndarray, "..."]) -> bytes:
    if isinstance(data, np.ndarray):
        return data.tobytes()
    return "\n".join([data] if isinstance(data, str) else data).encode()
