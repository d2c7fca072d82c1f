"""SPARQL over a graph: read only, with joins done in integers."""
