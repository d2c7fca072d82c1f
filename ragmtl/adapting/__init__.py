"""Adapting a trained run to a new task from few labels, and how much that saves."""
