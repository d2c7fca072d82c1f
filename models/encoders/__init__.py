"""What an example and its evidence say, as vectors: text, history, nodes."""
