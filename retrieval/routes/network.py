"""The network that reads a question and says which relation to follow next.

    p(route | question) = Π p(codeₜ | question, code₁ … codeₜ₋₁),   until it says that the route ends

A bidirectional GRU reads the words; a second one writes the route, looking at the words by attention. What a relation
is comes from its label's letters and from a learned vector, so that one that training never saw can still be followed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ragmtl.retrieval.routes.words import BUCKETS, Words, joined

State = tuple[Float[Tensor, "question word width"], Float[Tensor, "question word dim"], Bool[Tensor, "question word"]]
"""What was read: each word in its context, each word alone, and which places hold a word."""


class RouteNetwork(nn.Module):
    """Scores of the next step, for relations given by their labels.

    Args:
        labels: A bag of pieces for each relation.
        dim: Length of all vectors.
    """

    pieces: Tensor
    indptr: Tensor

    def __init__(self, labels: Words, dim: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        relations = len(labels)
        self.words = nn.EmbeddingBag(BUCKETS, dim, mode="mean", include_last_offset=True)
        self.reader = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.writer = nn.GRUCell(dim, dim)
        self.look = nn.Linear(dim, 2 * dim)
        self.say = nn.Linear(4 * dim, dim)
        self.turn = nn.Linear(dim, 2 * dim)
        self.relations = nn.Embedding(relations, dim)
        self.ends = nn.Parameter(torch.randn(2, dim) / dim**0.5)
        self.alike = nn.Parameter(torch.tensor(1.0))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.words.weight, std=0.3)
        nn.init.normal_(self.relations.weight, std=0.1)
        self.register_buffer("pieces", torch.from_numpy(labels.pieces))
        self.register_buffer("indptr", torch.from_numpy(labels.indptr))

    @property
    def dim(self) -> int:
        """Length of all vectors."""
        return self.writer.hidden_size

    @property
    def stop(self) -> int:
        """The code that ends a route; the one after it begins it."""
        return 2 * self.relations.num_embeddings

    def read(self, questions: Sequence[Words]) -> State:
        """Read questions."""
        every = joined(questions)
        vectors = self.dropout(self.words(torch.from_numpy(every.pieces), torch.from_numpy(every.indptr)))
        lengths = [len(words) for words in questions]
        alone = nn.utils.rnn.pad_sequence(list(vectors.split(lengths)), batch_first=True)
        mask = torch.arange(alone.shape[1])[None] < torch.tensor(lengths)[:, None]
        bundle = nn.utils.rnn.pack_padded_sequence(alone, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        read, _ = self.reader(bundle)
        return self.dropout(nn.utils.rnn.pad_packed_sequence(read, batch_first=True)[0]), alone, mask

    def codes(self) -> tuple[Float[Tensor, "code dim"], Float[Tensor, "code dim"]]:
        """A vector for each code, stop and start behind them; and the vectors of the labels, zero for these two."""
        labels = self.words(self.pieces, self.indptr)
        if self.training:  # without its own vector now and then, so that labels are learned to be read
            known = torch.rand(len(labels), 1) < 0.8
            both = self.turn(labels + self.relations.weight * known)
        else:
            both = self.turn(labels + self.relations.weight)
        vectors = torch.cat([both.view(-1, labels.shape[1]), self.ends])
        return vectors, torch.cat([labels.repeat_interleave(2, dim=0), torch.zeros_like(self.ends)])

    def step(
        self,
        state: State,
        codes: tuple[Float[Tensor, "code dim"], Float[Tensor, "code dim"]],
        last: Int64[Tensor, " route"],
        hidden: Float[Tensor, "route dim"],
        owners: Int64[Tensor, " route"],
    ) -> tuple[Float[Tensor, "route step"], Float[Tensor, "route dim"]]:
        """Log probabilities of the next code of each route (stop is the last one), and what the writer remembers.

        Args:
            state: The questions.
            codes: What `codes` gives.
            last: The code before; `stop + 1` at the beginning.
            hidden: What the writer remembers.
            owners: The question of each route.
        """
        context, alone, mask = (part[owners] for part in state)
        hidden = self.writer(codes[0][last], hidden)
        attention = (context @ self.look(hidden)[:, :, None]).squeeze(2) / hidden.shape[1] ** 0.5
        weights = attention.masked_fill(~mask, -torch.inf).softmax(dim=1)[:, None]
        seen, words = (weights @ context).squeeze(1), (weights @ alone).squeeze(1)
        said = self.say(self.dropout(torch.cat([hidden, seen, words], dim=1)))
        scores = said @ codes[0][:-1].T + self.alike * (words @ codes[1][:-1].T)
        return scores.log_softmax(dim=1), hidden

    def remembered(self, routes: int) -> Float[Tensor, "route dim"]:
        """What the writer remembers at the beginning."""
        return torch.zeros(routes, self.writer.hidden_size)

    def forward(
        self,
        questions: Sequence[Words],
        routes: Int64[Tensor, "route length"],
        owners: Int64[Tensor, " route"],
    ) -> Float[Tensor, " route"]:
        """The log probability of each route: codes, then `stop`, then -1 as filling."""
        state, codes = self.read(questions), self.codes()
        hidden, last = self.remembered(len(routes)), torch.full((len(routes),), self.stop + 1)
        total = torch.zeros(len(routes))
        for code in routes.T:
            scores, hidden = self.step(state, codes, last, hidden, owners)
            there = code >= 0
            last = torch.where(there, code, self.stop)
            total = total + torch.where(there, scores.gather(1, last[:, None]).squeeze(1), 0.0)
        return total
