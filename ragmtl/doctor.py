"""What `ragmtl doctor` looks at: whether everything that a command will need is there, before the command needs it.

Each thing is one `Check`. Nothing is fetched, nothing is changed, and nothing is trained; an index or a run is opened
as the commands that use it open it, so that what is said here is what they would say.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packaging.requirements import Requirement

from ragmtl.errors import Error

if TYPE_CHECKING:
    from ragmtl.config import Config

State = Literal["good", "note", "bad"]

_EXTRA = re.compile(r"""extra == ["']([^"']+)["']""")

LITTLE_DISK = 2 * 2**30
"""Bytes; an index with vectors of a hundred thousand passages has about half a gigabyte."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: What it is.
        state: `good`; `note`: worth knowing, such as an extra that is not installed; `bad`: commands will fail on it.
        found: What was found.
    """

    what: str
    state: State
    found: str


def examine(place: str | Path | None, index: Path | None = None, run: Path | None = None) -> Iterator[Check]:
    """Look at the environment, and at a configuration with its index and run, or at an index or a run by itself.

    Args:
        place: A configuration (`.toml`), the folder of an index or of a run; only the environment where None.
        index: Where the index of the configuration is; `runs/NAME/index` where None.
        run: Where the run of the configuration is; `runs/NAME/run` where None.
    """
    yield from environment()
    if place is None:
        usual = _encoder("minilm")
        yield usual if usual.state == "good" else replace(usual, state="note")
    elif Path(place).suffix == ".toml":
        yield from _configuration(Path(place), index, run)
    elif (Path(place) / "run.json").is_file():
        yield _run(Path(place))
    else:
        yield _index(Path(place))


def environment() -> Iterator[Check]:
    """Python, the packages, the device, memory and disk."""
    yield Check("python", "good", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield from _packages()
    yield from (_extra(name) for name in _extras())
    yield _device()
    yield _memory()
    yield _disk(Path.cwd())


def _requirements() -> list[Requirement]:
    """What the installed package needs; nothing where it runs from a checkout without being installed."""
    try:
        return [Requirement(line) for line in metadata.requires("ragmtl") or ()]
    except metadata.PackageNotFoundError:
        return []


def _packages() -> Iterator[Check]:
    """The versions of what is always needed: in one line where they fit, and one for each that does not."""
    if _version("ragmtl") is None:
        yield Check("packages", "note", "ragmtl runs from a checkout that is not installed; pip install -e .")
        return
    needed = [one for one in _requirements() if one.marker is None or one.marker.evaluate({"extra": ""})]
    found = {one.name: _version(one.name) for one in needed}
    for one in needed:
        version = found[one.name]
        if version is None or not one.specifier.contains(version, prereleases=True):
            yield Check(one.name, "bad", f"expected {one}, found {version or 'none'}; pip install '{one}'")
    versions = {"ragmtl": _version("ragmtl")} | found
    yield Check("packages", "good", ", ".join(f"{name} {version}" for name, version in versions.items() if version))


def _extras() -> list[str]:
    """The extras for users; `test`, `bench`, `docs` and `dev` are for those who work on ragmtl."""
    named = {extra for one in _requirements() if one.marker for extra in _EXTRA.findall(str(one.marker))}
    return sorted(named - {"test", "bench", "docs", "dev"})


def _extra(name: str) -> Check:
    ours = [one for one in _requirements() if one.marker and name in _EXTRA.findall(str(one.marker))]
    missing = [one.name for one in ours if _version(one.name) is None]
    if missing:
        return Check(f"extra {name}", "note", f"without {', '.join(missing)}; pip install 'ragmtl[{name}]'")
    return Check(f"extra {name}", "good", ", ".join(f"{one.name} {_version(one.name)}" for one in ours))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device() -> Check:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if torch.cuda.is_available():
        room = torch.cuda.get_device_properties(0).total_memory
        return Check("device", "good", f"{torch.cuda.get_device_name(0)}, {_size(room)}; {cores} cores")
    return Check("device", "good", f"CPU: {cores} cores, {torch.get_num_threads()} threads of torch; no GPU was found")


def _memory() -> Check:
    try:
        room = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return Check("memory", "note", "this system does not say how much there is")
    return Check("memory", "good", _size(room))


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    if free < LITTLE_DISK:
        return Check("disk", "bad", f"{_size(free)} free in {folder}; make room, or work in another folder")
    return Check("disk", "good", f"{_size(free)} free in {folder}")


def _size(number: int) -> str:
    return f"{number / 2**30:,.1f} GiB"


def _configuration(path: Path, index: Path | None, run: Path | None) -> Iterator[Check]:
    """A configuration, its encoder, and its index and run where they are."""
    from ragmtl.config import read_config

    try:
        config = read_config(path)
    except Error as error:
        yield Check("configuration", "bad", str(error))
        return
    yield Check("configuration", "good", f"{path}: {config.name}, {len(config.tasks)} tasks")
    encoder = _encoder_of(config)
    yield encoder
    if config.is_served:
        yield Check("index", "note", "graph or passages are on a server, which is not asked here")
        return
    place = index or Path("runs") / config.name / "index"
    if encoder.state != "good":
        yield Check("index", "note", f"{place} is not looked at, as the encoder is not here")
        return
    matches = _index_of(config, place, path)
    yield matches
    if matches.state == "good":
        yield _run_of(run or Path("runs") / config.name / "run", path)


def _encoder_of(config: Config) -> Check:
    from ragmtl.retrieving import named_model

    return _encoder(named_model(config, config.encoder.name))


def _encoder(name: str) -> Check:
    """Whether a text encoder is on this machine; nothing is fetched."""
    from ragmtl.retrieval.encoders.transformer import cached_folder, encoder_folder

    if name == "hashing":
        return Check("encoder", "good", "hashing, which needs no model")
    if name != "minilm" and not Path(name).is_dir() and cached_folder(name) is None:
        return Check("encoder", "note", f"{name} is no folder and not in the cache; when first used it is downloaded")
    return _tried("encoder", lambda: f"{name} in {encoder_folder(name)}")


def _index_of(config: Config, place: Path, path: Path) -> Check:
    from ragmtl.build import open_index

    if not place.exists():
        return Check("index", "note", f"none in {place}; ragmtl index {path}")
    return _tried("index", lambda: f"{place} is of this configuration: {open_index(config, place).count:,} passages")


def _run_of(place: Path, path: Path) -> Check:
    return _run(place) if place.exists() else Check("run", "note", f"none in {place}; ragmtl train {path}")


def _index(place: Path) -> Check:
    from ragmtl.retrieval.index import Index

    return _tried("index", lambda: f"{place}: {Index.load(place, check_sources=True).count:,} passages")


def _run(place: Path) -> Check:
    from ragmtl.run import Run

    return _tried("run", lambda: f"{place} fits its index: {len(Run.load(place).answers)} tasks")


def _tried(what: str, find: Callable[[], str]) -> Check:
    """What was found, or the error that a command would end with."""
    try:
        return Check(what, "good", find())
    except Error as error:
        return Check(what, "bad", str(error))
