"""Settings that were tuned on validation, for each arm by itself and with the same budget."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragmtl.config import Config
from ragmtl.errors import MismatchError

FORMAT = "ragmtl tuning"
TOGETHER = "all"
"""The name of what is trained by an arm that trains all tasks together."""

_MODEL = ("dropout",)


@dataclass(frozen=True, slots=True)
class Best:
    """What was best of some trials.

    Attributes:
        value: The aggregate on validation.
        first: That of the configuration's own settings, the first trial.
        trials: How many there were.
        settings: Of `[training]` and `[model]`, by name.
    """

    value: float
    first: float
    trials: int
    settings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best settings.

    Attributes:
        graph, corpus: Digests of what was searched.
        best: By arm, and by task where it trains each alone, else under "all".
    """

    graph: str
    corpus: str
    best: Mapping[str, Mapping[str, Best]]

    def applied(self, config: Config, arm: str, tasks: Sequence[str]) -> Config:
        """A configuration with the settings of an arm, for these tasks.

        Raises:
            MismatchError: It was not tuned.
        """
        found = self.best.get(arm, {})
        best = found.get(TOGETHER) or (found.get(tasks[0]) if len(tasks) == 1 else None)
        if best is None:
            raise MismatchError(
                f"expected tuned settings of the arm {arm!r} for {', '.join(tasks)}, found none; run `ragmtl tune` "
                f"with --arm {arm}"
            )
        return with_settings(config, best.settings)

    def stated(self) -> dict[str, Any]:
        """As JSON holds it."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}")
        beside.write_text(json.dumps({"format": FORMAT} | self.stated(), indent=1) + "\n", encoding="utf-8")
        beside.replace(path)

    @classmethod
    def load(cls, path: Path) -> Tuned:
        """Read what `save` wrote.

        Raises:
            MismatchError: The file is not there, or is something else.
        """
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            if saved["format"] != FORMAT:
                raise ValueError(f"the format {saved['format']!r}")
            best = {arm: {of: Best(**one) for of, one in found.items()} for arm, found in saved["best"].items()}
            return cls(saved["graph"], saved["corpus"], best)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MismatchError(f"{path}: expected settings written by `ragmtl tune`, found {error}") from None


def with_settings(config: Config, settings: Mapping[str, float]) -> Config:
    """A configuration with other settings of `[training]` and `[model]`."""
    model = {name: value for name, value in settings.items() if name in _MODEL}
    training = {name: value for name, value in settings.items() if name not in _MODEL}
    parts = {"model": config.model.model_copy(update=model), "training": config.training.model_copy(update=training)}
    return config.model_copy(update=parts)
