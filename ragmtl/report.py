"""A comparison of arms: what was measured, how far the arms are apart, and where it was run.

`Comparison.save` writes the JSON form that every `benchmarks/NAME/result.json` has.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from ragmtl.curves import Curve, curve_from
from ragmtl.errors import MismatchError

ATTENTION = "attention_"
"""How the names of figures begin that tell where attention went: `attention_passages`, `_nodes`, `_none`."""

LESS_IS_BETTER = ("mae", "rmse", "mae_of_mean")
"""Metrics of which the lowest figure is the best."""

REPORTED_VERSIONS = ("ragmtl", "torch", "torch-geometric", "transformers", "rdflib", "faiss-cpu", "bm25s", "numpy")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the value of a metric of a task in an arm, with its 95 % bootstrap interval.

    Attributes:
        data: Name of the data set.
        task: Name of the task.
        slice: Which examples count: `all`, or the name of a part of them.
        split: `valid` or `test`.
        arm: `single`, `rag-single`, `mtl`, `rag-mtl`, `random-passages`, `shuffled-graph`, or a peer's name.
        metric: Lower-case name, as `micro_f1` or `hr@10`.
        value, low, high: The figure and its interval.
        seeds: The seeds it is the mean of.
    """

    data: str
    task: str
    slice: str
    split: str
    arm: str
    metric: str
    value: float
    low: float
    high: float
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The figure of `arm` minus that of `against` on the same examples, with its paired 95 % interval."""

    task: str
    slice: str
    metric: str
    arm: str
    against: str
    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `no difference shown` when the interval holds zero."""
        if not (self.low > 0 or self.high < 0):
            return "no difference shown"
        return "better" if (self.low > 0) != (self.metric in LESS_IS_BETTER) else "worse"


def best_figure(rows: Sequence[Row]) -> float:
    """The best value of one metric: the highest, or the lowest where less is better."""
    return (min if rows[0].metric in LESS_IS_BETTER else max)(row.value for row in rows)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `ragmtl compare` found, with what is needed to run it again."""

    name: str
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    command: str
    commit: str
    machine: str
    versions: Mapping[str, str]
    seeds: tuple[int, ...]
    notes: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()

    def save(self, path: Path) -> None:
        """Write the comparison as JSON."""
        path.write_text(json.dumps(self.stated(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def stated(self) -> dict[str, object]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def load(cls, path: Path) -> Comparison:
        """Read what `save` wrote.

        Raises:
            MismatchError: The file is no comparison, or not of this version.
        """
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            rows = tuple(Row(**{**row, "seeds": tuple(row["seeds"])}) for row in fields.pop("rows"))
            differences = tuple(Difference(**row) for row in fields.pop("differences"))
            seeds, notes = tuple(fields.pop("seeds")), tuple(fields.pop("notes"))
            curves = tuple(curve_from(row) for row in fields.pop("curves", ()))
            return cls(curves=curves, rows=rows, differences=differences, seeds=seeds, notes=notes, **fields)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MismatchError(f"{path}: expected a comparison written by `ragmtl compare`, found {error}") from error


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that figures depend on."""
    installed = {name: found for name in REPORTED_VERSIONS if (found := _installed(name)) is not None}
    return {"python": platform.python_version()} | installed


def _installed(package: str) -> str | None:
    """The version of a package; None where it is not installed (as when another build of faiss stands in)."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def machine() -> str:
    """The processor and how many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores"


def commit(folder: Path) -> str:
    """The commit of the git checkout that holds `folder`, with `+` when it has changes, or an empty string."""
    try:
        ask = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def command() -> str:
    """The command line of this process."""
    program = Path(sys.argv[0]).name
    return shlex.join(["ragmtl" if program == "__main__.py" else program, *sys.argv[1:]])
