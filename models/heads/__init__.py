"""From the vector of an example to the answer of one task: heads, and votes of entities."""
