"""What tasks share above the evidence: one file per choice of `[model] sharing`."""
