"""What a text encoder that learns with the model is worth."""
