"""A learned scorer of triples: which relations to follow from a query's entities."""
