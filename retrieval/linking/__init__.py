"""Which entities and triples a text names."""
