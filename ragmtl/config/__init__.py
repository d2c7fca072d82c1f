"""The configuration file: one TOML file, read into frozen pydantic models.

Unknown keys, wrong types and missing files are one `ConfigError` that names the place and the nearest thing there is.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import BaseModel, Field, ValidationError, create_model, model_validator

from ragmtl.config.graph import EndpointConfig, GraphConfig
from ragmtl.config.model import ModelConfig
from ragmtl.config.section import Section
from ragmtl.config.servers import PassageServerConfig
from ragmtl.config.tasks import (
    ClassificationConfig,
    EntityConfig,
    GenerationConfig,
    LinkConfig,
    NumberConfig,
    PairConfig,
    QuestionConfig,
    RankConfig,
    RecommendConfig,
    SpansConfig,
    TableSection,
    TaskConfig,
    TaskSection,
)
from ragmtl.errors import ConfigError
from ragmtl.retrieval.settings import Fusion, Linking, Walk

__all__ = [
    "ClassificationConfig",
    "Config",
    "CorpusConfig",
    "EncoderConfig",
    "EndpointConfig",
    "EntityConfig",
    "GenerationConfig",
    "GraphConfig",
    "LinkConfig",
    "ModelConfig",
    "NumberConfig",
    "PairConfig",
    "SpansConfig",
    "QuestionConfig",
    "RankConfig",
    "RecommendConfig",
    "RetrievalConfig",
    "TableSection",
    "TaskSection",
    "TrainingConfig",
    "parse_config",
    "read_config",
]

PassageSource = Literal["bm25", "tfidf", "dense", "graph"]


class CorpusConfig(Section):
    """Where the passages are: a JSONL, TSV, CSV or Parquet file, or a folder of text files; or a server.

    Beside a server, `path` is what `ragmtl push` writes into it.
    """

    path: str = ""
    server: PassageServerConfig | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> CorpusConfig:
        if not self.path and self.server is None:
            raise ValueError("path or server is needed, found neither")
        return self


class EncoderConfig(Section):
    """The frozen text encoder: `minilm`, `hashing`, a Hugging Face id, or a folder; and its precision.

    `bfloat16` is about twice as fast on processors that have it, and many times slower on others.
    """

    name: str = "minilm"
    precision: Literal["float32", "bfloat16"] = "float32"


class RetrievalConfig(Section):
    """How much is retrieved for each example, and how.

    Attributes:
        passages: Passages per example.
        nodes: Nodes per subgraph.
        triples, tokens: Most triples of a subgraph, and most words in them; no limit where left out.
        walk: How the subgraph is chosen: `pagerank`, `k-hop`, `paths`, `steiner` or `learned`.
        hops, hubs: How far `k-hop` goes, `paths` twice as far; `stop`: no walk over relations that mostly lead to hubs.
        linking: How entities are found in a text: `exact`, `fuzzy`, `full` or `tagged`.
        weights, fusion: Of each way to find passages (`bm25`, `tfidf`, `dense`, `graph`); how scores become one.
        graph_passages, candidates: `walk` with passages as nodes, or `mentions`; passages that each way proposes.
        rerank, reranked, rerank_weight: A cross-encoder that reads the best passages; how many; how much it counts.
        neighbours: Labelled training examples per example.
    """

    passages: int = Field(default=5, ge=0, le=100)
    nodes: int = Field(default=32, ge=0, le=2000)
    triples: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    walk: Walk = "pagerank"
    linking: Linking = "exact"
    hops: int = Field(default=2, ge=1, le=5)
    hubs: Literal["pass", "stop"] = "pass"
    weights: dict[PassageSource, Annotated[float, Field(ge=0)]] = {"bm25": 0.5, "dense": 0.5, "graph": 1.0}
    fusion: Fusion = "shape"
    graph_passages: Literal["walk", "mentions"] = "walk"
    candidates: int = Field(default=200, ge=1, le=10_000)
    rerank: str = ""
    reranked: int = Field(default=50, ge=1, le=1000)
    rerank_weight: float = Field(default=0.5, ge=0, le=1)
    neighbours: int = Field(default=0, ge=0, le=100)


class TrainingConfig(Section):
    """How long and how fast to learn.

    Attributes:
        epochs: Most passes over the mixture of tasks.
        patience: Epochs without a better validation aggregate before training stops.
        steps: Steps per epoch; 0 stands for one pass over all training examples, shared out by `temperature`.
        batch_size: Examples per step.
        learning_rate, weight_decay: Of AdamW.
        text_rate: Of a text encoder that learns; 2e-4 for `lora` and 2e-5 for `full` where left out.
        temperature: A source of n examples is drawn in proportion to n ** temperature.
        balance: How the gradients of several tasks become one step; see `ragmtl.training.balance`.
        conflicts: On how many batches per epoch the angles between the tasks' gradients are measured.
        device: `auto` takes a GPU where there is one.
        checkpoint_every: Steps between checkpoints.
        precision: In which products of matrices are computed while training.
        shards: Parts of a batch with random numbers of their own, divided among processes; 0: one for each.
    """

    epochs: int = Field(default=20, ge=1)
    patience: int = Field(default=5, ge=1)
    steps: int = Field(default=0, ge=0)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    text_rate: float | None = Field(default=None, gt=0)
    temperature: float = Field(default=0.5, ge=0, le=1)
    balance: Literal[
        "length", "fixed", "uncertainty", "dwa", "gradnorm", "pcgrad", "cagrad", "mgda", "nash-mtl", "upgrad"
    ] = "length"
    conflicts: int = Field(default=2, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    checkpoint_every: int = Field(default=200, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    shards: int = Field(default=0, ge=0)


class Config(Section):
    """The whole file. Paths in it are relative to `folder`, where the file lies."""

    name: str
    seed: int = Field(default=0, ge=0)
    folder: Path = Path()
    graph: GraphConfig = GraphConfig()
    corpus: CorpusConfig
    encoder: EncoderConfig = EncoderConfig()
    retrieval: RetrievalConfig = RetrievalConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    tasks: list[TaskConfig] = []

    @model_validator(mode="after")
    def _names_differ(self) -> Config:
        names = [task.name for task in self.tasks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected a different name for each task, found twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _a_transformer_learns(self) -> Config:
        if self.model.text != "frozen" and self.encoder.name == "hashing":
            raise ValueError(
                f'model.text = "{self.model.text}" needs a transformer as the text encoder, found "hashing"; name one '
                'in [encoder], such as "minilm", or set text = "frozen"'
            )
        return self

    @property
    def is_served(self) -> bool:
        """Whether a server is asked for the graph, the passages or both."""
        return self.graph.server is not None or self.corpus.server is not None

    def resolve(self, path: str) -> Path:
        """The path as seen from here: relative paths start where the file lies."""
        return self.folder / path


def read_config(path: str | Path, kinds: Sequence[type[TaskSection]] = ()) -> Config:
    """Read a configuration file.

    Args:
        path: The file.
        kinds: Tasks of one's own that the file may name, beside those that the library has (docs/new-task.md).

    Raises:
        ConfigError: The file is missing, is no TOML, or holds something that cannot be used.
    """
    path = Path(path)
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: expected a configuration file, found none; `ragmtl init` writes one") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: expected a TOML file, found: {error}") from None
    config = parse_config(fields | {"folder": path.parent}, str(path), kinds)
    _refuse_missing_files(config, str(path))
    return config


def parse_config(
    fields: dict[str, Any], source: str = "configuration", kinds: Sequence[type[TaskSection]] = ()
) -> Config:
    """Check plain values, as read from TOML or JSON; `kinds` as for `read_config`.

    Raises:
        ConfigError: Something is unknown, missing, or of the wrong type; the message names the place.
    """
    model = _with_kinds(kinds) if kinds else Config
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = [_explain(problem["loc"], problem["type"], problem["msg"], model) for problem in error.errors()]
        raise ConfigError(f"{source}: " + "\n  ".join(problems)) from None


def _with_kinds(kinds: Sequence[type[TaskSection]]) -> type[Config]:
    """The whole file with more kinds of tasks."""
    members: Any = Union[(*get_args(get_args(TaskConfig)[0]), *kinds)]  # noqa: UP007 - as many as there are
    tasks: Any = list[Annotated[members, Field(discriminator="kind")]]
    return create_model("Config", __base__=Config, tasks=(tasks, []))


def _explain(location: Sequence[str | int], kind: str, message: str, model: type[Config]) -> str:
    """One readable line for one of pydantic's findings."""
    place = ".".join(str(part) for part in location if part not in _sections(model)) or "file"
    if kind == "extra_forbidden":
        return f"unknown key `{place}`{_nearest(str(location[-1]), _known_keys(location[:-1], model))}"
    if kind == "missing":
        return f"missing key `{place}`"
    return f"`{place}`: {message.removeprefix('Value error, ')}"


def _nearest(word: str, known: Sequence[str]) -> str:
    """A hint for a misspelt word: the nearest known one, or all of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else f"; known here: {', '.join(known)}"


def _sections(config: type[Config]) -> dict[str | int, type[BaseModel]]:
    """The section of each kind of task."""
    (tasks,) = get_args(config.model_fields["tasks"].annotation)
    return {kind: section for section in get_args(get_args(tasks)[0]) for kind in get_args(_kind(section))}


def _known_keys(location: Sequence[str | int], config: type[Config]) -> list[str]:
    """Names of the keys that the table at this place of the file may have."""
    model: type[BaseModel] = config
    sections = _sections(config)
    for part in location:
        if part in sections:
            model = sections[part]
        elif isinstance(part, str) and part != "tasks":
            annotation = model.model_fields[part].annotation
            annotation = next(iter(get_args(annotation)), annotation)
            model = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else model
    return [name for name in model.model_fields if name != "folder"]


def _kind(model: type[BaseModel]) -> Any:  # noqa: ANN401 - an annotation is any object
    return model.model_fields["kind"].annotation


def _refuse_missing_files(config: Config, source: str) -> None:
    """Say which files are not there, before any work starts."""
    paths = {"corpus.path": config.corpus.path} if config.corpus.path else {}
    paths |= {f"tasks.{task.name}.data": task.data for task in config.tasks if task.data}
    for place, path in paths.items():
        if not config.resolve(path).exists():
            raise ConfigError(f"{source}: `{place}`: expected a file, found none at {config.resolve(path)}")
