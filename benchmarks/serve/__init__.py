"""How soon, how fast and how steadily a run is served."""
