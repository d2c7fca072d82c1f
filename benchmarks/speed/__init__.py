"""How fast retrieval is, against the same written with networkx and rank_bm25, and how it grows."""
