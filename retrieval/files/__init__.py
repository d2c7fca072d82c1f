"""Tables, passages and arrays as files."""
