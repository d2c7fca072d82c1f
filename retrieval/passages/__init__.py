"""Passages for a query: by words, by meaning, by the graph; fused to one ranking."""
