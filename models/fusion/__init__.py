"""From a query and its evidence to one vector: one file per choice of `[model] fusion`."""
