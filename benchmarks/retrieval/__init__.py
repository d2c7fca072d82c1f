"""Figures of retrieval."""
