"""Graph neural networks over retrieved subgraphs: one file per choice of `[model] graph`."""
