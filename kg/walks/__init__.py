"""Neighbourhoods: k hops, personalised PageRank, paths, components."""
