"""Four tasks around the same films, trained together."""
