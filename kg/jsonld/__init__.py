"""JSON-LD in expanded form, which needs no parser of JSON-LD: byte by byte into lines of N-Quads."""
