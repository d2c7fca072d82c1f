"""Evidence in; a shared representation and one output per task out."""

from ragmtl.models.batch import Batch, Reading, Vectors, collate
from ragmtl.models.checkpoint import Checkpoint, load_checkpoint, restore, save_checkpoint
from ragmtl.models.encoders.text import split_segments
from ragmtl.models.fusion.attention import AttentionFusion
from ragmtl.models.fusion.tokens import Fused
from ragmtl.models.graph.network import GraphLayer, GraphNetwork
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.heads.labels import ClassHead, LabelHead
from ragmtl.models.heads.ranking import Items, RankingHead
from ragmtl.models.model import Model, Outputs

__all__ = [
    "AttentionFusion",
    "Batch",
    "Checkpoint",
    "ClassHead",
    "Fused",
    "GraphLayer",
    "GraphNetwork",
    "HeadInput",
    "Items",
    "LabelHead",
    "Model",
    "Outputs",
    "RankingHead",
    "Reading",
    "Vectors",
    "collate",
    "load_checkpoint",
    "restore",
    "save_checkpoint",
    "split_segments",
]
