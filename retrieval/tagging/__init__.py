"""Where a text speaks of entities: tags of words, and the stretches of text that they mark."""
