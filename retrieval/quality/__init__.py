"""How good retrieval is, question by question."""
