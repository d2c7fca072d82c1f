"""A graph as files and objects of other programs."""
