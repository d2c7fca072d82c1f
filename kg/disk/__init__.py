"""A graph on disk: written whole or not at all, opened with memory maps, with changes kept beside it."""
