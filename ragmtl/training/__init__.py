"""Training: one trainer for one task or many, and how their gradients become one step."""
