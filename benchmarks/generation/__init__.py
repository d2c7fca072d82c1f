"""Texts written from knowledge: the same model with it and without, and with false knowledge."""
