"""A small trainable encoder (DSSM): hashed words and pairs of words → a shared space of queries, passages and entities.

    encoder, done = train_two_tower(pairs, "encoders/mine", texts=corpus.readings())
    load_encoder("encoders/mine")

    vector = x / |x|,   x = s + tanh(W s + b),   s = Σ over words and pairs of words u_w E_w

in 2¹⁵ buckets; u starts as the rarity of the bucket in the corpus, E at random, W at zero: untrained, it compares words
like a random projection of TF-IDF. Both towers share their weights. Folders hold `two_tower.json` and
`two_tower.safetensors`; nothing is unpickled.

Source: Huang et al., "Learning deep structured semantic models for web search using clickthrough data", 2013.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ragmtl.errors import ConfigError
from ragmtl.kg.disk.replace import replacing
from ragmtl.kg.parsing.files import sha256
from ragmtl.retrieval.encoders.course import Followed, Pace, follow, forget, state_folder
from ragmtl.retrieval.encoders.learned_folder import OWN, fingerprint_of, refuse_folder
from ragmtl.retrieval.encoders.pairs import Pair, check_pairs, contrastive_loss, reciprocal_rank_of_pairs
from ragmtl.retrieval.files.arrays import load_json, save_json
from ragmtl.retrieval.passages.lexical import terms_of
from ragmtl.retrieval.progress import Progress, no_progress

SETTINGS, WEIGHTS = "two_tower.json", "two_tower.safetensors"
PACE = Pace(epochs=10, batch=64, rate=1e-3, warm=0.0, decay=0.0)
_BUCKETS, _DIM, _BATCH = 2**15, 256, 64
_PAIR = 0.5


class Tower(nn.Module):
    """Turns bags of hashed words into vectors of length 1.

    Args:
        buckets: How many there are.
        dim: Length of a vector.
    """

    def __init__(self, buckets: int = _BUCKETS, dim: int = _DIM) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(buckets, dim, mode="sum")
        self.rarity = nn.Parameter(torch.ones(buckets))
        self.hidden = nn.Linear(dim, dim)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        nn.init.zeros_(self.hidden.weight)
        nn.init.zeros_(self.hidden.bias)

    def forward(self, texts: Sequence[str]) -> Float[Tensor, "text dim"]:
        """One vector per text; zeros for a text without words."""
        bags = [_buckets(text, len(self.rarity)) for text in texts]
        ends = np.cumsum([0, *(len(places) for places, _ in bags[:-1])])
        places = torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *(places for places, _ in bags)]))
        counts = torch.from_numpy(np.concatenate([np.zeros(0, np.float32), *(counts for _, counts in bags)]))
        sums = self.embedding(places, torch.from_numpy(ends), per_sample_weights=counts * self.rarity[places])
        known = torch.tensor([len(places) > 0 for places, _ in bags]).unsqueeze(1)
        vectors: Tensor = nn.functional.normalize(sums + torch.tanh(self.hidden(sums)), dim=1)
        return vectors * known


class TwoTowerEncoder:
    """A trained tower, as an encoder.

    Args:
        name: What `load_encoder` was asked for.
        folder: Where `train_two_tower` wrote it.

    Raises:
        ConfigError: The folder holds no whole tower.
    """

    def __init__(self, name: str, folder: Path) -> None:
        settings = load_json(folder / SETTINGS)
        try:
            self._tower = Tower(int(settings["buckets"]), int(settings["dim"]))
            self._tower.load_state_dict(load_file(folder / WEIGHTS))
        except (OSError, KeyError, RuntimeError, SafetensorError) as error:
            raise ConfigError(
                f"expected a two-tower encoder in {folder}, found none that is whole ({error}); train it again with "
                "`train_two_tower`"
            ) from error
        self._tower.eval().requires_grad_(False)
        self.name = name
        self.dim = int(settings["dim"])
        self.fingerprint = hashlib.sha256(f"two-tower-v1 {sha256(folder / WEIGHTS)}".encode()).hexdigest()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector of length 1 per text; zeros for a text without words."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(texts), _BATCH):
                vectors[start : start + _BATCH] = self._tower(texts[start : start + _BATCH]).numpy()
                (progress or no_progress)(min(start + _BATCH, len(texts)), len(texts))
        return vectors


def train_two_tower(
    pairs: Sequence[Pair],
    folder: str | Path,
    *,
    texts: Sequence[str] = (),
    valid: Sequence[Pair] = (),
    pace: Pace | None = None,
    progress: Progress | None = None,
) -> tuple[TwoTowerEncoder, Followed]:
    """Learn a tower from pairs, save it, and open it. Called again after it was killed, it goes on.

    Args:
        pairs: What to learn from.
        folder: Where to write.
        texts: Of the corpus: which words are rare.
        valid: Tells when to stop, and which weights are the best; without it, the last ones are.
        pace: How long and how fast; `PACE` where None.
        progress: Told how many batches are done.

    Raises:
        DataError: There are fewer than two pairs, or empty ones.
        MismatchError: The folder holds something that was not learned here.
    """
    pace, place = pace or PACE, Path(folder).expanduser().absolute()
    check_pairs(pairs)
    refuse_folder(place)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(pace.seed)
        tower = Tower()
    with torch.no_grad():
        tower.rarity.copy_(_rarity(texts, len(tower.rarity)))
    state, same = state_folder(place), fingerprint_of(asdict(pace) | {"texts": len(texts)}, pairs, valid)
    done = follow(_Learner(tower, pairs, valid), len(pairs), pace, state=state, same=same, progress=progress)
    with replacing(place) as building:
        save_file({name: tensor.contiguous() for name, tensor in tower.state_dict().items()}, building / WEIGHTS)
        save_json(building / SETTINGS, {"buckets": _BUCKETS, "dim": _DIM})
        save_json(building / OWN, {"kind": "two-tower", **asdict(pace), "pairs": len(pairs), "learned": asdict(done)})
    forget(state)
    return TwoTowerEncoder(str(folder), place), done


class _Learner:
    """A tower that learns from pairs."""

    def __init__(self, tower: Tower, pairs: Sequence[Pair], valid: Sequence[Pair]) -> None:
        self._tower, self._pairs, self._valid = tower, pairs, valid

    def weights(self) -> dict[str, Float[Tensor, "..."]]:
        return dict(self._tower.named_parameters())

    def loss(self, rows: Sequence[int]) -> Float[Tensor, ""]:
        pairs = [self._pairs[row] for row in rows]
        vectors = [self._tower([getattr(pair, part) for pair in pairs]) for part in ("query", "right", "wrong")]
        return contrastive_loss(vectors[0], vectors[1], vectors[2], pairs)

    def quality(self) -> float | None:
        with torch.inference_mode():
            return reciprocal_rank_of_pairs(self._valid, self._tower) if self._valid else None


@lru_cache(maxsize=2**14)
def _buckets(text: str, buckets: int) -> tuple[Int64[np.ndarray, " bucket"], Float32[np.ndarray, " bucket"]]:
    """The buckets of a text's words and pairs of words, each once, and damped counts; pairs count half."""
    terms = terms_of(text, pairs=True)
    if not terms:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    hashed = np.array([crc32(term.encode("utf-8", "surrogatepass")) % buckets for term in terms], np.int64)
    worth = np.array([_PAIR if " " in term else 1.0 for term in terms])
    places, owners = np.unique(hashed, return_inverse=True)
    return places, np.sqrt(np.bincount(owners, worth)).astype(np.float32)


def _rarity(texts: Sequence[str], buckets: int) -> Float32[Tensor, " bucket"]:
    """log((1 + texts) / (1 + texts with the bucket)), divided by the largest; 1 for all where there are no texts."""
    if not texts:
        return torch.ones(buckets)
    counts = np.zeros(buckets)
    for text in texts:
        counts[_buckets(text, buckets)[0]] += 1
    rarity = np.log((1 + len(texts)) / (1 + counts))
    return torch.from_numpy((rarity / max(rarity.max(), 1e-9)).astype(np.float32))
