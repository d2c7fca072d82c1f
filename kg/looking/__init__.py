"""What is in a graph, what looks wrong in it, and where things are."""
