"""Tasks over real data: `python -m benchmarks.tasks`."""
