"""Graphs out of SPARQL endpoints, page by page."""
