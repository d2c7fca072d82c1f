"""A run behind HTTP: an API for programs, and the inspector as a live page for people."""
