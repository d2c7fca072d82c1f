"""What the parts of the model cost."""
