"""Evidence in; a shared representation and one output per task out."""

from ragmtl.models.batch import Batch, Reading, Vectors, collate
from ragmtl.models.checkpoint import Checkpoint, load_checkpoint, restore, save_checkpoint
from ragmtl.models.fusion import AttentionFusion, Fused
from ragmtl.models.graph import RelationalGNN
from ragmtl.models.heads import ClassHead, HeadInput, Items, LabelHead, RankingHead
from ragmtl.models.model import Model, Outputs
from ragmtl.models.text import split_segments

__all__ = [
    "AttentionFusion",
    "Batch",
    "Checkpoint",
    "ClassHead",
    "Fused",
    "HeadInput",
    "Items",
    "LabelHead",
    "Model",
    "Outputs",
    "RankingHead",
    "Reading",
    "RelationalGNN",
    "Vectors",
    "collate",
    "load_checkpoint",
    "restore",
    "save_checkpoint",
    "split_segments",
]
