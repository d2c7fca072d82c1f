"""Passages and graphs that are kept by servers: one file for each kind of server, and the retriever over them."""
