"""The public names and signatures, read from the source and locked in a file of text."""
