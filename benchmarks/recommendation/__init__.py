"""Recommendation on public logs: ahead of EASE, and whether the graph helps."""
