"""Ranking items: logs of interactions, what they say of every item, and how rankings are judged."""
