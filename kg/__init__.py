"""RDF in; integers, neighbourhoods and subgraphs out."""
