"""Between rdflib and the graph, both ways; and whether rdflib reads a file as the standard says."""
