"""Texts to vectors: hashed, pretrained or trained here, and kept once computed."""
