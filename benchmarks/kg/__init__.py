"""What proves the figures of `ragmtl.kg`."""
