"""Figures, and the one-line commands that produce them."""
