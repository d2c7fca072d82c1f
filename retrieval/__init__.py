"""A query in; a subgraph and passages out, with a score and a reason for each."""
