"""Evidence in; a shared representation and one output per task out."""
