"""What the platforms allow: a table of each, and how each counts a text."""
