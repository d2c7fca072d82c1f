"""How far few labels of a new task lead."""
