"""From seeds to the subgraph that a query is shown, within its budget."""
