"""The table `[model]` of the configuration: sizes, and the choices that `docs/models.md` describes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ragmtl.config.section import Section

Feature = Literal["text", "types", "literals", "ids"]
Graph = Literal["relational", "rgcn", "gat", "sage", "hgt", "query"]
Fusion = Literal["attention", "concat", "concat-mean", "weighted"]
Text = Literal["frozen", "lora", "full"]
Sharing = Literal["bottom", "cross-stitch", "twins", "mmoe", "ple"]


class ModelConfig(Section):
    """Sizes and parts of the model.

    Attributes:
        dim, attention_heads, dropout: Width, heads of every attention, share of values that training drops.
        layers: Rounds of the graph network.
        features: What a node is to the model: the text that describes it, its type, its numbers and dates, and a
            learned vector of its own.
        frequent: Entities met in so many groups of training examples get a learned vector.
        wide: Whether classes and labels start from linear models of words and of neighbours in the graph.
        graph: How nodes hear from their neighbours.
        bases: Matrices that the relations of `rgcn` and `hgt` share.
        fusion: How evidence becomes one vector.
        gates: Whether the query opens and closes each kind of evidence in `attention`; the others always do.
        sharing: What tasks share above the evidence.
        experts: Experts that a gate chooses among, in `mmoe` and `ple`.
        penalty: How much the own loss of `twins`, `mmoe` and `ple` counts.
        text: Whether the encoder of queries is frozen, or learns with the model: low-rank additions (LoRA), or all.
        text_segments: Most segments of a text that a step of training reads, where the encoder learns.
    """

    dim: int = Field(default=128, ge=8, multiple_of=4)
    layers: int = Field(default=1, ge=1, le=8)
    attention_heads: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    features: list[Feature] = Field(default=["text", "ids"], min_length=1)
    frequent: int = Field(default=2, ge=1)
    wide: bool = False
    graph: Graph = "relational"
    bases: int = Field(default=4, ge=1, le=64)
    fusion: Fusion = "attention"
    gates: bool = False
    sharing: Sharing = "bottom"
    experts: int = Field(default=4, ge=2, le=64)
    penalty: float = Field(default=0.01, ge=0)
    text: Text = "frozen"
    text_segments: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _heads_divide_width(self) -> ModelConfig:
        if self.dim % self.attention_heads:
            raise ValueError(f"attention_heads must divide dim, found {self.attention_heads} and {self.dim}")
        return self

    @property
    def reads_types(self) -> bool:
        """Whether types of nodes must be known."""
        return self.graph == "hgt" or "types" in self.features

    @property
    def reads_numbers(self) -> bool:
        """Whether numbers and dates of nodes must be known."""
        return "literals" in self.features
