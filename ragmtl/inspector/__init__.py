"""What people look at: the page behind a prediction, and the report of a comparison."""
