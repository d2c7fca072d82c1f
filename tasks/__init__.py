"""What to learn, and how it is judged."""
