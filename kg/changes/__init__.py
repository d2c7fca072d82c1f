"""Statements added, removed, inferred or united: every change makes a new graph."""
