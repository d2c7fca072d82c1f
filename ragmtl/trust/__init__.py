"""Whether answers rest on the evidence that they show, and how sure they may sound."""
