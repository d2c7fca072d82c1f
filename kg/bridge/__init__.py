"""Between rdflib and the graph, both ways: terms, graphs, and a store of ours."""
